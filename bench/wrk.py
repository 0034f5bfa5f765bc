"""wrk as the load: it goes through a list of requests, over and over or once, and says how they were answered."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import need
from bench.pairs import Run
from bench.processes import output

SCRIPT = Path(__file__).with_name("wrk.lua")
TIMEOUT_SECONDS = 20
PATIENCE_SECONDS = 60.0  # beyond the run's own time


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the list."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: bytes = b""

    def raw(self, port: int) -> bytes:
        """The request's bytes, as they go over the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body or self.method in {"POST", "PUT", "PATCH"}:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


class Wishes:
    """A list of requests in a file, as wrk's script reads them; removed at the end of the block."""

    def __init__(self, requests: Iterable[Request], port: int) -> None:
        self._requests, self._port = requests, port

    def __enter__(self) -> Path:
        """Write the file: each request after its length."""
        with tempfile.NamedTemporaryFile(prefix="bench-requests-", delete=False) as file:
            for request in self._requests:
                raw = request.raw(self._port)
                file.write(b"%d\n%b" % (len(raw), raw))
        self._path = Path(file.name)
        return self._path

    def __exit__(self, *_: object) -> None:
        """Remove it."""
        self._path.unlink(missing_ok=True)


async def run(
    wishes: Path,
    port: int,
    *,
    seconds: float,
    connections: int = 32,
    threads: int = 1,
    once: bool = False,
    expected: str = "",
    cpus: Sequence[int] | None = (1,),
) -> Run:
    """Send the requests of a file for so long over so many connections.

    `once`: none is sent twice, and the run ends early when there are no more. `expected`: a text that each answer must
    have in it; looking for it costs the load some time. Whatever is not answered with 2xx or 3xx, or not at all, is an error.
    """
    need("wrk", "taskset")
    command: list[str | Path] = [
        "wrk", f"-t{threads}", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={TIMEOUT_SECONDS}s",
        "-s", SCRIPT, f"http://127.0.0.1:{port}", "--", wishes, "once" if once else "over", expected,
    ]  # fmt: skip
    return parsed(await output(command, cpus=cpus, seconds=seconds + PATIENCE_SECONDS))


def parsed(said: str) -> Run:
    """What wrk said, by the line that our script adds at the end."""
    line = next((line for line in said.splitlines() if line.startswith("bench ")), None)
    if line is None:
        raise RuntimeError(f"wrk gave no result: {said[-500:]}")
    figures = {name: float(value) for name, _, value in (word.partition("=") for word in line.split()[1:])}
    if not figures["requests"]:
        raise RuntimeError(f"nobody answered: {line}")
    seconds = figures["duration_us"] / 1e6
    errors = sum(int(figures[name]) for name in ("connect", "read", "write", "status", "timeout", "unlike"))
    requests = int(figures["requests"])
    return Run(
        value=(requests - errors) / seconds,
        requests=requests,
        seconds=seconds,
        answer_bytes=figures["bytes"] / requests,
        p50_ms=figures["p50_us"] / 1000,
        p99_ms=figures["p99_us"] / 1000,
        errors=errors,
    )
