"""Servers to which files are sent: an FTP server that can break off, and OpenSSH's."""

import asyncio
import logging
import os
import pwd
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncssh
import pytest
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from tests.brokers import free_port

USER, PASSWORD = "me", "secret"
VSFTPD: dict[str, object] = {
    "listen": "YES", "listen_address": "127.0.0.1", "background": "NO", "local_enable": "NO", "no_anon_password": "YES",
    "anonymous_enable": "YES", "write_enable": "YES", "anon_upload_enable": "YES", "anon_mkdir_write_enable": "YES",
    "anon_other_write_enable": "YES", "anon_umask": "022", "ssl_enable": "YES", "allow_anon_ssl": "YES",
    "force_anon_data_ssl": "YES", "force_anon_logins_ssl": "YES", "require_ssl_reuse": "YES", "mdtm_write": "YES",
    "seccomp_sandbox": "NO",
}  # fmt: skip


@dataclass
class Receiver:
    """An FTP server into whose folder files are sent; `cut_after` is how many bytes it takes before it hangs up."""

    folder: Path
    port: int = 0
    cut_after: int | None = None
    commands: list[str] = field(default_factory=list)


@contextmanager
def ftp_receiver(folder: Path, certificate: tuple[Path, Path] | None = None) -> Iterator[Receiver]:
    """Run the server in a thread."""
    logging.getLogger("pyftpdlib").setLevel(logging.WARNING)
    receiver = Receiver(folder)
    dtp, control = (DTPHandler, FTPHandler) if certificate is None else (TLS_DTPHandler, TLS_FTPHandler)

    class Data(dtp):  # type: ignore[misc, valid-type]
        def recv(self, size: int) -> bytes:
            if receiver.cut_after is not None and self.tot_bytes_received >= receiver.cut_after:
                receiver.cut_after = None
                raise ConnectionResetError
            data: bytes = super().recv(size)
            return data

    class Control(control):  # type: ignore[misc, valid-type]
        dtp_handler = Data

        def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
            receiver.commands.append(line)
            super().pre_process_command(line, cmd, arg)

    Control.authorizer = DummyAuthorizer()
    Control.authorizer.add_user(USER, PASSWORD, str(folder), perm="elradfmwMT")
    Control.auth_failed_timeout = 0
    if certificate is not None:
        Control.certfile, Control.keyfile = map(str, certificate)
        Control.tls_control_required = Control.tls_data_required = True
    ioloop = IOLoop()
    server = FTPServer(("127.0.0.1", 0), Control, ioloop=ioloop)
    receiver.port = server.address[1]
    ending = threading.Event()

    def serve() -> None:
        while not ending.is_set():
            ioloop.loop(0.02, blocking=False)
        server.close_all()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield receiver
    finally:
        ending.set()
        thread.join()


@dataclass
class Sshd:
    """An SSH server that lets in who has `key`."""

    port: int
    key: Path
    known_hosts: Path
    user: str


@asynccontextmanager
async def sftp_receiver(folder: Path) -> AsyncIterator[Sshd]:
    """Run asyncssh's server."""
    host_key, key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=asyncssh.import_authorized_keys(key.export_public_key().decode()),
        sftp_factory=True,
    )
    file, known_hosts, port = folder / "user", folder / "known_hosts", server.get_port()
    key.write_private_key(file)
    known_hosts.write_text(f"[127.0.0.1]:{port} {host_key.export_public_key().decode()}")
    try:
        yield Sshd(port, file, known_hosts, "me")
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def sshd(folder: Path) -> AsyncIterator[Sshd]:
    """Run OpenSSH's server, where it is installed, for the user who runs the test; skip where it is not there."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("there is no sshd: apt-get install openssh-server")
    prepared = _prepared(folder)
    process = await asyncio.create_subprocess_exec(
        program, "-D", "-e", "-f", str(folder / "sshd_config"), stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(10):
            while b"listening" not in (line := await process.stderr.readline()):
                assert line, "sshd has ended"
        yield prepared
    finally:
        process.terminate()
        await process.communicate()


def _prepared(folder: Path) -> Sshd:
    """Write keys and configuration."""
    host_key, key, port = _key(folder / "host"), _key(folder / "user"), free_port()
    (folder / "allowed").write_text(key.with_suffix(".pub").read_text())
    kind, public = host_key.with_suffix(".pub").read_text().split()[:2]
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {kind} {public}\n")
    config = folder / "sshd_config"
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nAuthorizedKeysFile {folder}/allowed\n"
        "StrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin yes\n"
        "Subsystem sftp internal-sftp\n"
    )
    return Sshd(port, key, known_hosts, pwd.getpwuid(os.geteuid()).pw_name)


def _key(file: Path) -> Path:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("there is no ssh-keygen: apt-get install openssh-client")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    return file


@contextmanager
def vsftpd(certificate: tuple[Path, Path]) -> Iterator[tuple[int, Path]]:
    """Run vsftpd, where it is installed, which asks that data go on with the TLS session of the commands."""
    program = shutil.which("vsftpd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or os.geteuid() != 0:
        pytest.skip("there is no vsftpd that could be run as root: apt-get install vsftpd")
    port = free_port()
    with TemporaryDirectory(prefix="meterkast-vsftpd-") as folder:
        root, empty = Path(folder) / "root", Path(folder) / "empty"
        for made in (root, root / "meter", empty):
            made.mkdir()
        Path(folder).chmod(0o755)
        (root / "meter").chmod(0o777)
        settings = VSFTPD | {
            "listen_port": port,
            "anon_root": root,
            "secure_chroot_dir": empty,
            "rsa_cert_file": certificate[0],
            "rsa_private_key_file": certificate[1],
        }
        config = Path(folder) / "vsftpd.conf"
        config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        process = subprocess.Popen([program, str(config)])
        try:
            yield port, root / "meter"
        finally:
            process.terminate()
            process.wait()
