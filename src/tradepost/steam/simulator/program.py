"""The program: the routes put together, and served over HTTP or TLS until a signal ends it."""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tradepost.steam.simulator import (
    confirmations,
    control,
    control_faults,
    control_offers,
    control_trades,
    econ,
    inventories,
    login,
    market,
    offers,
    openid,
    pages,
    persons,
    pictures,
    profiles,
)
from tradepost.steam.simulator.calls import page
from tradepost.steam.simulator.control_orders import Refused
from tradepost.steam.simulator.faults import Faults
from tradepost.steam.simulator.gate import TRANSPORT, Gate, RequestLog
from tradepost.steam.simulator.store import Store, StoreBusy
from tradepost.steam.simulator.trading import settle_due
from tradepost.steam.simulator.world import World
from tradepost.stopping import PromptServer

GRACE_SECONDS = 2
BACKLOG = 512
PORT_MAX = 65_535
ROUTES = [
    *econ.ROUTES,
    *inventories.ROUTES,
    *offers.ROUTES,
    *confirmations.ROUTES,
    *market.ROUTES,
    *openid.ROUTES,
    *login.ROUTES,
    *profiles.ROUTES,
    *pages.ROUTES,
    *persons.ROUTES,
    *pictures.ROUTES,
    *control.ROUTES,
    *control_offers.ROUTES,
    *control_trades.ROUTES,
    *control_faults.ROUTES,
]


@dataclass(frozen=True)
class Tls:
    """A certificate for Steam's host names, and its key."""

    cert: Path
    key: Path


def create_app(data_dir: Path | None = None) -> Gate:
    """The simulated Steam as an ASGI program; its world lives in data_dir, or in memory only."""
    world, store = World(), Store(data_dir)
    store.load(world)
    settle_due(world)
    app = Starlette(
        routes=ROUTES,
        exception_handlers={Refused: control.refused, 404: _not_found, 405: _not_found},
    )
    app.router.redirect_slashes = False
    app.state.world, app.state.faults, app.state.log = world, Faults(), RequestLog()
    return Gate(app, world, store, app.state.faults, app.state.log)


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int, tls: Tls | None = None) -> AsyncIterator[str]:
    """Serves an ASGI program inside; gives the address at which it listens."""
    config = uvicorn.Config(
        app,
        host,
        port,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=tls.cert if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    server = _Server(config)
    listener = _listen(host, port)
    serving_task = asyncio.ensure_future(server.serve([listener]))
    ready = asyncio.ensure_future(server.ready.wait())
    try:
        await asyncio.wait({serving_task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            await serving_task
            raise OSError(f"cannot serve on {host} port {port}")
        name = f"[{host}]" if ":" in host else host
        yield f"{'https' if tls else 'http'}://{name}:{server.port}"
    finally:
        ready.cancel()
        server.should_exit = True
        with contextlib.suppress(SystemExit):
            await serving_task
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    """Take the address to listen on; raises OSError with a sentence where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = str(error.strerror or error).partition(" (while")[0]
        raise OSError(f"cannot listen on {host} port {port}: {reason}") from None


async def run(host: str, port: int, data_dir: Path | None, tls: Tls | None = None) -> None:
    """Serves a simulated Steam until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    app = create_app(data_dir)
    try:
        async with serving(app, host, port, tls) as address:
            sys.stdout.write(f"simulated Steam at {address}, controls at {address}/_sim\n")
            sys.stdout.flush()
            await ended.wait()
    finally:
        app.close()


def main(argv: Sequence[str]) -> int:
    """The command `tradepost steam-sim`."""
    parser = argparse.ArgumentParser(
        prog="tradepost steam-sim",
        description="A simulated Steam: inventories, trade offers, sign-in and market prices, "
        "with a clock to move and faults to inject. See docs/simulator.md.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8001, help="port, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument("--data-dir", type=Path, help="where its world is kept; without it, in memory only")
    parser.add_argument("--tls-cert", type=Path, help="serve TLS with this certificate (PEM)")
    parser.add_argument("--tls-key", type=Path, help="the certificate's key (PEM)")
    options = parser.parse_args(argv)
    if (options.tls_cert is None) != (options.tls_key is None):
        parser.error("--tls-cert and --tls-key go together")
    if not 0 <= options.port <= PORT_MAX:
        parser.error(f"--port should be a whole number from 0 to {PORT_MAX}")
    tls = Tls(options.tls_cert, options.tls_key) if options.tls_cert else None
    try:
        asyncio.run(run(options.host, options.port, options.data_dir, tls))
    except StoreBusy as error:
        sys.stderr.write(f"tradepost steam-sim: {error}\n")
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"tradepost steam-sim: {where}{error.strerror or error}\n")
        return 1
    return 0


class _Server(PromptServer):
    """A server that leaves signals alone and says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @property
    def port(self) -> int:
        """The port on which it listens."""
        number: int = self.servers[0].sockets[0].getsockname()[1]
        return number

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to whoever runs us."""
        yield


class _Protocol(HttpToolsProtocol):
    """The HTTP protocol, which lends its transport to the faults that cut connections."""

    def on_message_begin(self) -> None:
        """Begins a request."""
        super().on_message_begin()
        cast("dict[str, object]", self.scope)[TRANSPORT] = self.transport


async def _not_found(_: Request, __: Exception) -> Response:
    title = "<title>Steam Community :: Error</title>"
    return page(f"<html><head>{title}</head><body><h1>Sorry!</h1><h3>Page not found.</h3></body></html>", 404)
