"""The demo's processes: each is started, started again when it ends unasked, and stopped with the others in order."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 12.0  # for a process to stop when it is asked to; a web server answers what is under way
STEADY_SECONDS = 10.0  # a process that ran so long was well
PAUSES_SECONDS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)  # before a start, by how often in a row it ended soon
LOG_BYTES_MAX = 32 << 20

STOP_ORDER = ("robots", "agents", "worker", "shop", "web", "simulator")  # who uses others stops before them

Say = Callable[[str], None]
Pids = Mapping[str, int | list[int | None] | None]  # by what a process is; the sellers' programs are several


class Process:
    """One program of the demo and the task that keeps it running."""

    def __init__(self, name: str, command: Sequence[str], log_file: Path, lock: int, say: Say) -> None:
        self.name = name
        self._command, self._log_file, self._lock, self._say = command, log_file, lock, say
        self._environ: Mapping[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The number of the process that runs now; None between an end and the next start."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def start(self, environ: Mapping[str, str]) -> None:
        """Start the program and keep it running until `stop`."""
        self._environ = environ
        put_aside(self._log_file)
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self) -> None:
        """Ask the program to stop, and end it if it does not; when this returns it is gone."""
        self._stopping.set()
        if self._keeper is None:
            return
        self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait({self._keeper}, timeout=STOP_SECONDS)
        if not done:
            self._say(f"{self.name} does not stop and is ended")
            self.kill()
            await asyncio.wait({self._keeper})

    def kill(self) -> None:
        """End the program at once, as at a second Ctrl-C; it is not started again."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    async def _keep(self) -> None:
        clock = asyncio.get_running_loop().time
        short_lives = 0
        while self._process is not None:
            began = clock()
            code = await self._process.wait()
            if self._stopping.is_set():
                return
            short_lives = 0 if clock() - began > STEADY_SECONDS else short_lives + 1
            self._say(f"{self.name} ended ({_how(code)}) and is started again; see {self._log_file}")
            with suppress(TimeoutError):
                pause = PAUSES_SECONDS[min(short_lives, len(PAUSES_SECONDS) - 1)]
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            if self._stopping.is_set():
                return
            try:
                await self._spawn()
            except OSError as error:  # no memory, no room for a process: it is tried again
                self._say(f"{self.name} does not start: {error.strerror}")
            if self._stopping.is_set():  # asked while it was being started: it has not heard of that
                self._signal(signal.SIGTERM)

    async def _spawn(self) -> None:
        with self._log_file.open("ab") as said:  # appending, so that it can be cut while it is written
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tradepost.demo.tied", *self._command,
                stdin=asyncio.subprocess.PIPE,  # held open and never written to: the line that `tied` watches
                stdout=said,
                stderr=said,
                env=self._environ,
                pass_fds=(self._lock,),
                start_new_session=True,  # Ctrl-C is for the supervisor, who stops them in order
            )  # fmt: skip

    def _signal(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)


class Family:
    """All processes of the demo but Postgres, by name; "agents-2" is one of the "agents"."""

    def __init__(self, logs: Path, say: Say) -> None:
        self._logs, self._say = logs, say
        self._members: dict[str, Process] = {}
        self._stopping = False
        self.lock: int | None = None  # the descriptor that each process inherits, once there is one

    async def add(self, name: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start a program under a name of its own."""
        if self._stopping or self.lock is None:
            raise RuntimeError(f"{name} is started while the demo is not running")
        self._logs.mkdir(exist_ok=True)
        member = Process(name, command, self._logs / f"{name}.log", self.lock, self._say)
        self._members[name] = member
        await member.start(environ)

    def pids(self) -> Pids:
        """Return the numbers of the processes by what they are; of those of which there are several, a list."""
        found: dict[str, int | list[int | None] | None] = {}
        for name, member in self._members.items():
            kind, dash, _ = name.partition("-")
            if dash:
                numbers = found.setdefault(kind, [])
                assert isinstance(numbers, list)  # noqa: S101 - a kind has numbered members or one without
                numbers.append(member.pid)
            else:
                found[kind] = member.pid
        return found

    async def stop(self) -> None:
        """Stop all in order, those of one kind at once."""
        self._stopping = True
        for kind in STOP_ORDER:
            of_kind = [each for name, each in self._members.items() if name.partition("-")[0] == kind]
            await asyncio.gather(*(member.stop() for member in of_kind))

    def kill(self) -> None:
        """End all at once."""
        for member in self._members.values():
            member.kill()

    def trim_logs(self) -> None:
        """Put aside what has grown too long, without the writers noticing."""
        for name in self._members:
            log_file = self._logs / f"{name}.log"
            with suppress(FileNotFoundError):
                if log_file.stat().st_size > LOG_BYTES_MAX:
                    shutil.copyfile(log_file, _aside(log_file))
                    os.truncate(log_file, 0)


def put_aside(log_file: Path) -> None:
    """Keep the log of the run before under another name; the one of the run before that goes."""
    with suppress(FileNotFoundError):
        log_file.replace(_aside(log_file))


def _aside(log_file: Path) -> Path:
    return log_file.with_suffix(".log.old")


def _how(code: int) -> str:
    return f"with status {code}" if code >= 0 else f"by signal {signal.Signals(-code).name}"
