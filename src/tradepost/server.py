"""The server: the ways in, what surrounds every request, what runs beside them, and how it starts and stops."""

import asyncio
import re
import secrets
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
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tradepost import log
from tradepost.app import App
from tradepost.dialects import web
from tradepost.dialects.edge import Header, encode, header, note
from tradepost.dialects.health import QUIET
from tradepost.dialects.measures import REQUESTS
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

SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PAGED = frozenset({"GET", "HEAD", "POST"})  # what a browser sends by itself

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)

logger = log.get(__name__)


class Surroundings:
    """What every request has around it: an id, its line in the log, its place in the figures, safe headers."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and note how it ended."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        mark = log.request_id.set(request_id)
        noted = note(scope)
        clock = asyncio.get_running_loop().time
        start = clock()

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                noted.status = message["status"]
                message["headers"] = _complete(list(message["headers"]), request_id.encode())
            await send(message)

        try:
            await self._inner(scope, receive, send_on)
        except Exception:
            logger.exception("request_failed", route=noted.route)
            if not noted.status:
                await _internal_error(scope, receive, send_on)
        finally:
            _tell(scope, clock() - start)
            log.request_id.reset(mark)


def _complete(headers: list[Header], request_id: bytes) -> list[Header]:
    """The headers of an answer with those that every answer has, unless it has its own."""
    names = {name.lower() for name, _ in headers}
    extra = [(b"x-request-id", request_id), (b"cache-control", b"no-store"), *SECURITY]
    return headers + [(name, value) for name, value in extra if name not in names]


async def _internal_error(scope: Scope, receive: Receive, send: Send) -> None:
    content = {
        "status": "error",
        "error_message": "internal_error",
        "error_details": "Something went wrong on our side.",
    }
    await Response(encode(content), 500, media_type="application/json")(scope, receive, send)


def _tell(scope: Scope, seconds: float) -> None:
    """Write a request's one line, and count it."""
    noted, method = note(scope), scope["method"] if scope["method"] in METHODS else "other"
    REQUESTS.labels(noted.route or "unknown", method, noted.status or "gone").observe(seconds)
    write = logger.debug if noted.route in QUIET and noted.status == 200 else logger.info  # noqa: PLR2004 - HTTP's own
    client = scope.get("client")
    write(
        "request",
        method=scope["method"],
        path=scope["path"],
        query=log.safe_query(scope["query_string"].decode("latin-1")),
        route=noted.route,
        status=noted.status,
        word=noted.word,
        account_id=noted.account_id,
        client=client[0] if client else None,
        milliseconds=round(seconds * 1000, 2),
    )


async def _nothing_there(page: ASGIApp, request: Request, error: Exception) -> Response:
    """Answer on a path that nobody has, or with a method that it does not take: a browser by a page, programs by JSON."""
    if request.method in PAGED and "text/html" in request.headers.get("accept", ""):
        return cast("Response", page)  # what answers is all that is asked of it
    status = error.status_code if isinstance(error, HTTPException) else 404
    content = {"status": "error", "error_message": "wrong_method", "error_details": "There is no such call."}
    return Response(encode(content), status, media_type="application/json")


def create(app: App) -> Starlette:
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
    server = Starlette(
        routes=routes(app),
        middleware=[Middleware(Surroundings)],
        exception_handlers={404: nothing_there, 405: nothing_there},
        lifespan=lifespan,
    )
    server.router.redirect_slashes = False
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
    proxies = list(app.settings.trusted_proxies)
    return Server(
        uvicorn.Config(
            create(app),
            http=PatientProtocol,
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
