"""Scanning an inventory: every page of every context of a game, and whether that was all of it."""

import asyncio
import re

from tradepost.rules.games import Game
from tradepost.steam import wire
from tradepost.steam.answers import (
    Inventory,
    InventoryAnswer,
    NoAnswer,
    Private,
    Unavailable,
    UnknownOwner,
)
from tradepost.steam.door import OK, Door, Reply
from tradepost.steam.ids import is_assetid
from tradepost.steam.items import Reading, Scan, add_page

PAGE_ITEMS = 2_000  # the most that Steam gives at once

_FORBIDDEN, _NOT_FOUND = 403, 404
_ERESULT = re.compile(r"\(([0-9]{1,3})\)", re.ASCII)


async def scan_inventory(
    door: Door,
    base_url: str,
    *,
    owner_steamid: str,
    game: Game,
    contexts: tuple[int, ...],
    pages_max: int,
    read_at: int,
) -> InventoryAnswer:
    """Read the contexts one after the other; what was read before Steam fell silent is an incomplete scan."""
    reading = Reading()
    complete = True
    for contextid in contexts:
        scan = Scan(game, contextid, owner_steamid, read_at)
        match await _scan_context(door, base_url, scan, reading, pages_max):
            case bool() as whole:
                complete = complete and whole
            case Private() as private:
                return private
            case failure if reading.pages == 0:
                return failure
            case _:
                complete = False
                break
    return Inventory(
        items=tuple(reading.items.values()),
        complete=complete and not reading.nameless,
        read_at=read_at,
        unread_assetids=frozenset(reading.unread_assetids - reading.items.keys()),
        skipped=reading.skipped,
    )


async def _scan_context(
    door: Door, base_url: str, scan: Scan, reading: Reading, pages_max: int
) -> bool | Private | NoAnswer:
    """Whether all of one context was read, or why it could not be."""
    before = reading.entries
    starts: set[str] = set()
    start = ""
    for _ in range(pages_max):
        page = await _page(door, base_url, scan, start)
        if not isinstance(page, wire.InventoryPage):
            return page
        # A page can hold thousands of items: read in a thread, it makes nobody else wait.
        await asyncio.to_thread(add_page, reading, scan, page)
        if not wire.flag(page.more_items):
            # Where a game protects items, the number counts its other context too: it proves nothing.
            expected = wire.whole(page.total_inventory_count) or 0
            return scan.game.protected_contextid is not None or reading.entries - before >= expected
        start = str(page.last_assetid)
        if not is_assetid(start) or start in starts:
            return False  # more, but not where; or round in a circle
        starts.add(start)
    return False


async def _page(door: Door, base_url: str, scan: Scan, start: str) -> wire.InventoryPage | Private | NoAnswer:
    owner, appid = scan.owner_steamid, scan.game.appid
    query = {"l": "english", "count": str(PAGE_ITEMS), "raw_asset_properties": "1", "preserve_bbcode": "1"}
    if start:
        query["start_assetid"] = start
    reply = await door.get(
        base_url,
        f"/inventory/{owner}/{appid}/{scan.contextid}",
        query,
        {"Referer": f"{base_url}/profiles/{owner}/inventory"},
    )
    return _read_page(reply) if isinstance(reply, Reply) else reply


def _read_page(reply: Reply) -> wire.InventoryPage | Private | Unavailable:
    # Only this very answer means private: a proxy in between says 403 too, with a page of its own.
    if reply.status == _FORBIDDEN and reply.body.strip() == b"null":
        return Private()
    if reply.status == _NOT_FOUND:
        return UnknownOwner("Steam knows no such user")
    page = wire.read(wire.InventoryPage, reply.body)
    if reply.status != OK or page is None or not wire.flag(page.success):
        return Unavailable(_reason(reply.status, page))
    if wire.is_absent(page.assets):
        if wire.whole(page.total_inventory_count) is None:
            return Unavailable("Steam's answer names neither items nor their number")
    elif wire.rows(page.assets) is None:
        return Unavailable("Steam's answer holds no list of items")
    return page


def _reason(status: int, page: wire.InventoryPage | None) -> str:
    found = _ERESULT.search(page.error) if page and isinstance(page.error, str) else None
    return f"Steam answered HTTP {status}" + (f", EResult {found[1]}" if found else "")
