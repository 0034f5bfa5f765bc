"""The user API's calls about who somebody is and how he is reached."""

from typing import Any

from tradepost.dialects.user_api import answers
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method, Nothing
from tradepost.market import ledger, messages, profiles, second_factor, users
from tradepost.steam.ids import account_id as steam_number
from tradepost.steam.trade_url import TradeUrl


async def infos(call: Call, asked: Nothing) -> Content:
    """All that an account says of itself, and how much money it has."""
    tx, subject = call.app.db, call.subject
    account = await users.by_id(tx, subject.account_id)
    profile = await profiles.read(tx, subject.account_id)
    token = account.trade_token
    informations: dict[str, Any] = {
        "steamId": account.steamid,
        "balance": await _balance(call),
        "skrill": profile.skrill,
        "tradeurl": str(TradeUrl(steam_number(account.steamid), token)) if token else "",
        "since": int(account.created_at.timestamp()),
        "image": account.avatar,
        "2fa": "true" if await second_factor.is_on(tx, subject.account_id) else "false",
        "name": account.name or account.steamid,
        "lastactivity": int((profile.active_at or account.created_at).timestamp()),
        "discordtag": profile.discordtag,
        "discord": profile.discord,
        "shorturl": profile.shorturl or "",
        "message": await messages.unread(tx, subject.account_id),
        "notification": int(profile.mail_notices),
    }
    return {"informations": informations}


async def balance(call: Call, asked: Nothing) -> Content:
    """What an account can spend, in cents."""
    return {"balance": await _balance(call)}


async def _balance(call: Call) -> int:
    wallet = await ledger.wallet(call.app.db, call.subject.account_id)
    return wallet.deposit_cents + wallet.balance_cents


async def contact_mail(call: Call, asked: Nothing) -> Content:
    """The mail address at which an account is reached; empty where none is known."""
    profile = await profiles.read(call.app.db, call.subject.account_id)
    return {"address": profile.mail}


CALLS: Calls = {
    "/user/infos": {"GET": Method(infos, others=True, answers=answers.Infos)},
    "/user/balance": {"GET": Method(balance, others=True, answers=answers.Balance)},
    "/user/getContactMail": {"GET": Method(contact_mail, others=True, answers=answers.ContactMail)},
}
