"""The doctor on the merchant's page: every kind of notice is played at his own receiver, and each verdict shown as it comes.

It takes as long as the receiver does, so its page is sent piece by piece while it is examined: whoever goes away ends
it, and it lives in no process's memory. Its notices are good ones, which a shop credits: it wants a fresh sign-in.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Self

import msgspec
from starlette.responses import Response

from tradepost import dial, log
from tradepost.app import App
from tradepost.dialects.fields import OrderId, SiteAccount, Url
from tradepost.dialects.pace import Pace
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.merchant import HOME
from tradepost.dialects.web.visitors import visitor
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import examinations, gateways, inspection, ipn_doctor
from tradepost.market.inspection import PaymentsQuery
from tradepost.market.ipn_doctor import ACCOUNT_PLACE, NoBalance
from tradepost.rules.callback_address import AddressRefused
from tradepost.rules.ipn_doctor import Outcome, Verdict
from tradepost.rules.refusals import Conflicting

DOCTOR = f"{HOME}/doctor"
RUNS_PER_MINUTE = 4  # of one merchant: it is his receiver, and our line
SECONDS_MAX = 600.0  # for all of it
BEAT_SECONDS = 1.0  # after which a page that has nothing new says so, and its session is looked at again
ORDERS_SHOWN = 20  # to choose from

logger = log.get(__name__)


class BalanceUrl(str):
    """Where a shop tells a balance, with a place for the account's number in it."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The address as it is."""
        return cls(Url.read(text))


class Examined(msgspec.Struct):
    """Which order the notices are for, whose it is, and where his balance can be asked for."""

    order_id: OrderId
    account: SiteAccount
    balance_url: BalanceUrl | None = None


class Runs:
    """Who is being examined in this process: one run of a merchant at a time, and few a minute."""

    def __init__(self) -> None:
        self._pace = Pace(RUNS_PER_MINUTE)
        self._under_way: set[int] = set()

    async def show(self, visit: Visit) -> Response:
        """What the doctor does, and the form that calls him."""
        app, account_id = visit.app, visit.signed_in().account_id
        found, _ = await inspection.page(app, account_id, PaymentsQuery(limit=ORDERS_SHOWN))
        return visit.page(
            "merchant_doctor.html",
            gateway=await gateways.read(app.db, account_id),
            orders=[one.payment for one in found],
            account_place=ACCOUNT_PLACE,
        )

    async def run(self, visit: Visit) -> Response:
        """Examine the merchant's receiver, and show each verdict as it comes."""
        app, account_id = visit.app, visit.fresh().account_id
        asked = await visit.form(Examined)
        examined = await examinations.prepare(
            app,
            account_id,
            str(asked.order_id),
            str(asked.account),
            asked.balance_url and str(asked.balance_url),
        )
        if account_id in self._under_way:
            raise Conflicting("Your receiver is being examined already: wait until that is done.")
        self._pace.count(account_id, app.real_now())
        return visit.stream(
            "merchant_verdicts.html", self._pieces(visit, account_id, examined), examined=examined
        )

    async def _pieces(
        self, visit: Visit, account_id: int, examined: ipn_doctor.Visit
    ) -> AsyncGenerator[str, None]:
        """The page's verdicts, and at last how it went."""
        if account_id in self._under_way:  # two forms at one moment
            yield _last(visit, "Your receiver is being examined already.")
            return
        self._under_way.add(account_id)
        clock, found = asyncio.get_running_loop().time, list[Verdict]()
        until = clock() + SECONDS_MAX
        verdicts = ipn_doctor.examine(examined, dial.policy_of(visit.app.settings), visit.app.real_now)
        try:
            async with aclosing(_beating(verdicts)) as beats:
                async for verdict in beats:
                    if visit.app.ring.closed:
                        yield _last(visit, "The server stops, so it was broken off.", found)
                        return
                    if verdict is not None:
                        found.append(verdict)
                        yield visit.desk.render("merchant_verdict.html", one=verdict).decode()
                    elif clock() > until:
                        said = f"It took longer than {SECONDS_MAX / 60:.0f} minutes, and was broken off."
                        yield _last(visit, said, found)
                        return
                    elif await visitor(visit.app, visit.scope) is None:
                        yield _last(visit, "You are not signed in any more, so it was broken off.", found)
                        return
                    else:
                        yield "<!-- -->\n"
            yield _last(visit, "", found, examined)
        except (NoBalance, AddressRefused) as error:
            yield _last(visit, str(error), found)
        except Exception:
            logger.exception("examination_failed", account_id=account_id)
            yield _last(visit, "Something went wrong on our side; it is in our log.", found)
        finally:
            self._under_way.discard(account_id)


async def _beating(verdicts: AsyncIterator[Verdict]) -> AsyncGenerator[Verdict | None, None]:
    """Verdicts as they come, and None whenever none came for a moment."""
    async with aclosing(verdicts):  # type: ignore[type-var] # it is a generator, and has a close
        while True:
            upcoming = asyncio.ensure_future(anext(verdicts))
            try:
                while not (await asyncio.wait([upcoming], timeout=BEAT_SECONDS))[0]:
                    yield None
                yield upcoming.result()
            except StopAsyncIteration:
                return
            finally:
                if not upcoming.done():  # nobody reads on: what is under way is let go of first
                    upcoming.cancel()
                    with suppress(asyncio.CancelledError):
                        await upcoming


def _last(
    visit: Visit, problem: str, found: list[Verdict] | None = None, examined: ipn_doctor.Visit | None = None
) -> str:
    """How it went."""
    found = found or []
    counts = {outcome.value: sum(one.outcome is outcome for one in found) for outcome in Outcome}
    is_short = bool(examined and found and found[-1].case == "good")
    return visit.desk.render(
        "merchant_closing.html", problem=problem, counts=counts, is_short=is_short, examined=examined
    ).decode()


def pages(app: App, desk: Desk) -> list[Page]:
    """The doctor's page."""
    runs = Runs()
    return [Page(app, desk, DOCTOR, get=runs.show, post=runs.run)]
