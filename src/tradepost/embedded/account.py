"""Which user the server runs as: Postgres refuses root, so root borrows somebody who is there."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradepost.embedded.errors import EmbeddedError

CANDIDATES = ("postgres", "nobody")  # whom root asks to run the server, the first who exists


@dataclass(frozen=True, slots=True)
class Account:
    """The user who runs the server, and who its only client is."""

    name: str
    uid: int
    gid: int
    client: str  # the user whose processes connect: ourselves
    borrowed: bool  # whether root runs the server as somebody else

    def popen(self) -> dict[str, Any]:
        """What `subprocess` needs to start a program as this user, deaf to our environment."""
        options: dict[str, Any] = {
            "cwd": "/",
            "env": {
                "PATH": "/usr/bin:/bin",
                "LC_ALL": "C",
                "TZ": "UTC",
            },  # no PGDATA, PGPORT or PGOPTIONS of ours
            "stdin": subprocess.DEVNULL,
        }
        if self.borrowed:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def can(self, what: str, path: Path) -> bool:
        """Whether this user can do to the path what `test` knows by this letter: -r, -w, -x."""
        if not self.borrowed:
            return True  # it is ours, and a refusal will come with its own words
        # Asked of the kernel, as this user: reading the modes of all parents would miss ACLs and mounts.
        test = subprocess.run(["/bin/sh", "-c", f'test {what} "$1"', "sh", path], check=False, **self.popen())
        return test.returncode == 0

    def own(self, path: Path) -> None:
        """Give the path, and all that is in it, to this user."""
        if not self.borrowed:
            return
        for found in (path, *path.rglob("*")):
            os.chown(found, self.uid, self.gid, follow_symlinks=False)


def server_account() -> Account:
    """The user to run the server as: ourselves, or for root somebody else."""
    uid = os.geteuid()
    try:
        client = pwd.getpwuid(uid).pw_name
    except KeyError:
        raise EmbeddedError(
            f"the user number {uid} has no name in /etc/passwd, and Postgres does not run for the nameless: "
            "run as a user who has one, or set DATABASE_URL"
        ) from None
    if uid != 0:
        return Account(client, uid, os.getegid(), client, borrowed=False)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, client, borrowed=True)
    raise EmbeddedError(
        f"Postgres does not run as root, and there is no user {' or '.join(CANDIDATES)} to run it as: "
        "make one, run as another user, or set DATABASE_URL"
    )
