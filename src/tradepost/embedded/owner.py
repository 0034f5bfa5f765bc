"""The owner of a data directory: makes the database, starts its server, tells others where it is."""

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tradepost.embedded.account import server_account
from tradepost.embedded.binaries import find_binaries
from tradepost.embedded.cluster import cluster_dir, configure, initialise, major_of
from tradepost.embedded.lock import DirLock
from tradepost.embedded.postmaster import Postmaster
from tradepost.embedded.sockets import dsn, socket_dir

STATE_FILE = "postgres.json"  # in the data directory while a server runs: where commands beside it look


@dataclass(frozen=True, slots=True)
class Server:
    """A running Postgres: how to reach it and where it keeps its data."""

    dsn: str
    data_dir: Path
    cluster_dir: Path
    name: str  # what its processes are called in a list of processes
    postmaster: Postmaster | None  # None where another process runs the server, and this one only uses it

    @property
    def attached(self) -> bool:
        """Whether another process runs this server."""
        return self.postmaster is None

    @property
    def moved(self) -> bool:
        """Whether the data lie elsewhere, as the server's user cannot reach the directory asked for."""
        return self.cluster_dir.parent != self.data_dir

    @property
    def pid(self) -> int | None:
        """The postmaster's process number at this moment; it is another one after a restart."""
        return None if self.postmaster is None else self.postmaster.pid


class Owner:
    """This process as the one that runs the server of a data directory."""

    def __init__(self, data_dir: Path, lock: DirLock, *, durable: bool, say: Callable[[str], None]) -> None:
        self._data_dir, self._lock, self._durable, self._say = data_dir, lock, durable, say
        self._busy = threading.Lock()  # stopping waits until starting is over
        self._postmaster: Postmaster | None = None
        self._sockets: Path | None = None

    def start(self) -> Server:
        """The server, taking connections."""
        with self._busy:
            state = self._data_dir / STATE_FILE
            state.unlink(missing_ok=True)  # of an owner who was killed
            account = server_account()
            cluster = cluster_dir(self._data_dir, account)
            if cluster.parent != self._data_dir:
                self._say(
                    f"the user {account.name} cannot reach {self._data_dir}: the database is in {cluster}"
                )
            binaries = find_binaries(account, major_of(cluster))
            if major_of(cluster) is None:
                initialise(binaries, cluster, account, durable=self._durable)
            self._sockets = socket_dir(self._data_dir, account)
            name = self._sockets.name
            configure(cluster, self._sockets, account, name=name, durable=self._durable)
            log_file = self._data_dir / "postgres.log"
            self._postmaster = Postmaster(binaries, cluster, name, log_file, account)
            self._postmaster.start()
            server = Server(dsn(self._sockets), self._data_dir, cluster, name, self._postmaster)
            fresh = state.with_suffix(".json.new")
            fresh.write_text(
                json.dumps({"dsn": server.dsn, "cluster_dir": str(cluster), "name": name}) + "\n"
            )
            fresh.rename(state)
            return server

    def stop(self) -> None:
        """Stop the server and let the directory go."""
        with self._busy:
            if self._postmaster is not None:
                self._postmaster.stop()
            (self._data_dir / STATE_FILE).unlink(missing_ok=True)
            if self._sockets is not None:
                shutil.rmtree(self._sockets, ignore_errors=True)
            self._lock.release()


def running_server(data_dir: Path) -> Server | None:
    """The server that another process runs on this directory; None while it is not ready."""
    try:
        state = json.loads((data_dir / STATE_FILE).read_text())
        return Server(state["dsn"], data_dir, Path(state["cluster_dir"]), state["name"], None)
    except (OSError, ValueError, KeyError):
        return None
