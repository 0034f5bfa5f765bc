"""How a call of the ShadowPay API goes, v1 and v2 alike: token, limits, parameters, scope, deed, answer.

A `Way` is one path with its methods. Whatever happens inside is answered in the API's own envelope; what is not a
refusal is a bug of ours or a database that is away, and nobody outside is told more than that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Receive, Scope, Send

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.edge import (
    Answer,
    BodyUnread,
    Header,
    client_address,
    header,
    header_values,
    json_answer,
    note,
    receive_body,
)
from tradepost.dialects.pace import Allowance, Paces
from tradepost.dialects.reading import read_body, read_query
from tradepost.dialects.representation import represent
from tradepost.dialects.shadowpay.calls import REPLAYED, Call, Method, succeeded
from tradepost.dialects.shadowpay.words import INTERNAL_ERROR, refused, word
from tradepost.dialects.shapes import take
from tradepost.dialects.tree import Node
from tradepost.market import idempotency, switches, tokens
from tradepost.market.tokens import Caller
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
SHORT_BODY_BYTES_MAX = 4_096  # that is read even for a wrong token: it may have another one
TWO_TOKENS = "The request has two different tokens."
AGAIN_SECONDS = 1  # after which a caller may try again, where a part of ours is away

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Manners:
    """How a version of the API answers what went wrong: with which HTTP status, in its own envelope."""

    status: Callable[[Refusal], int]
    internal_status: int
    gone_status: int
    repeat: str = (
        "look, or repeat it with the same custom_id or Idempotency-Key"  # after an answer that was lost
    )

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
        if noted.allowance is not None:
            made.headers += _limit_headers(noted.allowance)
        made = await represent(scope, made)
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
            "Our database went away before it answered, so the call may have been carried out:"
            f" {self.repeat}."
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
        pace: Paces,
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
            raise self._other_method()
        method, kind = self._methods[name]
        if name != scope["method"] and method.scope != "read":
            raise self._other_method()  # v1 has deeds by GET; who asks for the head alone wants none done
        body = await receive_body(scope, receive, app.settings.body_bytes_max)
        tree = Node()
        query_keys = read_query(tree, scope["query_string"])
        # A body is work: it is read for a token that is known by now, or because the token must be in it.
        given = _given(scope)
        token, in_url = _token(given, tree), _parameter(tree) is not None
        try:
            caller = None if token is None else await self._admit(scope, method, token, in_url=in_url)
        except Unauthenticated:
            if len(body) <= SHORT_BODY_BYTES_MAX:
                with suppress(Malformed):  # two tokens that differ are refused as such, wherever they stand
                    read_body(tree, body, header(scope, b"content-type"), query_keys)
                    _token(given, tree)
            raise
        read_body(tree, body, header(scope, b"content-type"), query_keys)
        token = _token(given, tree)
        if token is None:
            raise Unauthenticated
        caller = caller or await self._admit(scope, method, token, in_url=False)
        await switches.refuse_if_off(app, "api")
        if method.scope not in caller.scopes:
            raise Forbidden(f"This token lacks the scope {method.scope}.")
        await _ready(app)
        for parameter, value in scope.get("path_params", {}).items():
            tree.below(parameter, parameter).values.append(value)
        asked = take(kind, tree)
        call = Call(app, caller, scope, self._route, asked, receive=receive)
        try:
            content = await method.handler(call, asked)
        except idempotency.Replay as replay:
            return Answer([replay.body], replay.status, [REPLAYED])
        answer = content if isinstance(content, Answer) else succeeded(content)
        answer.headers += call.headers
        return answer

    def _other_method(self) -> UnknownRoute:
        *others, last = sorted(self._methods)
        wanted = f"{', '.join(others)} or {last}" if others else last
        return UnknownRoute(f"This call wants {wanted}.")

    async def _admit(self, scope: Scope, method: Method, token: str, *, in_url: bool) -> Caller:
        """Who calls with a token, if he has not called too often.

        A token that is wrong, or in the wrong place, is counted with its address: its owner loses nothing by it.
        """
        address, noted, real_now = client_address(scope), note(scope), self._app.real_now()
        try:
            caller = await tokens.caller(self._app, token)
            tokens.refuse_misplaced(self._app, caller, address, in_url=in_url)
        except (Unauthenticated, Forbidden):
            self._pace.wrong(address, real_now)
            raise
        noted.account_id = caller.account_id
        noted.allowance, is_too_many = self._pace.count(caller.token_id, method.paced_with, real_now)
        if is_too_many:
            raise TooManyRequests(noted.allowance.wait_seconds)
        return caller


def _limit_headers(allowance: Allowance) -> list[Header]:
    return [
        (b"x-ratelimit-limit", b"%d" % allowance.limit),
        (b"x-ratelimit-remaining", b"%d" % allowance.remaining),
        (b"x-ratelimit-reset", b"%d" % allowance.full_seconds),
    ]


class Stranger:
    """Every path that is none of the API's calls."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say so in the API's words."""
        await self._manners.respond(scope, send, "", _unknown())


async def _unknown() -> Answer:
    raise UnknownRoute


class Below(Mount):
    """What lies below a version's prefix, its calls among it; `calls` are those whose path has nothing open in it."""

    def __init__(self, prefix: str, ways: Mapping[str, Way], stranger: Stranger) -> None:
        tried = [Route(path, way) for path, way in ways.items()]
        super().__init__(prefix, app=Router(tried, redirect_slashes=False, default=stranger))
        self.calls = {prefix + path: way for path, way in ways.items() if "{" not in path}


