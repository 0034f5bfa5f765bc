"""The operator's desk: who may sit at it, what he is shown, and how a form of it becomes an act.

A page asks the operator API's own calls, and a form is one of its acts: whatever may be looked at or done by whom, and
what of it the audit says, is decided once, there and in the verbs behind it.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.edge import note
from tradepost.dialects.fields import ID_MAX, Id
from tradepost.dialects.operator_api import CALLS
from tradepost.dialects.operator_api.calls import Call, known
from tradepost.dialects.user_api.calls import Person
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.visits import STATUSES, Handler, Page, Visit
from tradepost.market import audit, freezing, idempotency, roles, users
from tradepost.market.idempotency import Claim
from tradepost.rules.refusals import Conflicting, Forbidden, Malformed, Refusal, SwitchedOff, TooManyRequests

HOME = "/admin"
WAYS: Sequence[tuple[str, str]] = (
    (HOME, "Overview"),
    (f"{HOME}/users", "Users"),
    (f"{HOME}/disputes", "Cases"),
    (f"{HOME}/payouts", "Payouts"),
    (f"{HOME}/deposits", "Deposits"),
    (f"{HOME}/corrections", "Corrections"),
    (f"{HOME}/ledger", "Ledger and fees"),
    (f"{HOME}/switches", "Switches"),
    (f"{HOME}/rates", "Rates"),
    (f"{HOME}/alerts", "Alerts"),
    (f"{HOME}/audit", "Audit"),
)
STEAMID = "steamid"
KEY = "key"  # of a form that may not be sent twice
ROWS = 50  # on a page


@dataclass(frozen=True, slots=True)
class Failed:
    """A form that was refused: which, what is wrong with which of its fields, and what was typed."""

    form: str = ""  # where it is sent
    field: str = ""
    sentence: str = ""
    status: int = 200
    typed: Mapping[str, str] = made_by(default_factory=dict)

    def said(self, form: str, name: str, default: object = "") -> object:
        """What stands in a field: what was typed into it before, or what it begins with."""
        return self.typed.get(name, "") if form == self.form else default


NOTHING = Failed()
S = TypeVar("S", bound=msgspec.Struct)
Show = Callable[[Visit, Failed], Awaitable[Response]]


class Done(msgspec.Struct, kw_only=True):
    """What was just done, of a page that asks for nothing else."""

    done: Mark | None = None


async def admin(visit: Visit) -> Call:
    """Who sits at the desk; whoever has no role, or is frozen, learns nothing of it."""
    visitor, app = visit.signed_in(), visit.app
    if not await roles.is_admin(app.db, visitor.account_id):
        raise Forbidden("These pages are for the market's operators, and your account has no role here.")
    if await freezing.is_frozen(app.db, visitor.account_id):
        raise Forbidden("Your account is frozen: another admin has to look into it.")
    return Call(app, Person(visitor.account_id, visitor.steamid, visitor.is_fresh))


def asked_of(visit: Visit, kind: type[S]) -> S:
    """What the query and the path of a page say."""
    return bounded(visit.query(kind))


def bounded(asked: S) -> S:
    """The same with numbers that the database can hold; nothing has a higher one."""
    high = {name: Id(ID_MAX) for name in ("id", "before") if (getattr(asked, name, None) or 0) > ID_MAX}
    return msgspec.structs.replace(asked, **high) if high else asked


async def look(call: Call, path: str, asked: msgspec.Struct | None = None) -> Any:
    """What a call of the operator API answers; a look at people is in the audit first, as it is there."""
    method = CALLS[path]["GET"]
    asked = asked or method.asked()
    if method.shows_people:
        given = {name: value for name, value in msgspec.structs.asdict(asked).items() if name != STEAMID}
        async with call.app.db.transaction() as tx:
            await audit.note(
                tx,
                actor_id=call.me.account_id,
                subject_id=call.about.id if call.about else None,
                deed=f"look {path}",
                detail={name: value for name, value in given.items() if value is not None},
                now=call.now,
            )
    return await method.handler(call, asked)


async def names(call: Call, steamids: Iterable[str | None]) -> dict[str, str]:
    """What the people on a page call themselves; a page that has it says both."""
    return await users.names(call.app.db, {one for one in steamids if one})


def page(visit: Visit, template: str, failed: Failed = NOTHING, *, done: str = "", **values: Any) -> Response:
    """A page of the desk, with what was just done or refused."""
    status = failed.status
    key = secrets.token_urlsafe(16)
    return visit.page(template, status, ways=WAYS, failed=failed, done=done, key=key, **values)


@dataclass(frozen=True, slots=True)
class Act:
    """A form of the desk: where it is sent, the call that it is, and the page that it stands on.

    `turn` makes the call's parameters of a form that asks otherwise than the API does, such as in dollars. With `once`
    the form has a key of its own: sent again, by a double click or a reload, it does nothing anew.
    """

    path: str
    call: str
    show: Show
    back: str
    done: str
    asked: type[msgspec.Struct] | None = None
    turn: Callable[[Any], msgspec.Struct] | None = None
    names: Mapping[str, str] = made_by(default_factory=dict)  # of the call's fields, as the form has them
    once: bool = False

    def page(self, app: App, desk: Desk) -> Page:
        """The path where the form is sent, where that is no page itself."""
        return Page(app, desk, self.path, post=self.handler(), home=self.back)

    def handler(self) -> Handler:
        """What takes the form."""

        async def take(visit: Visit) -> Response:
            call = await admin(visit)
            visit.fresh()
            method = CALLS[self.call]["POST"]
            try:
                asked = bounded(await visit.form(self.asked or method.asked))
            except (Malformed, Conflicting) as refusal:
                if isinstance(refusal, Malformed) and refusal.field in visit.params:
                    raise  # the address is wrong, and nothing that was typed
                return await self._again(visit, refusal)
            try:
                claim = self._claim(visit, call)
                await idempotency.look(call.app.db, claim)
                if STEAMID in visit.params:
                    call.about = await known(call.app, visit.params[STEAMID])
                await method.handler(call, self.turn(asked) if self.turn else asked)
                async with call.app.db.transaction() as tx:
                    await idempotency.keep(tx, claim, None, call.now)
            except idempotency.Replay:
                pass  # it was done when the form came first
            except (TooManyRequests, SwitchedOff):
                raise
            except Refusal as refusal:
                return await self._again(visit, refusal)
            to = self.back.format(**visit.params)
            return visit.redirect(f"{to}{'&' if '?' in to else '?'}done={self.done}")

        return take

    def _claim(self, visit: Visit, call: Call) -> Claim[None] | None:
        if not self.once:
            return None
        try:
            key = Mark.read(visit.typed.get(KEY, ""))
        except ValueError as error:
            raise Malformed(KEY, str(error)) from None
        digest = hashlib.sha256(visit.scope["path"].encode()).digest()
        return Claim(call.me.account_id, f"desk-{key}", digest, lambda _: (200, b""))

    async def _again(self, visit: Visit, refusal: Refusal) -> Response:
        """The page once more, with what is wrong said beside what was typed."""
        note(visit.scope).word = type(refusal).__name__
        status = next(status for kind, status in STATUSES if isinstance(refusal, kind))
        name = refusal.field if isinstance(refusal, Malformed) else ""
        sentence = refusal.sentence.removeprefix(f"{name}: ") if name else refusal.sentence
        return await self.show(
            visit, Failed(visit.scope["path"], self.names.get(name, name), sentence, status, visit.typed)
        )


def older(
    path: str, given: Mapping[str, object], rows: Sequence[Any], last: str = "id", *, most: int = ROWS
) -> str | None:
    """The address of the page after this one, where there is one."""
    if len(rows) < most:
        return None
    values = {name: str(value) for name, value in given.items() if value}
    return f"{path}?{urlencode(values | {'before': str(getattr(rows[-1], last))})}"
