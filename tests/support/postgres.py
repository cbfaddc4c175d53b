"""A PostgreSQL server of the tests' own, where Debian's is installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)


@contextmanager
def run_postgres() -> Iterator[str]:
    """The address of an empty database; `FileNotFoundError` where there is no server to start."""
    if BINARIES is None:
        raise FileNotFoundError("no PostgreSQL on this machine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="unforeseen-pg-"))
    # The server refuses to be run by root.
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    os.chown(folder, user.pw_uid, user.pw_gid)

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [BINARIES / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            user=user.pw_uid,
            group=user.pw_gid,
        )

    data = str(folder / "data")
    call("initdb", "-D", data, "-U", "tester", "--auth=trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    call("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
