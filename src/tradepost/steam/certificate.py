"""A certificate: how Counter-Strike 2 writes one item into its inspect link, and how it is read back.

It is hex of one byte of mask (xored over everything, so that the first byte becomes 0), a protobuf
CEconItemPreviewDataBlock and four bytes of checksum. How Steam computes that checksum is known for unmasked
certificates only, and anyone can compute that one, so none is checked: a certificate is a description to
compare, never a proof.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tradepost.steam.floats import float32_bits, float32_text, float32_value

CERTIFICATE_BYTES_MAX = 1024  # five stickers, a charm and a name tag fit in a fifth of it
APPLIED_MAX = 16  # stickers, and charms, that are read from one certificate
NAME_CHARS_MAX = 128

# The fields of CEconItemPreviewDataBlock, and of the stickers and charms in it, that are read here.
_ITEM_ID, _DEF_INDEX, _PAINT_INDEX, _RARITY, _QUALITY, _PAINT_WEAR, _PAINT_SEED = 2, 3, 4, 5, 6, 7, 8
_COUNTER_KIND, _COUNTER_VALUE, _CUSTOM_NAME, _STICKERS, _CHARMS = 9, 10, 11, 12, 20
_APPLIED_SLOT, _APPLIED_ID, _APPLIED_WEAR, _APPLIED_PATTERN = 1, 2, 3, 10
_KILLS = 0  # the counter of a StatTrak weapon

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5  # protobuf's ways to write a value; its groups are refused
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}
_VARINT_BITS, _VARINT_MORE = 0x7F, 0x80
_CHECKSUM_BYTES = 4
_UINT32_MAX = 2**32 - 1
_UINT64_MAX = 2**64 - 1
_HEX = re.compile(rf"(?:[0-9A-Fa-f]{{2}}){{6,{CERTIFICATE_BYTES_MAX}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Applied:
    """A sticker or a charm on an item."""

    slot: int
    sticker_id: int
    wear_text: str | None  # how far a sticker is scraped; None when untouched
    pattern: int | None  # a charm's own seed


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a certificate says of its item; None where it says nothing."""

    item_id: int
    def_index: int
    paint_index: int
    rarity: int
    quality: int
    float_text: str | None
    paint_seed: int | None
    stattrak_count: int | None
    custom_name: str | None
    stickers: tuple[Applied, ...]
    charms: tuple[Applied, ...]

    @property
    def fingerprint(self) -> str | None:
        """What tells this item from all others and stays when it changes hands; None if it has no wear to tell by.

        Its certificate does not stay: that holds the asset's id, which is new after every trade, under a new mask.
        """
        if self.float_text is None:
            return None
        return f"{self.def_index}/{self.paint_index}/{self.paint_seed}/{self.float_text}"


class _BadCertificate(Exception):
    """The bytes are not a certificate; it never leaves this module."""


def decode_certificate(certificate: str) -> Inspected | None:
    """The item that a certificate in hex describes, masked or not; None when it describes none."""
    if not _HEX.fullmatch(certificate):
        return None
    masked = bytes.fromhex(certificate)
    plain = bytes(byte ^ masked[0] for byte in masked)
    try:
        return _read_item(plain[1:-_CHECKSUM_BYTES])
    except _BadCertificate:
        return None


def fingerprint(certificate: str | None) -> str | None:
    """The fingerprint of the item that a certificate describes; None where there is none."""
    item = decode_certificate(certificate) if certificate else None
    return item.fingerprint if item else None


def encode_certificate(
    item_id: int,
    def_index: int,
    paint_index: int,
    rarity: int,
    quality: int,
    float_value: float | None,
    paint_seed: int | None,
    mask: int = 0,
) -> str:
    """A certificate in upper-case hex, as Steam would write it but for the checksum under a mask."""
    numbers = {
        _ITEM_ID: item_id,
        _DEF_INDEX: def_index,
        _PAINT_INDEX: paint_index,
        _RARITY: rarity,
        _QUALITY: quality,
    }
    if float_value is not None:
        numbers[_PAINT_WEAR] = float32_bits(float_value)
    if paint_seed is not None:
        numbers[_PAINT_SEED] = paint_seed
    payload = b"".join(_varint(field << 3) + _varint(number) for field, number in numbers.items())
    plain = b"\0" + payload + checksum(payload)
    return bytes(byte ^ mask for byte in plain).hex().upper()


