"""The user API's calls that change how somebody is reached, paid and shown."""

from typing import Annotated

import msgspec

from tradepost.dialects.fields import Code, Flag
from tradepost.dialects.shapes import Also
from tradepost.dialects.user_api import answers
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method
from tradepost.dialects.user_api.fields import (
    Address,
    DiscordId,
    DiscordTag,
    MailedCode,
    ShortName,
    TradeUrlText,
)
from tradepost.market import contact_mails, profiles, safety, trade_urls

VERDICTS: dict[trade_urls.Verdict, str] = {
    "verified": "Your trade URL is saved; Steam takes it, and holds nothing that is sent to you.",
    "held": "Your trade URL is saved; but Steam would hold what is sent to you, so you cannot buy for now.",
    "unverified": "Your trade URL is saved; Steam could not be asked whether it takes it.",
}


class TradeUrlAsked(msgspec.Struct):
    """A user's own trade URL."""

    tradeurl: Annotated[TradeUrlText, Also("tradeUrl"), Also("trade_url"), Also("url")]
    code: Code | None = None


async def set_trade_url(call: Call, asked: TradeUrlAsked) -> Content:
    """Save the user's own trade URL, by which items are sent to him."""
    verdict = await trade_urls.keep(call.app, call.me.account_id, asked.tradeurl.url)
    return {"message": VERDICTS[verdict], "verified": verdict != "unverified"}


class ShortUrlAsked(msgspec.Struct):
    """The short name of a user's page; without it he has none."""

    shorturl: Annotated[ShortName | None, Also("shortUrl"), Also("short_url"), Also("url")] = None


async def update_short_url(call: Call, asked: ShortUrlAsked) -> Content:
    """Give the user's page a short name, or take it away."""
    async with call.app.db.transaction() as tx:
        await profiles.set_short_name(tx, call.me.account_id, asked.shorturl or "")
    return {"message": "Your short URL is saved." if asked.shorturl else "You have no short URL any more."}


class MailAsked(msgspec.Struct):
    """The mail address at which a user wants to be reached; without it at none."""

    mail: Annotated[Address | None, Also("email"), Also("address")] = None


async def set_mail(call: Call, asked: MailAsked) -> Content:
    """Send a code to a mail address, which is the user's contact mail once he gives the code back; or forget the one he has."""
    app, account_id = call.app, call.me.account_id
    if asked.mail is None:
        async with app.db.transaction() as tx:
            await contact_mails.remove(tx, account_id, app.real_now())
        return {"message": "You have no contact mail any more.", "confirmed": False}
    if await contact_mails.ask(app, account_id, asked.mail):
        return {
            "message": f"A code was sent to {asked.mail}: give it to confirm the address.",
            "confirmed": False,
        }
    return {"message": f"{asked.mail} is your contact mail already.", "confirmed": True}


class MailConfirmed(msgspec.Struct):
    """The code that was mailed."""

    code: MailedCode


async def confirm_mail(call: Call, asked: MailConfirmed) -> Content:
    """Confirm a mail address by the code that was sent to it."""
    address = await contact_mails.confirm(call.app, call.me.account_id, asked.code)
    return {"message": f"{address} is your contact mail.", "address": address}


class MailNoticesAsked(msgspec.Struct):
    """Whether a user is told by mail."""

    status: Annotated[Flag, Also("notification")]


async def set_mail_notices(call: Call, asked: MailNoticesAsked) -> Content:
    """Turn notices by mail on or off."""
    async with call.app.db.transaction() as tx:
        await profiles.set_mail_notices(tx, call.me.account_id, bool(asked.status))
    return {
        "message": f"You are {'' if asked.status else 'not '}told by mail.",
        "notification": int(asked.status),
    }


class SkrillAsked(msgspec.Struct):
    """Where payouts go; without it nowhere."""

    skrill: Annotated[Address | None, Also("mail"), Also("email")] = None
    code: Code | None = None


async def set_skrill(call: Call, asked: SkrillAsked) -> Content:
    """Save the Skrill account that payouts go to, or forget it; payouts wait for a while after a change."""
    account_id, real_now = call.me.account_id, call.app.real_now()
    async with call.app.db.transaction() as tx:
        if await profiles.set_skrill(tx, account_id, asked.skrill or "", real_now):
            await safety.warn(tx, account_id, "The address that your payouts go to was changed.", real_now)
    return {
        "message": "Your Skrill address is saved." if asked.skrill else "You have no Skrill address any more."
    }


class DiscordAsked(msgspec.Struct):
    """A user's number and name at Discord; what is not given is forgotten."""

    discord: DiscordId | None = None
    discordtag: Annotated[DiscordTag | None, Also("discordTag")] = None


async def set_discord(call: Call, asked: DiscordAsked) -> Content:
    """Save how the user is found at Discord."""
    async with call.app.db.transaction() as tx:
        await profiles.set_discord(tx, call.me.account_id, asked.discord or "", asked.discordtag or "")
    return {"message": "Your Discord account is saved."}


CALLS: Calls = {
    "/user/setTradeUrl": {
        "POST": Method(
            set_trade_url, scope="sell", step_up="jwt", per_minute=10, answers=answers.TradeUrlKept
        )
    },
    "/user/updateShortUrl": {"POST": Method(update_short_url, scope="sell", answers=answers.Done)},
    "/user/setMailNotification": {
        "POST": Method(set_mail, scope="sell", per_minute=5, answers=answers.MailNamed)
    },
    "/user/confirmMail": {
        "POST": Method(confirm_mail, scope="sell", per_minute=20, answers=answers.MailKept)
    },
    "/user/setMailNotificationStatus": {
        "POST": Method(set_mail_notices, scope="sell", answers=answers.MailNotices)
    },
    "/user/setSkrill": {"POST": Method(set_skrill, scope="sell", step_up="yes", answers=answers.Done)},
    "/user/setDiscord": {"POST": Method(set_discord, scope="sell", answers=answers.Done)},
}
