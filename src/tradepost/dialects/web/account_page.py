"""The account's page and its forms: one's trade URL, mail, payout address, names, and holiday.

Each form is a part of the page with an address of its own; what it refuses is said beside the field, and what was typed
stays. Where money goes wants a sign-in, or a code, of the last minutes.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Flag
from tradepost.dialects.pace import Pace
from tradepost.dialects.user_api.contact import VERDICTS
from tradepost.dialects.user_api.fields import (
    Address,
    DiscordId,
    DiscordTag,
    MailedCode,
    ShortName,
    TradeUrlText,
)
from tradepost.dialects.web import (
    account_alerts,
    account_data,
    account_disputes,
    account_grants,
    account_profile,
    account_programs,
    account_security,
    account_tokens,
)
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import (
    contact_mails,
    holidays,
    profiles,
    safety,
    trade_urls,
)
from tradepost.market.onlookers import Onlookers
from tradepost.rules.refusals import Conflicting, Malformed

ACCOUNT = "/account"
URLS_PER_MINUTE, MAILS_PER_MINUTE, CODES_PER_MINUTE = 10, 5, 20
OFF = Flag(0)
DONE: Mapping[str, str] = {
    **{str(verdict): words for verdict, words in VERDICTS.items()},
    "short": "The short name of your page is saved.",
    "discord": "Your Discord account is saved.",
    "skrill": "Your Skrill address is saved. Payouts wait for a while after a change.",
    "mailed": "A code was sent to the address: give it below to confirm that you read it.",
    "had": "That is your contact mail already.",
    "confirmed": "Your contact mail is confirmed.",
    "removed": "You have no contact mail any more.",
    "notices": "It is saved what is mailed to you.",
    "away": "You are on holiday: nobody can buy what you have on sale.",
    "back": "You are back: what you have on sale can be bought again.",
}
Done = Literal[
    "verified", "held", "unverified", "short", "discord", "skrill", "mailed", "had", "confirmed", "removed",
    "notices", "away", "back",
]  # fmt: skip


class Shown(msgspec.Struct):
    """What was just done."""

    done: Done | None = None


class ShortGiven(msgspec.Struct):
    """The short name of one's page; without it none."""

    shorturl: ShortName | None = None


class DiscordGiven(msgspec.Struct):
    """How one is found at Discord; what is left empty is forgotten."""

    discord: DiscordId | None = None
    discordtag: DiscordTag | None = None


class SkrillGiven(msgspec.Struct):
    """Where payouts go; without it nowhere."""

    skrill: Address | None = None


class UrlGiven(msgspec.Struct):
    """One's own trade URL."""

    tradeurl: TradeUrlText


class MailGiven(msgspec.Struct):
    """A mail address to be confirmed."""

    mail: Address


class CodeGiven(msgspec.Struct):
    """The code that was mailed."""

    code: MailedCode


class NoticesGiven(msgspec.Struct):
    """Whether one is told by mail; a box that is not ticked is not sent."""

    status: Flag = OFF


class HolidayGiven(msgspec.Struct):
    """For how many days one is away; without it until one is back."""

    days: Literal["1", "3", "7", "14", "30", "90"] | None = None