def checksum(payload: bytes) -> bytes:
    """The four bytes that close an unmasked certificate around this message."""
    crc = zlib.crc32(b"\0" + payload)
    return (((crc & 0xFFFF) ^ (len(payload) * crc)) & _UINT32_MAX).to_bytes(_CHECKSUM_BYTES, "big")


def _varint(number: int) -> bytes:
    if not 0 <= number <= _UINT64_MAX:
        raise ValueError("a certificate holds whole numbers of 64 bits")
    groups = []
    while number > _VARINT_BITS:
        groups.append(number & _VARINT_BITS | _VARINT_MORE)
        number >>= 7
    return bytes([*groups, number])


def _read_item(payload: bytes) -> Inspected:
    numbers: dict[int, int] = {}
    name = None
    applied: dict[int, list[Applied]] = {_STICKERS: [], _CHARMS: []}
    for field, value in _fields(payload):
        if isinstance(value, int):
            if field != _ITEM_ID and value > _UINT32_MAX:  # only the item's id has 64 bits
                raise _BadCertificate
            numbers[field] = value
        elif field == _CUSTOM_NAME:
            name = _name(value)
        elif field in applied:
            if len(applied[field]) == APPLIED_MAX:
                raise _BadCertificate
            applied[field].append(_read_applied(value))
    if _DEF_INDEX not in numbers:  # an item without a definition is no item
        raise _BadCertificate
    return Inspected(
        item_id=numbers.get(_ITEM_ID, 0),
        def_index=numbers[_DEF_INDEX],
        paint_index=numbers.get(_PAINT_INDEX, 0),
        rarity=numbers.get(_RARITY, 0),
        quality=numbers.get(_QUALITY, 0),
        float_text=_wear_text(numbers[_PAINT_WEAR]) if _PAINT_WEAR in numbers else None,
        paint_seed=numbers.get(_PAINT_SEED),
        stattrak_count=numbers.get(_COUNTER_VALUE, 0) if numbers.get(_COUNTER_KIND) == _KILLS else None,
        custom_name=name,
        stickers=tuple(applied[_STICKERS]),
        charms=tuple(applied[_CHARMS]),
    )


def _read_applied(payload: bytes) -> Applied:
    numbers: dict[int, int] = {}
    wear_text = None
    for field, value in _fields(payload):
        if isinstance(value, int):
            if value > _UINT32_MAX:
                raise _BadCertificate
            numbers[field] = value
        elif field == _APPLIED_WEAR and len(value) == _FIXED_BYTES[_FIXED32]:
            wear_text = _wear_text(int.from_bytes(value, "little"))
    return Applied(
        slot=numbers.get(_APPLIED_SLOT, 0),
        sticker_id=numbers.get(_APPLIED_ID, 0),
        wear_text=wear_text,
        pattern=numbers.get(_APPLIED_PATTERN),
    )


def _wear_text(bits: int) -> str:
    if not 0.0 <= float32_value(bits) <= 1.0:  # also false for NaN
        raise _BadCertificate
    return float32_text(bits)


def _name(text: bytes) -> str | None:
    try:
        name = text.decode()
    except UnicodeDecodeError:
        raise _BadCertificate from None
    return name if name.isprintable() and 0 < len(name) <= NAME_CHARS_MAX else None


def _fields(payload: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field of a protobuf message in turn: a varint as its number, all else as bytes."""
    at = 0
    while at < len(payload):
        key, at = _read_varint(payload, at)
        field, kind = key >> 3, key & 7
        if field == 0:
            raise _BadCertificate
        if kind == _VARINT:
            number, at = _read_varint(payload, at)
            yield field, number
            continue
        if kind == _LENGTH:
            size, at = _read_varint(payload, at)
        elif kind in _FIXED_BYTES:
            size = _FIXED_BYTES[kind]
        else:
            raise _BadCertificate
        if size > len(payload) - at:
            raise _BadCertificate
        yield field, payload[at : at + size]
        at += size


def _read_varint(payload: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at == len(payload):
            raise _BadCertificate
        byte = payload[at]
        at += 1
        number |= (byte & _VARINT_BITS) << shift
        if byte < _VARINT_MORE:
            if number > _UINT64_MAX:
                raise _BadCertificate
            return number, at
    raise _BadCertificate
