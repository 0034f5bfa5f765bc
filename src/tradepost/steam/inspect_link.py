"""Inspect links: the address that shows an item in Counter-Strike 2, read offline and filled in.

Since 2026 a link carries the item itself, as a certificate; the older S/A/D links only name an asset.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from tradepost.steam.certificate import (
    CERTIFICATE_BYTES_MAX,
    Applied,
    Inspected,
    decode_certificate,
    encode_certificate,
    fingerprint,
)
from tradepost.steam.floats import float32_text, float32_text_of

__all__ = [
    "CERTIFICATE_PROPERTY",
    "Applied",
    "AssetLink",
    "Inspected",
    "certificate_link",
    "decode_certificate",
    "decode_link",
    "encode_certificate",
    "fill_link",
    "fingerprint",
    "float32_text",
    "float32_text_of",
]

CERTIFICATE_PROPERTY = 6  # the asset property in which Steam's inventory keeps the certificate
LINK_CHARS_MAX = 2 * CERTIFICATE_BYTES_MAX + 256

_PREVIEW = r"steam://(?:run|rungame)/730/(?:[0-9]{1,20})?/\+csgo_econ_action_preview "
_NEW_LINK = re.compile(_PREVIEW + r"([0-9A-Fa-f]+)", re.ASCII)
_OLD_LINK = re.compile(_PREVIEW + r"([SM])([0-9]{1,20})A([0-9]{1,20})D([0-9]{1,20})", re.ASCII)
_PLACEHOLDER = re.compile(r"%(owner_steamid|assetid|propid:[0-9]{1,9})%", re.ASCII)
_FILLED_LINK = re.compile(r"steam://[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class AssetLink:
    """An old link: it names an asset, and only Steam's own game coordinator could have told its float."""

    owner_steamid: str | None  # of an S link
    market_id: str | None  # of an M link
    assetid: str
    d: str


def decode_link(link: str) -> Inspected | AssetLink | None:
    """What an inspect link, or a bare certificate, says; None for anything else."""
    if len(link) > LINK_CHARS_MAX:
        return None
    if item := decode_certificate(link):
        return item
    plain = unquote(link)
    if new := _NEW_LINK.fullmatch(plain):
        return decode_certificate(new[1])
    if old := _OLD_LINK.fullmatch(plain):
        kind, first, assetid, d = old.groups()
        return AssetLink(first if kind == "S" else None, first if kind == "M" else None, assetid, d)
    return None


def certificate_link(certificate: str) -> str:
    """The link of 2026 that shows the item of this certificate."""
    return f"steam://run/730//+csgo_econ_action_preview%20{certificate}"


def fill_link(template: str, owner_steamid: str, assetid: str, properties: Mapping[int, str]) -> str | None:
    """An item's own inspect link, from the template in Steam's `actions`; None if a part is missing."""
    if len(template) > LINK_CHARS_MAX:
        return None
    values = {f"propid:{number}": text for number, text in properties.items()}
    values |= {"owner_steamid": owner_steamid, "assetid": assetid}
    try:
        link = _PLACEHOLDER.sub(lambda found: values[found[1]], template)
    except KeyError:
        return None
    return link if len(link) <= LINK_CHARS_MAX and _FILLED_LINK.fullmatch(link) else None