class AccountPage:
    """The account's page of one server, and its forms."""

    def __init__(self) -> None:
        self._urls, self._mails, self._codes = (
            Pace(URLS_PER_MINUTE), Pace(MAILS_PER_MINUTE), Pace(CODES_PER_MINUTE),
        )  # fmt: skip

    async def show(self, visit: Visit) -> Response:
        """The whole account."""
        done = visit.query(Shown).done
        return await account_profile.page(visit, done=DONE[done] if done else "")

    async def keep_url(self, visit: Visit) -> Response:
        """Keep one's trade URL, and say what Steam says of it."""
        app, account_id = visit.app, visit.signed_in().account_id
        try:
            asked = await visit.form(UrlGiven)
            self._urls.count(account_id, app.real_now())
            verdict = await trade_urls.keep(app, account_id, asked.tradeurl.url)
        except Malformed as refusal:
            return await account_profile.page(visit, refusal)
        except Conflicting as refusal:
            return await account_profile.page(
                visit, Malformed("tradeurl", f"is not kept. {refusal.sentence}")
            )
        return visit.redirect(f"{ACCOUNT}?done={verdict}")

    async def keep_short_name(self, visit: Visit) -> Response:
        """Give one's page a short name, or take it away."""
        account_id = visit.signed_in().account_id
        try:
            asked = await visit.form(ShortGiven)
            async with visit.app.db.transaction() as tx:
                await profiles.set_short_name(tx, account_id, asked.shorturl or "")
        except Malformed as refusal:
            return await account_profile.page(visit, refusal)
        except Conflicting as refusal:
            return await account_profile.page(
                visit, Malformed("shorturl", f"is not kept. {refusal.sentence}")
            )
        return visit.redirect(f"{ACCOUNT}?done=short")

    async def keep_discord(self, visit: Visit) -> Response:
        """Keep how one is found at Discord."""
        account_id = visit.signed_in().account_id
        try:
            asked = await visit.form(DiscordGiven)
            async with visit.app.db.transaction() as tx:
                await profiles.set_discord(tx, account_id, asked.discord or "", asked.discordtag or "")
        except Malformed as refusal:
            return await account_profile.page(visit, refusal)
        return visit.redirect(f"{ACCOUNT}?done=discord")

    async def keep_skrill(self, visit: Visit) -> Response:
        """Keep where payouts go, or forget it."""
        app, account_id = visit.app, visit.fresh().account_id
        real_now = app.real_now()
        try:
            asked = await visit.form(SkrillGiven)
            async with app.db.transaction() as tx:
                if await profiles.set_skrill(tx, account_id, asked.skrill or "", real_now):
                    await safety.warn(
                        tx, account_id, "The address that your payouts go to was changed.", real_now
                    )
        except Malformed as refusal:
            return await account_profile.page(visit, refusal)
        return visit.redirect(f"{ACCOUNT}?done=skrill")

    async def ask_mail(self, visit: Visit) -> Response:
        """Send a code to a mail address."""
        app, account_id = visit.app, visit.signed_in().account_id
        try:
            asked = await visit.form(MailGiven)
        except Malformed as refusal:
            return await account_profile.page(visit, refusal)
        self._mails.count(account_id, app.real_now())
        is_sent = await contact_mails.ask(app, account_id, asked.mail)
        return visit.redirect(f"{ACCOUNT}?done={'mailed' if is_sent else 'had'}")

    async def confirm_mail(self, visit: Visit) -> Response:
        """Confirm a mail address by the code that was sent to it."""
        app, account_id = visit.app, visit.signed_in().account_id
        try:
            asked = await visit.form(CodeGiven)
            self._codes.count(account_id, app.real_now())
            await contact_mails.confirm(app, account_id, asked.code)
        except (Malformed, Conflicting) as refusal:
            return await account_profile.page(visit, refusal)
        return visit.redirect(f"{ACCOUNT}?done=confirmed")

    async def remove_mail(self, visit: Visit) -> Response:
        """Forget one's contact mail."""
        app, account_id = visit.app, visit.signed_in().account_id
        await visit.form(Shown)
        async with app.db.transaction() as tx:
            await contact_mails.remove(tx, account_id, app.real_now())
        return visit.redirect(f"{ACCOUNT}?done=removed")

    async def set_notices(self, visit: Visit) -> Response:
        """Be told by mail, or not."""
        account_id = visit.signed_in().account_id
        asked = await visit.form(NoticesGiven)
        async with visit.app.db.transaction() as tx:
            await profiles.set_mail_notices(tx, account_id, bool(asked.status))
        return visit.redirect(f"{ACCOUNT}?done=notices")

    async def begin_holiday(self, visit: Visit) -> Response:
        """Go on holiday, or change until when."""
        app, account_id = visit.app, visit.signed_in().account_id
        asked = await visit.form(HolidayGiven)
        async with app.db.transaction() as tx:
            await holidays.begin(tx, account_id, app.now(), int(asked.days) if asked.days else None)
        return visit.redirect(f"{ACCOUNT}?done=away")

    async def end_holiday(self, visit: Visit) -> Response:
        """Come back from holiday."""
        account_id = visit.signed_in().account_id
        await visit.form(Shown)
        async with visit.app.db.transaction() as tx:
            await holidays.end(tx, account_id)
        return visit.redirect(f"{ACCOUNT}?done=back")


def forms(page: AccountPage) -> dict[str, Any]:
    """The forms of the page, by the last part of their address."""
    return {
        "trade-url": page.keep_url,
        "short-name": page.keep_short_name,
        "discord": page.keep_discord,
        "skrill": page.keep_skrill,
        "mail": page.ask_mail,
        "mail-code": page.confirm_mail,
        "mail-remove": page.remove_mail,
        "notices": page.set_notices,
        "holiday": page.begin_holiday,
        "holiday-end": page.end_holiday,
    }


def pages(app: App, desk: Desk, onlookers: Onlookers) -> list[Page]:
    """All pages of the account."""
    page = AccountPage()
    return [
        Page(app, desk, ACCOUNT, get=page.show),
        *(
            Page(app, desk, f"{ACCOUNT}/{name}", post=handler, home=ACCOUNT)
            for name, handler in forms(page).items()
        ),
        *account_alerts.pages(app, desk),
        *account_security.pages(app, desk),
        *account_programs.pages(app, desk, onlookers),
        *account_grants.pages(app, desk),
        *account_tokens.pages(app, desk),
        *account_disputes.pages(app, desk),
        *account_data.pages(app, desk),
    ]