def routes_below(
    prefix: str, calls: Mapping[str, Mapping[str, Method]], manners: Manners, app: App, pace: Paces
) -> list[BaseRoute]:
    """The ways into a version; whatever else lies below its prefix is answered in its own words."""
    ways = {path: Way(app, pace, manners, prefix + path, methods) for path, methods in calls.items()}
    stranger = Stranger(manners)
    return [Route(prefix, stranger), Below(prefix, ways, stranger)]


def calls_of(routes: Iterable[BaseRoute]) -> dict[str, Way]:
    """The calls that can be found by their path alone, among all ways into a server."""
    return {path: way for route in routes if isinstance(route, Below) for path, way in route.calls.items()}


def _given(scope: Scope) -> set[str]:
    """The tokens in a request's head: in headers `Token`, and of a bearer; an empty one is none, wherever it stands."""
    given = set(header_values(scope, b"token"))
    for value in header_values(scope, b"authorization"):
        kind, _, token = value.partition(" ")
        if kind.lower() == "bearer":
            given.add(token.strip())
    given.discard("")
    return given


def _token(given: set[str], tree: Node) -> str | None:
    """The one token of a request, as far as it was read: one in its head, or a parameter."""
    parameter = _parameter(tree)
    tokens = given if parameter is None else given | {parameter}
    if len(tokens) > 1:
        raise Conflicting(TWO_TOKENS)
    return next(iter(tokens), None)


def _parameter(tree: Node) -> str | None:
    """The parameter `token`; an empty one is none."""
    node = (tree.children or {}).get("token")
    try:
        parameter = None if node is None else node.scalar()
    except Conflicting:
        raise Conflicting(TWO_TOKENS) from None
    if parameter is not None and not isinstance(parameter, str):
        raise Malformed("token", "must be a text")
    return parameter or None


async def _ready(app: App) -> None:
    """Wait a little for the shelves of a server that is just starting: an empty list would be a lie."""
    if app.shelves_ready.is_set():
        return
    try:
        async with asyncio.timeout(READY_SECONDS):
            await app.shelves_ready.wait()
    except TimeoutError:
        raise SwitchedOff("The server is just starting; try again in a moment.") from None
