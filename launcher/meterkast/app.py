"""The command line's root: its name, its help and its version."""

from importlib import metadata
from typing import Annotated

import typer

app = typer.Typer(
    name="meterkast",
    help="Every telegram of the smart meter, from the P1 port to the browser.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"meterkast {metadata.version('meterkast')}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=lambda wanted: _version(wanted=wanted), is_eager=True, help="Say it.")
    ] = False,
) -> None:
    """Every telegram of the smart meter, from the P1 port to the browser.

    Start with `meterkast up`: a simulated house, on a web page of your own.
    Then `meterkast doctor /dev/ttyUSB0`, and `meterkast up /dev/ttyUSB0`.
    """
