"""The history of the wallet: each movement of what one can spend, with what could be spent after it."""

import re
from typing import Literal, Self
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.dialects.web.wallet_words import BOOKS, GROUPS, movement
from tradepost.market import histories
from tradepost.market.histories import Place

HISTORY = "/wallet/history"
ROWS = 50

_BEFORE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})", re.ASCII)


class Before(str):
    """Where a page of the history begins, as the page before it says in its link."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The two numbers, with a hyphen between them."""
        if not _BEFORE.fullmatch(text):
            raise ValueError("must be two numbers with a hyphen, as the link to older movements has them")
        return cls(text)

    @property
    def place(self) -> Place:
        """The place that is meant."""
        deposit_no, _, balance_no = self.partition("-")
        return Place(int(deposit_no), int(balance_no))


class Asked(msgspec.Struct):
    """Which movements, and where the page begins."""

    what: Literal["sales", "purchases", "deposits", "payouts", "others"] | None = None
    before: Before | None = None


async def show(visit: Visit) -> Response:
    """A page of movements, the newest first."""
    asked, account_id = visit.query(Asked), visit.signed_in().account_id
    found, older = await histories.moved(
        visit.app.db,
        account_id,
        before=asked.before.place if asked.before else None,
        kinds=GROUPS[asked.what][1] if asked.what else None,
        count=ROWS,
    )
    return visit.page(
        "wallet_history.html",
        part="list",
        rows_=[(one, movement(one)) for one in found],
        what=asked.what or "",
        groups=GROUPS,
        books=BOOKS,
        newest=_link(asked.what, None) if asked.before else None,
        older=_link(asked.what, older) if older else None,
    )


def _link(what: str | None, place: Place | None) -> str:
    values = {"what": what} if what else {}
    if place is not None:
        values["before"] = f"{place.deposit_no}-{place.balance_no}"
    return f"{HISTORY}?{urlencode(values)}" if values else HISTORY


def pages(app: App, desk: Desk) -> list[Page]:
    """The history."""
    return [Page(app, desk, HISTORY, get=show)]
