"""How a call of the ShadowPay API goes, v1 and v2 alike: token, limits, scope, parameters, deed, answer.

A `Way` is one path with its methods. Whatever happens inside is answered in the API's own envelope; what is not a
refusal is a bug of ours or a database that is away, and nobody outside is told more than that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.edge import (
    Answer,
    BodyUnread,
    Header,
    Pace,
    header,
    header_values,
    json_answer,
    note,
    receive_body,
)
from tradepost.dialects.reading import read_all
from tradepost.dialects.shadowpay.words import INTERNAL_ERROR, refused, word
from tradepost.dialects.shapes import take
from tradepost.dialects.tree import Node
from tradepost.market import merchants, switches
from tradepost.market.merchants import Caller
from tradepost.rules.refusals import (
    Conflicting,
    Forbidden,
    Malformed,
    Refusal,
    SwitchedOff,
    TooManyRequests,
    Unauthenticated,
    UnknownRoute,
)

READY_SECONDS = 5.0  # that a call waits for the shelves of a server that is just starting
AGAIN_SECONDS = 1  # after which a caller may try again, where a part of ours is away
NO_STORE: Header = (b"cache-control", b"no-store")

logger = log.get(__name__)

TokenScope = Literal["read", "sell", "buy"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call under way: by whom, and what of the request is no parameter."""

    app: App
    caller: Caller
    scope: Scope

    def header(self, name: str) -> str | None:
        """A header of the call; raises Conflicting when it was sent with two values."""
        values = set(header_values(self.scope, name.lower().encode()))
        if len(values) > 1:
            raise Conflicting(f"The header {name} is given more than once, with different values.")
        return next(iter(values), None)


class Nothing(msgspec.Struct):
    """A call without parameters."""


Content = dict[str, Any] | Answer
Handler = Callable[[Call, Any], Awaitable[Content]]
Kind = Literal["read", "sell", "buy", "steam"]


@dataclass(frozen=True, slots=True)
class Method:
    """One call: the scope that its token needs, what is done, and what its pace is counted with.

    What it is asked with stands in the handler's own signature. Calls that make us ask Steam are of a kind of
    their own: Steam's patience is what they use up.
    """

    scope: TokenScope
    handler: Handler
    kind: Kind | None = None

    @property
    def asked(self) -> type[msgspec.Struct]:
        """The struct that the call's parameters are read into."""
        kind: type[msgspec.Struct] = get_type_hints(self.handler)["asked"]
        return kind

    @property
    def paced_with(self) -> Kind:
        """What kind of call it counts as: its scope's, unless it is said otherwise."""
        return self.kind or self.scope


@dataclass(frozen=True, slots=True)
class Manners:
    """How a version of the API answers what went wrong: with which HTTP status, in its own envelope."""

    status: Callable[[Refusal], int]
    internal_status: int
    gone_status: int

    async def respond(self, scope: Scope, send: Send, route: str, answer: Awaitable[Answer]) -> None:
        """Send an answer, or what kept it from being made."""
        noted = note(scope)
        noted.route = route
        try:
            made = await answer
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Refusal as refusal:
            noted.word = word(refusal)
            made = self.refuse(refusal)
        except (DatabaseGone, DatabaseBusy) as error:
            noted.word = "disabled"
            logger.warning("request_lost_the_database", route=route, error=str(error))
            made = self._without_database(error)
        except Exception:
            noted.word = INTERNAL_ERROR
            logger.exception("request_failed", route=route)
            made = self._failed()
        made.headers.append(NO_STORE)
        await made.send(send)

    def refuse(self, refusal: Refusal) -> Answer:
        """A refusal in the API's words."""
        headers: list[Header] = []
        if isinstance(refusal, TooManyRequests):
            headers.append((b"retry-after", b"%d" % refusal.retry_after_seconds))
        elif isinstance(refusal, SwitchedOff):
            headers.append((b"retry-after", b"%d" % AGAIN_SECONDS))
        elif isinstance(refusal, BodyUnread):
            headers.append((b"connection", b"close"))
        return json_answer(refused(refusal), self.status(refusal), headers)

    def _without_database(self, error: DatabaseGone | DatabaseBusy) -> Answer:
        unknown = isinstance(error, DatabaseGone) and error.maybe_committed
        details = (
            "Our database went away before it answered, so the call may have been carried out: look, or repeat it"
            " with the same custom_id."
            if unknown
            else "Our database does not answer at the moment; nothing was done."
        )
        content = {"status": "error", "error_message": "disabled", "error_details": details}
        return json_answer(content, self.gone_status, [(b"retry-after", b"%d" % AGAIN_SECONDS)])

    def _failed(self) -> Answer:
        details = "Something went wrong on our side; it is in our log."
        content = {"status": "error", "error_message": INTERNAL_ERROR, "error_details": details}
        return json_answer(content, self.internal_status)


class Way:
    """One path of the API, as an ASGI application: for each of its methods the token's scope and the handler."""

    def __init__(
        self,
        app: App,
        pace: Pace,
        manners: Manners,
        route: str,
        methods: Mapping[str, Method],
    ) -> None:
        self._app = app
        self._pace = pace
        self._manners = manners
        self._route = route
        self._methods = {name: (method, method.asked) for name, method in methods.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._manners.respond(scope, send, self._route, self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        app = self._app
        name = "GET" if scope["method"] == "HEAD" else scope["method"]
        if name not in self._methods:
            raise UnknownRoute
        method, asked = self._methods[name]
        body = await receive_body(scope, receive, app.settings.body_bytes_max)
        tree = read_all(scope["query_string"], body, header(scope, b"content-type"))
        caller = await merchants.caller(app, _token(scope, tree))
        note(scope).account_id = caller.account_id
        self._pace.count(caller.token_id, app.real_now())
        await switches.refuse_if_off(app, "api")
        if method.scope not in caller.scopes:
            raise Forbidden(f"This token lacks the scope {method.scope}.")
        await _ready(app)
        for parameter, value in scope.get("path_params", {}).items():
            tree.below(parameter, parameter).values.append(value)
        content = await method.handler(Call(app, caller, scope), take(asked, tree))
        return content if isinstance(content, Answer) else json_answer({"status": "success", **content})


class Stranger:
    """Every path that is none of the API's calls."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say so in the API's words."""
        await self._manners.respond(scope, send, "", _unknown())


async def _unknown() -> Answer:
    raise UnknownRoute


def _token(scope: Scope, tree: Node) -> str:
    """The one token of a request: as a parameter, as a header `Token`, or as a bearer."""
    given = header_values(scope, b"token")
    for value in header_values(scope, b"authorization"):
        kind, _, token = value.partition(" ")
        if kind.lower() == "bearer":
            given.append(token.strip())
    node = (tree.children or {}).get("token")
    if node is not None and (parameter := node.scalar()) is not None:
        if not isinstance(parameter, str):
            raise Malformed(node.spelled, "must be a text")
        given.append(parameter)
    if not given:
        raise Unauthenticated
    if any(token != given[0] for token in given):
        raise Conflicting("The request has two different tokens.")
    return given[0]


async def _ready(app: App) -> None:
    """Wait a little for the shelves of a server that is just starting: an empty list would be a lie."""
    if app.shelves_ready.is_set():
        return
    try:
        await asyncio.wait_for(app.shelves_ready.wait(), READY_SECONDS)
    except TimeoutError:
        raise SwitchedOff("The server is just starting; try again in a moment.") from None
