"""How a call of the operator API goes: who is signed in, his role, parameters, step-up, the audit, the deed.

Only a browser's session opens it, never a token: what a token's thief could do with a role would be everything. The
role is looked up at each request, and before anything of the request is read: who has none learns nothing.
"""

from collections.abc import Mapping

import msgspec
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from tradepost.app import App
from tradepost.dialects.edge import header, note, receive_body
from tradepost.dialects.operator_api.calls import Call, Calls, Method, known
from tradepost.dialects.operator_api.manners import respond
from tradepost.dialects.pace import Pace, Paces
from tradepost.dialects.reading import read_body, read_query
from tradepost.dialects.shapes import take
from tradepost.dialects.tree import Node
from tradepost.dialects.user_api import calls as user_calls
from tradepost.dialects.user_api.calls import CODE, Person
from tradepost.dialects.user_api.connected import person
from tradepost.market import audit, freezing, roles, second_factor
from tradepost.rules.refusals import Forbidden, Unauthenticated, UnknownRoute

BODY_BYTES_MAX = 65_536
STEAMID = "steamid"
NOT_ADMIN = "Only an admin may call this."
FROZEN = "Your account is frozen: another admin has to look into it."


async def _nobody(_: user_calls.Call, asked: user_calls.Nothing) -> None:
    """No handler: what `person` has to know of a call is that it wants somebody, and that its GETs change nothing."""


CONNECTED = user_calls.Method(_nobody)


class Way:
    """One path of the API, as an ASGI application."""

    def __init__(self, app: App, paces: Paces, pace: Pace, route: str, methods: Mapping[str, Method]) -> None:
        self._app = app
        self._paces = paces
        self._pace = pace
        self._route = route
        self._methods = {name: (method, method.asked) for name, method in methods.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        note(scope).route = self._route
        await respond(send, note(scope), self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> object:
        app = self._app
        body = await receive_body(scope, receive, min(BODY_BYTES_MAX, app.settings.body_bytes_max))
        me = await self.admin(scope)
        name = "GET" if scope["method"] == "HEAD" else scope["method"]
        if name not in self._methods:
            raise UnknownRoute(f"This call wants {' or '.join(sorted(self._methods))}.")
        method, kind = self._methods[name]
        tree = Node()
        keys = read_query(tree, scope["query_string"])
        read_body(tree, body, header(scope, b"content-type"), keys)
        named = scope.get("path_params", {})
        for parameter, value in named.items():
            node = tree.below(parameter, parameter)
            node.values, node.children = [value], None
        asked = take(kind, tree)
        call = Call(app, me)
        if STEAMID in named:
            call.about = await known(app, named[STEAMID])
        if method.is_act:
            await self._step_up(me, tree)
        else:
            await self._note(call, asked)
        return await method.handler(call, asked)

    async def admin(self, scope: Scope) -> Person:
        """Who calls; raises Unauthenticated for nobody, Forbidden for somebody without the role."""
        app = self._app
        me = await person(app, self._paces, scope, CONNECTED)
        if me is None or me.jwt_id is not None:
            raise Unauthenticated
        self._pace.count(me.account_id, app.real_now())
        if not await roles.is_admin(app.db, me.account_id):
            raise Forbidden(NOT_ADMIN)
        if await freezing.is_frozen(app.db, me.account_id):
            raise Forbidden(FROZEN)
        return me

    async def _step_up(self, me: Person, tree: Node) -> None:
        node = (tree.children or {}).get(CODE)
        code = None if node is None else node.scalar()
        await second_factor.demand(
            self._app, me.account_id, code=code if isinstance(code, str) else None, is_fresh=me.is_fresh
        )

    async def _note(self, call: Call, asked: msgspec.Struct) -> None:
        """Write down that somebody looks, and at what, before he is shown it."""
        given = msgspec.structs.asdict(asked)
        async with self._app.db.transaction() as tx:
            await audit.note(
                tx,
                actor_id=call.me.account_id,
                subject_id=call.about.id if call.about else None,
                deed=f"look {self._route}",
                detail={
                    name: value for name, value in given.items() if value is not None and name != STEAMID
                },
                now=call.now,
            )


class Stranger:
    """Every path that is none of the API's calls: to who is no admin, all paths are alike."""

    def __init__(self, way: Way) -> None:
        self._way = way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say so in the API's words."""
        await respond(send, note(scope), self._unknown(scope))

    async def _unknown(self, scope: Scope) -> None:
        await self._way.admin(scope)
        raise UnknownRoute


def routes_of(app: App, paces: Paces, calls: Calls, prefix: str) -> list[BaseRoute]:
    """The ways into the API; whatever else lies below its prefix is answered in its own words."""
    pace = Pace(app.settings.user_requests_per_minute)
    ways = {path: Way(app, paces, pace, path, methods) for path, methods in calls.items()}
    stranger = Stranger(next(iter(ways.values())))
    return [*(Route(path, way) for path, way in ways.items()), Route(f"{prefix}/{{rest:path}}", stranger)]
