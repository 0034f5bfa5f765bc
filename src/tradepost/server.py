"""The server: the ways in, what runs beside them, and how it starts and stops."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import cast

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from tradepost import log
from tradepost.app import App
from tradepost.dialects import web
from tradepost.dialects.edge import encode
from tradepost.dialects.fast_path import protocol_of
from tradepost.dialects.hot_reads import HotReads
from tradepost.dialects.pace import Paces
from tradepost.dialects.shadowpay.ways import calls_of
from tradepost.dialects.surroundings import SECURITY, Market, Surroundings
from tradepost.market import feed
from tradepost.market.shelf import Shelves
from tradepost.patience import PatientProtocol
from tradepost.routes import routes
from tradepost.stopping import PromptServer

KEEP_ALIVE_SECONDS = 75  # longer than a proxy keeps its side, so that it is the proxy who closes
GRACE_SECONDS = 10  # for requests under way, once the server is told to stop
CONNECTIONS_MAX = 20_000
BACKLOG = 2048
AGAIN_SECONDS = 1.0  # between two attempts to follow the changes

PAGED = frozenset({"GET", "HEAD", "POST"})  # what a browser sends by itself

logger = log.get(__name__)


async def _nothing_there(page: ASGIApp, request: Request, error: Exception) -> Response:
    """Answer on a path that nobody has, or with a method that it does not take: a browser by a page, programs by JSON."""
    if request.method in PAGED and "text/html" in request.headers.get("accept", ""):
        return cast("Response", page)  # what answers is all that is asked of it
    status = error.status_code if isinstance(error, HTTPException) else 404
    content = {"status": "error", "error_message": "wrong_method", "error_details": "There is no such call."}
    return Response(encode(content), status, media_type="application/json")


def create(app: App, pace: Paces | None = None) -> Starlette:
    """Put the server together around what it has at hand."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        app.ring.open()
        follower = asyncio.create_task(_follow(app), name="follow the changes")
        try:
            yield
        finally:
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower

    nothing_there = partial(_nothing_there, web.nothing_there(app))
    ways = routes(app, pace or Paces(app.settings))
    server = Market(
        routes=ways,
        middleware=[Middleware(Surroundings)],
        exception_handlers={404: nothing_there, 405: nothing_there},
        lifespan=lifespan,
    )
    server.router.redirect_slashes = False
    server.calls = calls_of(ways)
    return server


async def _follow(app: App) -> None:
    """Keep the shelves in step as long as the server runs; where that fails, fill them anew rather than show old rows."""
    while True:
        try:
            await feed.follow(app)
        except Exception:
            logger.exception("shelves_lost_the_feed")
            app.shelves_ready.clear()
            app.shelves = Shelves(app.shelves.generation + 1)
            await asyncio.sleep(AGAIN_SECONDS)


class Server(PromptServer):
    """uvicorn, but for the signals, its own way with which kills the process before the database is closed.

    And it tells those who listen that it stops: they would not go by themselves.
    """

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what is under way be answered, and the connections be closed."""
        self._app.ring.close("The server stops; come back in a moment.")
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `serve`."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take the server's address; raises OSError with a sentence where somebody else has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = str(error.strerror or error).partition(" (while")[0]
        raise OSError(f"cannot listen on {host} port {port}: {reason}") from error


def server_of(app: App) -> Server:
    """The web server around a market: who awaits its `serve([listener])` serves until `should_exit` is set."""
    proxies, pace = list(app.settings.trusted_proxies), Paces(app.settings)
    # Whoever wants a line in the log for each read has it from the ordinary way.
    is_fast = app.settings.fast_path == "on" and not logger.is_debug
    return Server(
        uvicorn.Config(
            create(app, pace),
            http=protocol_of(HotReads(app, pace, SECURITY)) if is_fast else PatientProtocol,  # type: ignore[arg-type]  # what makes one will do
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            limit_concurrency=CONNECTIONS_MAX,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        app,
    )


async def serve(app: App) -> None:
    """Serve until SIGTERM or SIGINT, then let what is under way be answered."""
    settings, loop, server = app.settings, asyncio.get_running_loop(), server_of(app)
    with listen(settings.host, settings.port) as listener:
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, server.handle_exit, name, None)
        try:
            logger.info("serving", host=settings.host, port=listener.getsockname()[1], mode=settings.mode)
            await server.serve([listener])
        finally:
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(name)
    logger.info("stopped_serving")
