"""How a call of the user API goes: who is connected, limits, parameters, whose data, step-up, deed, answer."""

from collections.abc import Mapping

from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from tradepost.app import App
from tradepost.dialects.edge import Answer, client_address, header, note, receive_body
from tradepost.dialects.fields import SteamId
from tradepost.dialects.pace import Pace, Paces
from tradepost.dialects.reading import read_body, read_query
from tradepost.dialects.shapes import take
from tradepost.dialects.tree import Node
from tradepost.dialects.user_api.calls import CODE, REPLAYED, Call, Calls, Method, Person, succeeded
from tradepost.dialects.user_api.connected import is_fresh, person
from tradepost.dialects.user_api.manners import respond
from tradepost.dialects.user_api.others import subject
from tradepost.market import idempotency, profiles, second_factor
from tradepost.rules.client_address import neighbours
from tradepost.rules.refusals import Forbidden, Malformed, TooManyRequests, Unauthenticated, UnknownRoute

BODY_BYTES_MAX = 262_144  # the longest call is a hundred buy orders
USER = "userid"


class Limits:
    """How often somebody may call: each account in all and by call, each address where nobody is connected."""

    def __init__(self, app: App) -> None:
        self._settings = app.settings
        self._all = Pace(app.settings.user_requests_per_minute)
        self._one: dict[int, Pace] = {}

    def count(self, scope: Scope, method: Method, who: Person | None, app: App) -> None:
        """Count a call; raises TooManyRequests for one too many."""
        caller = who.account_id if who else f"address {neighbours(client_address(scope))}"
        now = app.real_now()
        paces = [self._all]
        if method.per_minute is not None:
            paces.append(self._one.setdefault(method.per_minute, Pace(method.per_minute)))
        key = {pace: caller if pace is self._all else (caller, note(scope).route) for pace in paces}
        left = [pace.look(key[pace], now) for pace in paces]
        if any(seen.wait_seconds for seen in left):
            longest = max(left, key=lambda one: one.wait_seconds)
            note(scope).allowance = longest
            raise TooManyRequests(longest.wait_seconds)
        taken = [pace.take(key[pace], now) for pace in paces]
        note(scope).allowance = min(taken, key=lambda one: one.remaining)


class Way:
    """One path of the API, as an ASGI application."""

    def __init__(
        self, app: App, pace: Paces, limits: Limits, route: str, methods: Mapping[str, Method]
    ) -> None:
        self._app = app
        self._pace = pace
        self._limits = limits
        self._route = route
        self._methods = {name: (method, method.asked) for name, method in methods.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        note(scope).route = self._route
        await respond(scope, receive, send, self._route, self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | Response:
        app = self._app
        name = "GET" if scope["method"] == "HEAD" else scope["method"]
        if name not in self._methods:
            raise UnknownRoute(f"This call wants {' or '.join(sorted(self._methods))}.")
        method, kind = self._methods[name]
        if name != scope["method"] and method.changes:
            raise UnknownRoute("This call wants GET.")  # who asks for the head alone wants nothing done
        body = await receive_body(scope, receive, min(BODY_BYTES_MAX, app.settings.body_bytes_max))
        who = await person(app, self._pace, scope, method)
        self._limits.count(scope, method, who, app)  # nobody as well: who guesses cookies is slowed down
        if who is None and method.who == "connected":
            raise Unauthenticated
        if who is not None and method.scope not in who.scopes:
            raise Forbidden(f"The API key that this JWT was made with lacks the scope {method.scope}.")
        tree = Node()
        keys = read_query(tree, scope["query_string"])
        if method.reads_body:
            read_body(tree, body, header(scope, b"content-type"), keys)
        user = self._path_into(tree, scope)
        asked = take(kind, tree)
        call = Call(app, scope, receive, self._route, self._pace, who, body=body, asked=asked)
        if who is not None:
            await profiles.note_activity(app, who.account_id)
        if user is not None:
            call.about = await subject(call, user)
        try:
            if method.step_up == "yes" or (method.step_up == "jwt" and call.me.jwt_id is not None):
                # What was done already is told again without a second proof: its code is used up.
                await idempotency.look(app.db, call.claim(lambda _: None))
                await self._step_up(call, tree)
            content = await method.handler(call, asked)
        except idempotency.Replay as replay:
            return Answer([replay.body], replay.status, [REPLAYED])
        if isinstance(content, Response):
            return content
        answer = content if isinstance(content, Answer) else succeeded(content)
        answer.headers += call.headers
        return answer

    @staticmethod
    def _path_into(tree: Node, scope: Scope) -> str | None:
        """Put in what the path says, which decides whatever else has its name; return whom it names, if anybody."""
        user = None
        for parameter, value in scope.get("path_params", {}).items():
            if parameter == USER:
                try:
                    user = SteamId.read(value)
                except ValueError as error:
                    raise Malformed(USER, str(error)) from None
                continue
            node = tree.below(parameter, parameter)
            node.values, node.children = [value], None
        return user

    async def _step_up(self, call: Call, tree: Node) -> None:
        node = (tree.children or {}).get(CODE)
        code = None if node is None else node.scalar()
        await second_factor.demand(
            self._app,
            call.me.account_id,
            code=code if isinstance(code, str) else None,
            is_fresh=await is_fresh(self._app, call.me),
        )


class Stranger:
    """Every path that is none of the API's calls."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say so in the API's words."""
        await respond(scope, receive, send, "", _unknown())


async def _unknown() -> Answer:
    raise UnknownRoute


def routes_of(app: App, pace: Paces, calls: Calls, prefixes: tuple[str, ...]) -> list[BaseRoute]:
    """The ways into the API; whatever else lies below its prefixes is answered in its own words."""
    limits = Limits(app)
    routes: list[BaseRoute] = []
    for path, methods in calls.items():
        routes.append(Route(path, Way(app, pace, limits, path, methods)))
        others = {name: method for name, method in methods.items() if method.others}
        if others:
            of_user = f"{path}/{{{USER}}}"
            routes.append(Route(of_user, Way(app, pace, limits, of_user, others)))
    stranger = Stranger()
    return [*routes, *(Route(f"{prefix}/{{rest:path}}", stranger) for prefix in prefixes)]
