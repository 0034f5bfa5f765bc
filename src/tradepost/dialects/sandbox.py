"""The sandbox's clock: seven days of Steam's protection pass in one call; in production there is no such path."""

from datetime import timedelta
from typing import Any

import msgspec
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from tradepost.app import App
from tradepost.dialects.edge import Answer, header, json_answer, receive_body
from tradepost.dialects.fields import Whole
from tradepost.dialects.reading import read_all
from tradepost.dialects.shadowpay.v2 import MANNERS
from tradepost.dialects.shapes import take
from tradepost.market import clock
from tradepost.rules.refusals import UnknownRoute

PATH = "/sandbox/clock"


class Advance(msgspec.Struct):
    """How far the clock is moved forward."""

    advance_seconds: Whole


class SandboxClock:
    """The market's clock, to be read and moved forward by whoever can reach the sandbox."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, in v2's manners."""
        await MANNERS.respond(scope, send, PATH, self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        app = self._app
        if scope["method"] == "POST":
            body = await receive_body(scope, receive, app.settings.body_bytes_max)
            tree = read_all(scope["query_string"], body, header(scope, b"content-type"))
            await clock.advance(app, int(take(Advance, tree).advance_seconds))
        elif scope["method"] in ("GET", "HEAD"):
            await clock.read(app)
        else:
            raise UnknownRoute
        return json_answer(self._shown())

    def _shown(self) -> dict[str, Any]:
        now, offset = self._app.now(), self._app.clock.offset
        return {
            "status": "success",
            "now": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "offset_seconds": offset // timedelta(seconds=1),
        }


def routes(app: App) -> list[BaseRoute]:
    """The way to the clock; a production server answers there as on any path that does not exist."""
    return [] if app.settings.mode == "production" else [Route(PATH, SandboxClock(app))]
