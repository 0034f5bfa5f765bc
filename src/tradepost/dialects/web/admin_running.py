"""The market as it is run: switches, exchange rates, what operators were told of, and the audit."""

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Id, Limit, SteamId
from tradepost.dialects.operator_api import running
from tradepost.dialects.operator_api.fields import DeedName
from tradepost.dialects.web.admin_desk import (
    HOME,
    NOTHING,
    ROWS,
    Act,
    Done,
    Failed,
    admin,
    asked_of,
    look,
    names,
    older,
    page,
)
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market.rates import QUOTED
from tradepost.rules.money import write_rate

SWITCHES, RATES, ALERTS, AUDIT = (f"{HOME}/{name}" for name in ("switches", "rates", "alerts", "audit"))
# What each switch is called, and what it does to whom.
EFFECTS = {
    "api": (
        "The APIs",
        "Merchants' and users' programs are answered 503 with your reason: no offer is made, changed or bought by"
        " them, and no payment link is made. Sellers' programs go on, so trades under way end as they would. Pages"
        " and this desk stay.",
    ),
    "buying": (
        "Buying",
        "Nobody buys, by any API or page; each who tries is told your reason. What is on sale stays on sale, and"
        " trades under way go on.",
    ),
}
DONE = {"off": "It is switched.", "rate": "The rate is set. It holds until the source says something of a later time."}  # fmt: skip


async def show_switches(visit: Visit, failed: Failed = NOTHING) -> Response:
    """What can be switched off, what is, and what that does."""
    call, asked = await admin(visit), asked_of(visit, Done)
    found = await look(call, "/operator/switches")
    done = DONE.get(asked.done or "", "")
    return page(visit, "admin_switches.html", failed, found=found, effects=EFFECTS, done=done)


async def show_rates(visit: Visit, failed: Failed = NOTHING) -> Response:
    """What a dollar costs, who says so, and how old that is."""
    call, asked = await admin(visit), asked_of(visit, Done)
    found = {one.currency: one for one in await look(call, "/operator/rates")}
    return page(
        visit,
        "admin_rates.html",
        failed,
        found=found,
        quoted=QUOTED,
        written={currency: write_rate(one.millionths) for currency, one in found.items()},
        max_age_hours=call.app.settings.rate_max_age_hours,
        done=DONE.get(asked.done or "", ""),
    )


class Told(msgspec.Struct):
    """Which page of the alerts."""

    before: Id | None = None


async def show_alerts(visit: Visit) -> Response:
    """What operators were told of, the newest first, and how far that went."""
    call, asked = await admin(visit), asked_of(visit, Told)
    found = await look(call, "/operator/alerts", running.AlertsAsked(asked.before, Limit(ROWS)))
    settings = call.app.settings
    ways = bool(settings.operator_mails), bool(settings.operator_webhook_url)
    return page(visit, "admin_alerts.html", found=found, by=ways, older=older(ALERTS, {}, found))


class Noted(msgspec.Struct):
    """Which lines of the audit, and which page of them."""

    actor: SteamId | None = None
    subject: SteamId | None = None
    deed: DeedName | None = None
    before: Id | None = None


async def show_audit(visit: Visit) -> Response:
    """What admins looked at and did, the newest first."""
    call, asked = await admin(visit), asked_of(visit, Noted)
    query = running.AuditAsked(asked.actor, asked.subject, asked.deed, asked.before, Limit(ROWS))
    found = await look(call, "/operator/audit", query)
    given = {"actor": asked.actor, "subject": asked.subject, "deed": asked.deed}
    known = await names(call, (steamid for one in found for steamid in (one.actor, one.subject)))
    return page(
        visit, "admin_audit.html", found=found, names=known, asked=asked, older=older(AUDIT, given, found)
    )


ACTS = (
    Act(f"{SWITCHES}/{{name}}", "/operator/switches/{name}", show_switches, SWITCHES, "off"),
    Act(f"{RATES}/{{currency}}", "/operator/rates/{currency}", show_rates, RATES, "rate"),
)


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of what runs, and their forms."""
    shown = {SWITCHES: show_switches, RATES: show_rates, ALERTS: show_alerts, AUDIT: show_audit}
    return [
        *(Page(app, desk, path, get=handler) for path, handler in shown.items()),
        *(act.page(app, desk) for act in ACTS),
    ]
