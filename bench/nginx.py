"""nginx as the measure: one worker that sends files from memory, as fast as anything answers over HTTP."""

import asyncio
import os
import resource
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import find, need
from bench.processes import Process, free_port, started

READY_SECONDS = 10.0
FILES_MAX = 250_000
CONNECTIONS_MAX = 4096
# What makes it fast: files stay open, no access log, connections are kept, headers and file leave in one packet.
CONFIG = """\
{user}
daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log warn;
worker_processes 1;
worker_rlimit_nofile {files};
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    open_file_cache max={kept} inactive=600s;
    open_file_cache_valid 600s;
    open_file_cache_min_uses 1;
    default_type application/json;
    client_body_temp_path {home}/temp1; proxy_temp_path {home}/temp2; fastcgi_temp_path {home}/temp3;
    uwsgi_temp_path {home}/temp4; scgi_temp_path {home}/temp5;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        location /pressed/ {{ gzip_static always; }}
    }}
}}
"""


def configuration(root: Path, port: int, user: str = "") -> str:
    """The configuration of an nginx that serves this folder; it keeps as many files open as the system lets it."""
    # Beyond the system's limit it would not fail at once but answer nobody, once so many files are open.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = FILES_MAX if most == resource.RLIM_INFINITY else min(FILES_MAX, most)
    kept = max(files - CONNECTIONS_MAX - 100, files // 2)
    return CONFIG.format(
        home=root.parent, root=root, port=port, user=user, files=files, kept=kept, connections=CONNECTIONS_MAX
    )


@dataclass(frozen=True, slots=True)
class Nginx:
    """An nginx that runs."""

    port: int
    process: Process

    @property
    def pids(self) -> list[int]:
        """Its master; the worker is its child."""
        return [self.process.pid]


@asynccontextmanager
async def nginx(root: Path, cpus: Sequence[int] | None = (0,)) -> AsyncIterator[Nginx]:
    """Serve the files below a folder until the block ends; what lies in `pressed/` is sent from its `.gz` file."""
    need("nginx", "taskset")
    home, port = root.parent, free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    config = home / "nginx.conf"
    config.write_text(configuration(root, port, user))
    command: list[str | Path] = [find("nginx") or "nginx", "-p", home, "-e", home / "error.log", "-c", config]
    async with started(command, cpus=cpus, log=home / "nginx.log") as process:
        await _listening(port, process, home)
        yield Nginx(port, process)


async def _listening(port: int, process: Process, home: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.returncode is not None:
            said = "".join(
                path.read_text() for path in (home / "error.log", home / "nginx.log") if path.exists()
            )
            raise RuntimeError(f"nginx ended: {said[-500:]}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            await asyncio.sleep(0.02)
    raise RuntimeError("nginx does not listen")
