"""Programs: those that send what one sold, how each stands, and a code for one more, on a page that waits for it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp

from tradepost.app import App
from tradepost.dialects.fields import Id
from tradepost.dialects.pace import Pace
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.live import Looking
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import agents, merchants, presence
from tradepost.market.onlookers import Onlooker, Onlookers
from tradepost.rules.refusals import NotFound

PROGRAMS = "/account/programs"
CODES_PER_MINUTE = 10
DONE = {
    "unpaired": "The program is unpaired: it is told so the next time it asks, and can send nothing any more."
}
# What keeps an account from sending anything, as its programs say it.
BLOCKING: Mapping[str, str] = {
    "no_steam_session": "It is not signed in to Steam: enter “tradepost agent sign-in” on its machine.",
    "account_mismatch": "It is signed in to Steam as another account than the one it is paired with.",
    "new_device": "Steam does not let this account trade from a new device yet: that takes some days.",
    "offer_replaced": "Somebody else may act as your Steam account: its own log says what to do, and it sends nothing until then.",
    "program_fault": "Something goes wrong in the program: its own log says what.",
}
CAN: Mapping[str, str] = {
    "create": "sends offers",
    "cancel": "takes them back",
    "confirm": "confirms them",
    "inventory": "reads your inventory",
    "watch": "watches what becomes of them",
}


class Shown(msgspec.Struct):
    """What was just done."""

    done: Literal["unpaired"] | None = None


class Unpaired(msgspec.Struct):
    """Which program."""

    id: Id


class ProgramsPage:
    """The page of programs of one server."""

    def __init__(self, onlookers: Onlookers) -> None:
        self._onlookers = onlookers
        self._codes = Pace(CODES_PER_MINUTE)

    async def show(self, visit: Visit) -> Response:
        """The programs that are paired."""
        done = visit.query(Shown).done
        return await self._page(visit, done=DONE[done] if done else "")

    async def pair(self, visit: Visit) -> Response:
        """Make a pairing code, shown this once on a page that waits until a program has used it."""
        app, account_id = visit.app, visit.signed_in().account_id
        await visit.form(Shown)
        self._codes.count(account_id, app.real_now())
        async with app.db.transaction() as tx:
            code = await agents.make_code(tx, account_id, app.real_now(), app.settings.pairing_minutes)
        return await self._page(visit, code=code)

    async def unpair(self, visit: Visit) -> Response:
        """Unpair one of the programs."""
        app, account_id = visit.app, visit.signed_in().account_id
        asked = await visit.form(Unpaired)
        async with app.db.transaction() as tx:
            ttl = app.settings.heartbeat_ttl_seconds
            done = await agents.unpair(
                tx, account_id, asked.id, now=app.now(), real_now=app.real_now(), ttl_seconds=ttl
            )
        if not done:
            raise NotFound("You have no such program, or it is unpaired already.")
        return visit.redirect(f"{PROGRAMS}?done=unpaired")

    async def follow(self, visit: Visit) -> ASGIApp:
        """The programs as they come and go, until the page is closed or its session ends."""
        visitor = visit.signed_in()
        self._onlookers.refuse_too_many(visitor.session_id)

        async def parts(_: Onlooker) -> dict[str, object]:
            answer = visit.page("account_programs_list.html", **await _values(visit))
            made: dict[str, object] = {"list": bytes(answer.body).decode()}
            # The page alone knows its code: it keeps it until it is good for nothing any more.
            if not await agents.has_code(visit.app.db, visitor.account_id, visit.app.real_now()):
                made["code"] = bytes(visit.page("account_programs_used.html").body).decode()
            return made

        program = (await presence.programs(visit.app, [visitor.account_id]))[visitor.account_id]
        onlooker = Onlooker(visitor.session_id, visitor.account_id, program=program)
        return Looking(visit.app, self._onlookers, onlooker, parts)

    async def _page(self, visit: Visit, *, code: str = "", done: str = "") -> Response:
        app = visit.app
        return visit.page(
            "account_programs.html",
            code=code,
            done=done,
            minutes=app.settings.pairing_minutes,
            simulator=app.settings.steam_control_url,
            **await _values(visit),
        )


async def _values(visit: Visit) -> dict[str, Any]:
    app, account_id = visit.app, visit.signed_in().account_id
    ttl = app.settings.heartbeat_ttl_seconds
    return {
        "programs": await agents.of_account(app.db, account_id, app.real_now(), ttl),
        "state": (await presence.programs(app, [account_id]))[account_id],
        "grants": await merchants.shown_to_seller(app.db, account_id),
        "blocking": BLOCKING,
        "can": CAN,
        "devices_max": agents.DEVICES_MAX,
    }


def pages(app: App, desk: Desk, onlookers: Onlookers) -> Sequence[Page]:
    """The page of programs, its forms, and what keeps it up to date."""
    page = ProgramsPage(onlookers)
    make = partial(Page, app, desk)
    return [
        make(PROGRAMS, get=page.show, post=page.pair),
        make(f"{PROGRAMS}/unpair", post=page.unpair, home=PROGRAMS),
        make(f"{PROGRAMS}/live", get=page.follow),
    ]
