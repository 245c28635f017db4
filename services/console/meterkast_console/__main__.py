"""`meterkast-console`: the terminal over telnet and SSH, and the files over FTP, as a process of its own."""

import argparse
from collections.abc import Iterator
from functools import partial
from zoneinfo import ZoneInfo

from meterkast_runtime.health import Health
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import settings_or_exit
from pydantic import SecretStr

from meterkast_console.admission import Admission
from meterkast_console.files.building import sftp_of, tree_of
from meterkast_console.files.tree import Tree
from meterkast_console.ftp.service import FtpService
from meterkast_console.push import command
from meterkast_console.push.service import PushService, pusher_of
from meterkast_console.rest import Api, Pass, Pool
from meterkast_console.service import Build, ConsoleService
from meterkast_console.settings import ConsoleSettings
from meterkast_console.terminal.entrance import Entrance
from meterkast_console.terminal.feed import Feed
from meterkast_console.terminal.guests import Guests
from meterkast_console.terminal.house import House
from meterkast_console.terminal.session import Desk
from meterkast_console.terminal.ssh import SshListener
from meterkast_console.terminal.telnet import TelnetListener

EPILOGUE = """\
Settings come from METERKAST_… variables and meterkast.toml, for example:

  [console]
  api = "http://127.0.0.1:8080"
  token = "mk_…"                # meterkast token console --scope control

  [console.telnet]
  port = 2323                   # 23 needs root

  [console.ftp]
  host = "0.0.0.0"
  port = 2121                   # 21 needs root
  certificate = "cert.pem"      # TLS; or plaintext = true
  key = "key.pem"
  passive_ports = "60000-60099"

  [console.push]
  to = "sftp://me@nas/meter"    # ftp://, ftps://, or a folder
  password = "…"

  [console.ssh]
  enabled = true
  host = "0.0.0.0"
  port = 2222
"""


def build_console(settings: ConsoleSettings, health: Health, *, token: SecretStr | None = None) -> ConsoleService:
    """Put the service together; a token given is that of an API in this same process."""
    section = settings.console
    pool = Pool(section.api)
    api = Api(pool, Pass.of_token(token or section.token))
    tree = tree_of(settings, api)
    listeners = [*file_parts(settings, api, tree, health), *parts(settings, api, tree)]
    return ConsoleService(pool, listeners, health, closing=tree.close)


def parts(settings: ConsoleSettings, api: Api, tree: Tree) -> Iterator[Build]:
    """What builds each listener that is switched on."""
    section = settings.console
    guests = Guests(section.max_sessions)
    feed = Feed(api, House(ZoneInfo(settings.home.timezone)))
    desk = Desk(feed=feed, guests=guests, idle_s=section.idle_minutes * 60, data_dir=settings.data_dir)
    if (telnet := section.telnet).enabled:
        entrance = Entrance(desk, api, ask=section.asks_login(telnet.host))
        yield lambda: TelnetListener(telnet, entrance, guests)
    if (ssh := section.ssh).enabled:
        asks = section.asks_login(ssh.host)
        within = Entrance(desk, api, ask=False)
        sftp = partial(sftp_of, tree)
        yield lambda: SshListener(ssh, within, guests, api, data_dir=settings.data_dir, ask=asks, sftp=sftp)


def file_parts(settings: ConsoleSettings, api: Api, tree: Tree, health: Health) -> Iterator[Build]:
    """What builds those who give the files."""
    section = settings.console
    if section.ftp.enabled:
        check = Admission(api).check if section.asks_login(section.ftp.host) else None
        yield lambda: FtpService(section.ftp, tree, check)
    if section.push.to is not None:
        yield lambda: PushService(
            pusher_of(section.push, tree, settings.data_dir), health, every_s=section.push.every_minutes * 60
        )


def main() -> None:
    """Run the console until it is told to stop."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="meterkast-console", description=__doc__, epilog=EPILOGUE, formatter_class=formatter
    )
    commands = parser.add_subparsers(dest="command", metavar="")
    command.arguments(commands.add_parser("push", help="send files now, to where [console.push] says"))
    given = parser.parse_args()
    settings = settings_or_exit(ConsoleSettings)
    if given.command == "push":
        raise SystemExit(command.push(settings, everything=given.all))
    health = Health("console", settings.instance)
    run_main(lambda: build_console(settings, health), settings=settings, health=health)


if __name__ == "__main__":
    main()
