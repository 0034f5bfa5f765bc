"""Inspect links: real ones say what the game shows, ours what went in, and rubbish nothing."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.steam.certificate import CERTIFICATE_BYTES_MAX, checksum
from tradepost.steam.inspect_link import (
    Applied,
    AssetLink,
    Inspected,
    certificate_link,
    decode_certificate,
    decode_link,
    encode_certificate,
    fill_link,
    fingerprint,
    float32_text,
    float32_text_of,
)

PREVIEW = "steam://run/730//+csgo_econ_action_preview%20"
PREVIEW_2012 = "steam://rungame/730/76561202255233023/+csgo_econ_action_preview%20"

# Certificates that Steam itself issued (masks 7C, 3E, A2, CB), and one that a public tool made (unmasked).
ISSUED = {
    "7C6CF88390E2D17D64655C1C547D4C7844BE8B98897F3C8578145B0C64904061B1": (
        Inspected(46504034180, 25, 96, 1, 4, "0.36178404", 633, None, None, (), ())
    ),
    "3E2EEEE3AEC23526391E3E163E0E3A5C3B363E2E9A3A567A4E287F466EAE": (
        Inspected(3213110992, 7, 0, 0, 4, None, None, None, None, (Applied(0, 548, None, None),), ())
    ),
    "A2B2A2BA69A882A28AA192AECAA2D2B700A3A5AAA2B286FA7BA0D684BE72": (
        Inspected(0, 1355, 0, 3, 12, None, None, None, None, (), (Applied(0, 36, None, None),))
    ),
    "00180720DA03280638FBEE88F90340B2026BC03C96": (
        Inspected(0, 7, 474, 6, 0, "0.63365906", 306, None, None, (), ())
    ),
}
CHARMED = (
    "CBDB3F0B6C6170CAD3F4EB60C2E3C9FBC7F3607D7A3DC88B29C8A9CEC3CADB5F80A9CEC3CBDB2289A9CEC3C8DB7381A9CEC3CFDB5F81A3"
    "484B4B4BC7BBC369CADDC3CBDB98F67323398B8E554C76F5869D456F8B9352CE341D4900",
    "E5F51125424F5EE4FDDAC54EECCDE7D5E9DD4E535413E6A507E687E0EDE4F571AE87E0EDE5F50CA787E0EDE6F55DAF87E0EDE1F571AF8D"
    "66656565E995ED47E4F3EDE5F5B6D85D0D17A5A07B6258DBA8B36B41A5BD7CE028CEE12E",
)


@pytest.mark.parametrize("certificate", ISSUED)
def test_a_real_certificate_says_what_the_game_shows(certificate: str) -> None:
    item = ISSUED[certificate]
    assert decode_certificate(certificate) == item
    assert decode_certificate(certificate.lower()) == item
    for prefix in (PREVIEW, PREVIEW_2012, PREVIEW.replace("%20", " "), PREVIEW.replace("+", "%2B")):
        assert decode_link(prefix + certificate) == item


def test_the_same_item_under_two_masks_reads_alike() -> None:
    first, second = (decode_certificate(certificate) for certificate in CHARMED)
    assert first == second
    assert first is not None
    assert (first.item_id, first.def_index, first.paint_index) == (50286157940, 63, 1195)
    assert (first.rarity, first.quality, first.float_text, first.paint_seed) == (2, 12, "0.39913306", 482)
    assert [sticker.sticker_id for sticker in first.stickers] == [9620, 8553, 9528, 9492]
    assert [charm.sticker_id for charm in first.charms] == [83]


def test_the_checksum_is_that_of_a_public_tool() -> None:
    made = bytes.fromhex("00180720DA03280638FBEE88F90340B2026BC03C96")
    assert checksum(made[1:-4]) == made[-4:]


def test_an_old_link_names_the_asset_and_its_owner() -> None:
    assert decode_link(PREVIEW_2012 + "S76561198866551033A18720843311D17007496558533575350") == AssetLink(
        "76561198866551033", None, "18720843311", "17007496558533575350"
    )
    assert decode_link(PREVIEW_2012 + "M625254122282020305A6760346663D30614827701953021") == AssetLink(
        None, "625254122282020305", "6760346663", "30614827701953021"
    )


uint32 = st.integers(0, 2**32 - 1)
wears = st.floats(0, 1, width=32)
items = st.tuples(
    st.integers(0, 2**64 - 1), uint32, uint32, uint32, uint32, st.none() | wears, st.none() | uint32
)


@given(items, st.integers(0, 255))
def test_every_item_reads_back_from_its_certificate(
    item: tuple[int, int, int, int, int, float | None, int | None], mask: int
) -> None:
    certificate = encode_certificate(*item, mask=mask)
    assert certificate == certificate.upper()
    assert int(certificate[:2], 16) == mask
    wear = None if item[5] is None else float32_text(item[5])
    expected = Inspected(*item[:5], wear, item[6], None, None, (), ())
    assert decode_certificate(certificate) == expected
    assert decode_link(certificate_link(certificate)) == expected


@given(items, st.integers(0, 255), st.integers(0, 2**64 - 1))
def test_what_an_item_is_does_not_change_with_its_asset_id_or_mask(
    item: tuple[int, int, int, int, int, float | None, int | None], mask: int, new_id: int
) -> None:
    before = fingerprint(encode_certificate(*item))
    assert before == fingerprint(encode_certificate(new_id, *item[1:], mask=mask))
    assert (before is None) == (item[5] is None)  # without a wear nothing tells it from its like


@pytest.mark.parametrize(
    "change", [{"def_index": 8}, {"paint_index": 8}, {"float_value": 0.26}, {"paint_seed": 8}]
)
def test_no_other_item_has_its_fingerprint(change: dict[str, Any]) -> None:
    item: dict[str, Any] = {"item_id": 1, "def_index": 7, "paint_index": 7, "rarity": 1, "quality": 4}
    item |= {"float_value": 0.25, "paint_seed": 7}
    assert fingerprint(encode_certificate(**item)) == "7/7/7/0.25"
    assert fingerprint(encode_certificate(**item | change)) != "7/7/7/0.25"


def test_what_is_no_certificate_has_no_fingerprint() -> None:
    assert fingerprint(None) is None
    assert fingerprint("") is None
    assert fingerprint("nonsense") is None


def sealed(payload: bytes) -> str:
    return (b"\0" + payload + checksum(payload)).hex()


def varint(number: int) -> bytes:
    """A length below 2**14, as protobuf writes it in two bytes."""
    return bytes([number & 0x7F | 0x80, number >> 7])


def test_a_certificate_tells_counter_and_name() -> None:
    item = decode_certificate(sealed(bytes.fromhex("1807 4800 50AC02") + b"\x5a\x05Fluff"))
    assert item is not None
    assert (item.stattrak_count, item.custom_name) == (300, "Fluff")


def test_a_name_that_cannot_be_shown_is_left_out_and_the_item_stays() -> None:
    for name in (b"a\x00b", b"\xe2\x80\xaeevil", b"\x1b[2J", b"", b"n" * 129):
        item = decode_certificate(sealed(b"\x18\x07\x5a" + varint(len(name)) + name))
        assert item is not None
        assert item.custom_name is None


@pytest.mark.parametrize(
    "payload",
    [
        "",  # nothing at all
        "2005",  # no definition
        "18",  # a key without its value
        "1880",  # a number that does not end
        "18FFFFFFFFFFFFFFFFFFFF01",  # a number of more than 64 bits
        "1807 10FFFFFFFFFFFFFFFFFF7F",  # an asset id of more than 64 bits
        "1880808080808080808080808000",  # the same, written with zeros
        "188080808010",  # a definition of more than 32 bits
        "0001",  # field zero
        "1807 0B 0C",  # a group
        "1807 1F",  # a kind of value that does not exist
        "1807 62FF01",  # a sticker longer than the certificate
        "1807 62020880",  # a sticker that breaks off
        "1807 6205088080808010"[:-2],  # the same, within a number
        "1807 38808080FC07",  # a wear of infinity
        "1807 38808080FE07",  # a wear that is not a number
        "1807 3880808080FC0F"[:-2] + "0C",  # a wear below zero
        "1807 3881808 0FC03".replace(" ", ""),  # a wear just above one
        "1807 5A02C328",  # a name that is not UTF-8
        "1807" + "6200" * 17,  # more stickers than an item can have
    ],
)
def test_a_broken_certificate_describes_nothing(payload: str) -> None:
    assert decode_certificate(sealed(bytes.fromhex(payload))) is None


@pytest.mark.parametrize(
    "link",
    [
        "",
        "00",
        "0G180720DA03280638FBEE88F90340B2026BC03C96",
        "00180720DA03280638FBEE88F90340B2026BC03C9",  # half a byte missing
        "\uff10\uff10180720DA03280638FBEE88F90340B2026BC03C96",
        PREVIEW,
        PREVIEW + "%propid:6%",
        PREVIEW + "S%owner_steamid%A%assetid%D1",
        PREVIEW + "S76561198866551033A18720843311",
        PREVIEW + "S76561198866551033A18720843311D1;quit",
        PREVIEW + "00180720DA03280638FBEE88F90340B2026BC03C96\n",
        PREVIEW.replace("730", "440") + "00180720DA03280638FBEE88F90340B2026BC03C96",
        "https://evil.example/?" + PREVIEW + "00180720DA03280638FBEE88F90340B2026BC03C96",
        "00" * (CERTIFICATE_BYTES_MAX + 2),
        "%" * 10_000_000,
    ],
    ids=lambda link: link[:40],
)
def test_what_is_no_inspect_link_is_none(link: str) -> None:
    assert decode_link(link) is None


@given(st.binary(max_size=400))
def test_no_bytes_break_the_decoder(payload: bytes) -> None:
    for text in (payload.hex(), sealed(payload), sealed(b"\x18\x07" + payload)):
        assert isinstance(decode_certificate(text), Inspected | None)


@given(st.text())
def test_no_text_breaks_the_decoder(text: str) -> None:
    assert isinstance(decode_link(text), Inspected | AssetLink | None)
    assert isinstance(decode_link(PREVIEW + text), Inspected | AssetLink | None)


def test_a_link_is_filled_from_the_assets_properties() -> None:
    new = "steam://run/730//+csgo_econ_action_preview%20%propid:6%"
    assert fill_link(new, "76561198866551033", "5", {6: "7C6C"}) == PREVIEW + "7C6C"
    old = PREVIEW_2012 + "S%owner_steamid%A%assetid%D170"
    assert fill_link(old, "76561198866551033", "5", {}) == PREVIEW_2012 + "S76561198866551033A5D170"


@pytest.mark.parametrize(
    ("template", "properties"),
    [
        ("steam://run/730//+csgo_econ_action_preview%20%propid:6%", {}),
        ("javascript:alert(%assetid%)", {}),
        ("steam://run/ %assetid%", {}),
        ("steam://run/%assetid%\n", {}),
        ("steam://run/730//%propid:6%", {6: 'x" onclick="'}),
        ("steam://run/730//%propid:6%", {6: "F" * 100_000}),
        ("steam://" + "x" * 100_000, {}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_link_that_cannot_be_filled_is_left_out(template: str, properties: dict[int, str]) -> None:
    assert fill_link(template, "76561198866551033", "5", properties) is None


@given(st.floats(0, 1, width=32))
def test_a_floats_text_is_the_shortest_that_means_the_same_32_bits(value: float) -> None:
    text = float32_text(value)
    assert np.float32(text) == np.float32(value)
    assert float32_text(struct.unpack("<I", struct.pack("<f", value))[0]) == text
    shortest = np.format_float_positional(np.float32(value), unique=True, trim="-")
    assert len(text) <= len(shortest)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (0.07, "0.07"),
        (0.15000000596046448, "0.15"),
        (0.6336590647697449, "0.63365906"),
        (1e-07, "0.0000001"),
        (0x3EB93BC2, "0.36178404"),
        (0, "0"),
        (0x3F800000, "1"),
    ],
)
def test_a_float_is_written_without_noise_or_exponent(number: float, text: str) -> None:
    assert float32_text(number) == text


def test_a_wear_that_steam_wrote_out_gets_the_same_text() -> None:
    assert float32_text_of("0.15000000596046447754") == "0.15"
    assert float32_text_of("6.4229458803310990e-05") == "0.00006422946"
    for text in (
        "",
        "nan",
        "inf",
        "-0.1",
        "1.5",
        "1e400",
        "0.5 ",
        "0_5",
        "\u0660.\u0665",
        "0." + "1" * 100,
        "1e5",
    ):
        assert float32_text_of(text) is None, text


def test_what_no_certificate_can_hold_is_refused_at_once() -> None:
    for arguments in ((-1, 7, 1, 1, 1, 0.5, 1), (2**64, 7, 1, 1, 1, 0.5, 1)):
        with pytest.raises(ValueError, match="64 bits"):
            encode_certificate(*arguments)
    with pytest.raises(ValueError, match="finite"):
        float32_text(float("nan"))
