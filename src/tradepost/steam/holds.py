"""Holds: whether Steam takes a trade token, and for how many days it would hold what is sent by it."""

import html
import re
from collections.abc import Mapping

from tradepost.steam import wire
from tradepost.steam.answers import BadToken, Hold, HoldAnswer, HoldUnknown, Unavailable
from tradepost.steam.door import OK, Door, Reply, api_body
from tradepost.steam.ids import account_id

_DAY_SECONDS = 86_400
_HOLD_DAYS_MAX = 366
_PAGE_CHARS_MAX = 500_000  # of the page, that are searched
_REDIRECTS = range(300, 400)
_THEIR_DAYS = re.compile(r"var g_daysTheirEscrow\s{0,9}=\s{0,9}([0-9]{1,4})\s{0,9};", re.ASCII)
_ERROR = re.compile(r'<div id="error_msg">([^<]{0,500})')
_BAD_URL = "trade url is no longer valid"


async def hold_by_api(
    door: Door, base_url: str, credentials: Mapping[str, str], steamid: str, trade_token: str
) -> HoldAnswer:
    """Ask the Web API, which answers with an empty body for a token that it does not take."""
    reply = await door.get(
        base_url,
        "/IEconService/GetTradeHoldDurations/v1/",
        {**credentials, "steamid_target": steamid, "trade_offer_access_token": trade_token},
    )
    if not isinstance(reply, Reply):
        return reply
    body = api_body(reply)
    if isinstance(body, Unavailable):
        return body
    answer = wire.read(wire.EscrowsAnswer, body)
    if answer is None:
        return Unavailable("Steam's answer on holds is not one")
    if answer.response.their_escrow is None:
        return BadToken()
    seconds = wire.whole(
        answer.response.their_escrow.escrow_end_duration_seconds, _HOLD_DAYS_MAX * _DAY_SECONDS
    )
    if seconds is None:
        return Unavailable("Steam's answer on holds has no length")
    return Hold(-(-seconds // _DAY_SECONDS))


async def hold_by_page(door: Door, base_url: str, steamid: str, trade_token: str) -> HoldAnswer:
    """Read the page on which an offer is made, as far as Steam shows it to somebody who is not signed in."""
    reply = await door.get(
        base_url, "/tradeoffer/new/", {"partner": str(account_id(steamid)), "token": trade_token}
    )
    if not isinstance(reply, Reply):
        return reply
    if reply.status in _REDIRECTS:
        return HoldUnknown("Steam shows trade offers to those who are signed in only")
    page = reply.body.decode(errors="replace")[:_PAGE_CHARS_MAX]
    if error := _ERROR.search(page):
        told = " ".join(html.unescape(error[1]).split())
        return BadToken() if _BAD_URL in told.lower() else HoldUnknown(told)
    if reply.status == OK and (days := _THEIR_DAYS.search(page)) and int(days[1]) <= _HOLD_DAYS_MAX:
        return Hold(int(days[1]))
    return Unavailable("Steam's page says nothing of a hold")
