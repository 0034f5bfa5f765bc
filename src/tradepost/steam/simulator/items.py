"""Making items: what a world file leaves out is derived from the item's name and id, the same every time."""

import base64
import hashlib

from tradepost.steam.inspect_link import encode_certificate
from tradepost.steam.simulator import cs2_facts
from tradepost.steam.simulator.entities import Item

CS2 = 730
PAINT_SEEDS = 1001
PAINT_INDEXES = 1300
ICON_BYTES = 102  # 136 characters, about what Steam's icon hashes have
CLASSID_BYTES = 5  # forty bits: thirty thousand names do not meet
CLASSID_BASE = 1_000_000_000


def complete_item(item: Item) -> None:
    """Fills in class, icon and, for a weapon, wear, seed, paint and definition where they were not given."""
    if not item.icon:
        item.icon = icon_of(item.appid, item.market_hash_name)
    if item.appid == CS2:
        _complete_cs2(item)
    flags = f"{item.tradable:d}{item.marketable:d}{item.commodity:d}"
    facts = f"{item.appid}/{item.market_hash_name}/{item.icon}/{flags}"
    digest = hashlib.blake2b(facts.encode(), digest_size=CLASSID_BYTES).digest()
    item.classid = CLASSID_BASE + int.from_bytes(digest, "big")


def certificate_of(item: Item) -> str | None:
    """The certificate in a CS2 item's asset properties; None for what has no definition index."""
    if item.def_index is None:
        return None
    kind = cs2_facts.kind_of(item.market_hash_name, item.type)
    return encode_certificate(
        item_id=item.assetid,
        def_index=item.def_index,
        paint_index=item.paint_index or 0,
        rarity=cs2_facts.rarity_of(kind, item.rarity)[1].number,
        quality=cs2_facts.quality_of(item.market_hash_name)[0],
        float_value=item.wear,
        paint_seed=item.paint_seed,
        # Steam masks what it issues; any byte will do, so take one that differs between items.
        mask=item.assetid % 255 + 1,
    )


def icon_of(appid: int, market_hash_name: str) -> str:
    """A string that looks like Steam's icon hashes and belongs to this name alone."""
    digest = hashlib.shake_128(f"{appid}/{market_hash_name}".encode()).digest(ICON_BYTES)
    return base64.urlsafe_b64encode(digest).decode()


def _complete_cs2(item: Item) -> None:
    name = item.market_hash_name
    item.exterior = item.exterior or cs2_facts.exterior_of(name)
    item.stattrak = item.stattrak or "StatTrak™" in name
    weapon = cs2_facts.WEAPONS.get(cs2_facts.weapon_of(name))
    if weapon is not None and item.def_index is None:
        item.def_index = weapon[0]
    exterior = cs2_facts.EXTERIORS.get(item.exterior)
    if exterior is None:
        return
    if item.wear is None:
        share = _number(f"wear/{item.assetid}", 1_000_000) / 1_000_000
        item.wear = exterior.wear_from + (exterior.wear_to - exterior.wear_from) * share
    if item.paint_seed is None:
        item.paint_seed = _number(f"seed/{item.assetid}", PAINT_SEEDS)
    if item.paint_index is None:
        item.paint_index = 1 + _number(f"paint/{name.rsplit(' (', 1)[0]}", PAINT_INDEXES)


def _number(text: str, below: int) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % below
