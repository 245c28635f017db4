"""The commands about who is let in: `password` and `token`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from meterkast.app import app

if TYPE_CHECKING:
    from meterkast_api.settings import ApiSettings


@app.command()
def password(
    *,
    data_dir: Annotated[Path | None, typer.Option(help="Where Meterkast keeps its files.")] = None,
) -> None:
    """Set the password of the page: asked twice at a terminal, or the first line of standard input.

    Whoever is logged in must log in again. A running Meterkast takes it within 2 seconds.

    In a container: METERKAST_API__PASSWORD, or METERKAST_API__PASSWORD_FILE=/run/secrets/password.
    """
    from meterkast.password import run_password  # noqa: PLC0415 - a command loads no other's libraries

    run_password(_api_settings(data_dir))
    typer.echo("The password is set.")


@app.command()
def token(
    name: Annotated[
        str | None, typer.Argument(help="What it is for, e.g. home-assistant; lists all if absent.")
    ] = None,
    *,
    scope: Annotated[
        Literal["read", "control"], typer.Option(help="read, or control: change anything as well.")
    ] = "read",
    remove: Annotated[bool, typer.Option("--remove", help="Take it away: whoever has it is let in no longer.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Where Meterkast keeps its files.")] = None,
) -> None:
    """Make a token by which a program comes, and write it to standard output, this once.

    The program sends it with each request: Authorization: Bearer mk_…

    `curl -H "Authorization: Bearer $(meterkast token report)" http://localhost:8080/api/v1/meters`
    """
    from meterkast_api.access.scopes import Scope  # noqa: PLC0415 - a command loads no other's libraries

    from meterkast import tokens  # noqa: PLC0415 - the same

    settings = _api_settings(data_dir)
    if name is None:
        typer.echo("\n".join(tokens.listed(settings)) or "There are no tokens.")
    elif remove:
        tokens.remove_token(settings, name)
        typer.echo(f"The token {name} is removed.")
    else:
        typer.echo(tokens.make_token(settings, name, Scope(scope)))


def _api_settings(data_dir: Path | None) -> "ApiSettings":
    from meterkast_api.settings import ApiSettings  # noqa: PLC0415 - a command loads no other's libraries
    from meterkast_runtime.settings import load_settings  # noqa: PLC0415 - the same

    from meterkast.quiet import quiet  # noqa: PLC0415 - the same

    quiet()
    return load_settings(ApiSettings, overrides={"data_dir": data_dir} if data_dir else {})
