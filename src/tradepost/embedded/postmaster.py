"""The server process and the thread that watches it: killed, it is back in a moment; stopped, it is gone."""

import atexit
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from tradepost import log as logs
from tradepost.embedded.account import Account
from tradepost.embedded.binaries import Binaries
from tradepost.embedded.errors import EmbeddedError
from tradepost.embedded.processes import end_leftovers

START_SECONDS = 120.0  # until a server takes connections, recovery from a crash included
READY_POLL_SECONDS = 0.005
STOP_SECONDS = {
    signal.SIGINT: 15.0,
    signal.SIGQUIT: 5.0,
    signal.SIGKILL: 5.0,
}  # in this order, each for so long
PAUSES_SECONDS = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)  # before the first attempt to come back, the second, ...
LOG_BYTES_MAX = (
    8 << 20
)  # a log that grew beyond this is put aside at a start, and the one put aside before goes

log = logs.get(__name__)


class Postmaster:
    """One server on one cluster, started again by its thread whenever it ends without our wish."""

    def __init__(
        self, binaries: Binaries, cluster: Path, name: str, log_file: Path, account: Account
    ) -> None:
        # Where the system can, it stops the server when we are killed; elsewhere the next start ends it.
        self._command: list[str | Path] = [*_tied_to_us(), binaries.folder / "postgres", "-D", cluster]
        self._cluster, self._name, self._log_file, self._account = cluster, name, log_file, account
        self._process: subprocess.Popen[Any] | None = None
        self._owner_pid = os.getpid()
        self._stopping = threading.Event()
        self._spawning = threading.Lock()  # a process is made, or told to stop, but not both at once
        self._started = threading.Event()  # the first start succeeded, or failed
        self._failure: Exception | None = None
        # The kernel ties a child to the thread that made it: one thread makes them all, and stays.
        self._thread = threading.Thread(target=self._run, name="postmaster", daemon=True)

    @property
    def pid(self) -> int | None:
        """The number of the process that runs now, None where none does."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    def start(self) -> None:
        """Start, and return when the server takes connections; or say why it does not."""
        atexit.register(self.stop)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self.stop()
            raise EmbeddedError(f"the database server did not start: {self._failure}") from self._failure

    def stop(self) -> None:
        """Stop for good: with everything written down, then at once, then by force."""
        atexit.unregister(self.stop)
        if os.getpid() != self._owner_pid:
            return  # a fork of the owner that ends must not take his server with it
        self._stopping.set()
        for how, seconds in STOP_SECONDS.items():
            with self._spawning:
                if self._process is not None:
                    self._process.send_signal(how)
            self._thread.join(seconds)
            if not self._thread.is_alive():
                return
        log.error("database_not_stopped", pid=self.pid)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.wait(PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)]):
            try:
                end_leftovers(self._cluster, self._name)
                self._spawn()
            except Exception as error:  # whatever it is, whoever waits for the start must hear of it
                if not self._started.is_set():
                    self._failure = error
                    self._started.set()
                if self._failure or self._stopping.is_set():
                    break
                failures += 1
                log.error("database_not_back", reason=str(error), attempts=failures)
                continue
            if self._started.is_set():
                log.warning("database_is_back", pid=self.pid)
            self._started.set()
            failures = 0
            code = self._process.wait() if self._process is not None else 0
            if not self._stopping.is_set():
                log.warning("database_ended", code=code)
        end_leftovers(self._cluster, self._name)  # of a server that was killed and now is not wanted again

    def _spawn(self) -> None:
        """Make the process and wait until it takes connections."""
        if self._log_file.exists() and self._log_file.stat().st_size > LOG_BYTES_MAX:
            self._log_file.rename(self._log_file.with_suffix(".log.old"))
        with self._log_file.open("ab") as said:
            begin = said.tell()
            with self._spawning:
                if self._stopping.is_set():
                    raise EmbeddedError("it was told to stop")
                self._process = process = subprocess.Popen(
                    self._command,
                    stdout=said,
                    stderr=said,
                    start_new_session=True,  # or Ctrl-C would stop it too, before those who use it are done
                    **self._account.popen(),
                )
        until = time.monotonic() + START_SECONDS
        while not self._ready(process.pid):
            if process.poll() is not None:
                raise EmbeddedError(self._last_words(begin))
            if time.monotonic() > until:
                process.kill()
                process.wait()
                raise EmbeddedError(
                    f"it was not ready after {START_SECONDS:.0f} seconds; see {self._log_file}"
                )
            time.sleep(READY_POLL_SECONDS)

    def _ready(self, pid: int) -> bool:
        # What pg_ctl reads too: the last line of this file is the server's state, the first its number.
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004 - its line

    def _last_words(self, begin: int) -> str:
        with self._log_file.open("rb") as said:
            said.seek(begin)
            lines = said.read().decode("utf-8", "replace").splitlines()
        fatal = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
        return "; ".join(fatal[-1:] or lines[-1:] or ["it said nothing"]) + f" (see {self._log_file})"


def _tied_to_us() -> list[str]:
    """The program that has the kernel signal the server when its parent dies, where there is one that can."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    command: list[str] = [setpriv, "--pdeathsig", "INT"]
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if tried.returncode == 0 else []
