"""Persons: what a profile's public page says of its owner, without anybody's key."""

import html
import re

from tradepost.steam import wire
from tradepost.steam.answers import NoAnswer, NoPerson, Person, Unavailable
from tradepost.steam.door import OK, Door, Reply

_PAGE_CHARS_MAX = 100_000
_ADDRESS = re.compile(r"https?://[!-~]{1,500}", re.ASCII)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


async def read_person(door: Door, base_url: str, steamid: str) -> Person | NoPerson | NoAnswer:
    """Read the XML form of a profile; it is searched, not parsed: a stranger's document builds nothing here."""
    reply = await door.get(base_url, f"/profiles/{steamid}/", {"xml": "1"})
    if not isinstance(reply, Reply):
        return reply
    if reply.status != OK:
        return Unavailable(f"Steam's profile page answered HTTP {reply.status}")
    page = reply.body[:_PAGE_CHARS_MAX].decode(errors="replace")
    # What users wrote themselves stands in CDATA, where it may look like an element: escaped, it can not.
    page = _CDATA.sub(lambda found: html.escape(found[1]), page)
    if _field(page, "steamID64") != steamid:
        return NoPerson() if "<error>" in page else Unavailable("Steam's profile page is not one")
    avatar = _field(page, "avatarFull") or ""
    return Person(
        steamid=steamid,
        name=wire.text(_field(page, "steamID")) or steamid,
        avatar_url=avatar if _ADDRESS.fullmatch(avatar) else "",
        is_trade_banned=(_field(page, "tradeBanState") or "None") != "None",
    )


def _field(page: str, name: str) -> str | None:
    """The text of the first element of this name, or None."""
    found = re.search(rf"<{name}>([^<]{{0,1000}})</{name}>", page)
    return html.unescape(found[1]).strip() if found else None
