"""Where the server's Unix socket lies: a short path (the kernel allows 107 bytes), the same at each start."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

from tradepost.embedded.account import Account
from tradepost.embedded.cluster import DATABASE, ROLE
from tradepost.embedded.errors import EmbeddedError

SOCKET = ".s.PGSQL.5432"
SHORT = Path("/tmp")  # noqa: S108 - a folder of ours is made in it, and refused where it is not ours
PATH_BYTES_MAX = 103  # 107 on Linux, 103 on its cousins


def socket_dir(data_dir: Path, account: Account) -> Path:
    """A folder for the socket, closed to others; its name follows the data, so clients find it again."""
    name = f"tradepost-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    for base in _bases(account):
        if len(os.fsencode(base / name / SOCKET)) <= PATH_BYTES_MAX and os.access(base, os.W_OK | os.X_OK):
            return _private(base, name, account)
    raise EmbeddedError(
        "there is no place for a Unix socket: neither XDG_RUNTIME_DIR, /run nor /tmp can be written"
    )


def dsn(sockets: Path, database: str = DATABASE) -> str:
    """How a client of ours reaches a database of the server behind these sockets."""
    return f"postgresql://{ROLE}@/{database}?host={quote(str(sockets), safe='')}"


def _bases(account: Account) -> list[Path]:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    # What belongs to root's session is closed to the user whom root borrows.
    own = [Path(runtime)] if runtime and not account.borrowed else []
    return [*own, *([Path("/run")] if account.borrowed else []), Path(tempfile.gettempdir()), SHORT]


def _private(base: Path, name: str, account: Account) -> Path:
    path = base / name
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid in {os.geteuid(), account.uid}
        if not ours or stat.S_IMODE(found.st_mode) & 0o077:
            # Somebody else put it there, in a place where everybody may: leave it to him.
            path = Path(tempfile.mkdtemp(prefix="tradepost-", dir=base))
    account.own(path)
    return path
