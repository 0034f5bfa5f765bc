"""The catalogue: real names by Steam's rules, sound facts, plausible prices that are the same everywhere."""

import base64
import csv
import gzip
import importlib.util
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import pytest

from tradepost.demo import catalogue, prices
from tradepost.demo.catalogue import EXTERIORS, Item, exteriors_of, in_variant

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "src" / "tradepost" / "demo" / "items.csv.gz"

GUNS = {"Pistol", "SMG", "Rifle", "Sniper Rifle", "Shotgun", "Machinegun", "Equipment"}
WORN = GUNS | {"Knife", "Gloves"}
WEAPON_RARITIES = {
    *("Consumer Grade", "Industrial Grade", "Mil-Spec", "Restricted", "Classified", "Covert", "Contraband"),
}


@pytest.fixture(scope="module")
def items() -> tuple[Item, ...]:
    """The whole catalogue."""
    return catalogue.load()


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The program that makes the table."""
    spec = importlib.util.spec_from_file_location("make_catalogue", ROOT / "scripts" / "make_catalogue.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_name_stands_once_in_its_game(items: tuple[Item, ...]) -> None:
    assert len(catalogue.by_name()) == len(items)


@pytest.mark.parametrize(
    ("project", "least"), [("csgo", 6000), ("dota2", 150), ("tf2", 150), ("games", 100), ("rust", 50)]
)
def test_every_game_has_its_share(items: tuple[Item, ...], project: str, least: int) -> None:
    assert sum(item.project == project for item in items) >= least


@pytest.mark.parametrize(
    "name",
    [
        "P250 | Valence (Field-Tested)",
        "P2000 | Ivory (Well-Worn)",
        "Nova | Ranger (Battle-Scarred)",
        "MP9 | Ruby Poison Dart (Field-Tested)",
        "★ Bayonet | Marble Fade (Minimal Wear)",
        "Souvenir PP-Bizon | Night Ops (Battle-Scarred)",
        "Negev | Loudmouth (Field-Tested)",
        "Tec-9 | Isaac (Well-Worn)",
        "StatTrak™ PP-Bizon | High Roller (Battle-Scarred)",
        "StatTrak™ MP9 | Deadly Poison (Well-Worn)",
        "Rezan The Ready | Sabre",
        "PP-Bizon | Facility Sketch (Factory New)",
        "Glock-18 | Candy Apple (Minimal Wear)",
        "Galil AR | Rocket Pop (Field-Tested)",
        "StatTrak™ AK-47 | Redline (Field-Tested)",
        "★ StatTrak™ Karambit | Doppler (Factory New)",
        "M4A4 | 龍王 (Dragon King) (Factory New)",
        "Music Kit | Noisia, Sharpened",
        "Operation Bravo Case",
    ],
)
def test_a_name_that_players_know_is_there(name: str) -> None:
    assert catalogue.by_name()["csgo", name].market_hash_name == name


@pytest.mark.parametrize(
    ("name", "variant", "called"),
    [
        ("AK-47 | Redline", "", "AK-47 | Redline"),
        ("AK-47 | Redline", "StatTrak™", "StatTrak™ AK-47 | Redline"),
        ("AWP | Dragon Lore", "Souvenir", "Souvenir AWP | Dragon Lore"),
        ("★ Karambit | Doppler", "", "★ Karambit | Doppler"),
        ("★ Karambit | Doppler", "StatTrak™", "★ StatTrak™ Karambit | Doppler"),
    ],
)
def test_the_star_stands_before_stattrak(name: str, variant: str, called: str) -> None:
    assert in_variant(name, variant) == called


@pytest.mark.parametrize(
    ("float_min", "float_max", "exteriors"),
    [
        ("", "", [(None, 0, 0)]),
        ("0", "7", [("Factory New", 0, 7)]),
        ("0", "8", [("Factory New", 0, 7), ("Minimal Wear", 7, 8)]),
        ("10", "70", [("Minimal Wear", 10, 15), *EXTERIORS[2:4], ("Battle-Scarred", 45, 70)]),
        ("0", "100", list(EXTERIORS)),
        ("45", "46", [("Battle-Scarred", 45, 46)]),
    ],
)
def test_a_skin_exists_where_its_floats_reach(
    float_min: str, float_max: str, exteriors: list[tuple[str | None, int, int]]
) -> None:
    assert list(exteriors_of(float_min, float_max)) == exteriors


def test_worn_items_have_floats_of_their_exterior_and_others_have_none(items: tuple[Item, ...]) -> None:
    bounds = {word: (begin / 100, end / 100) for word, begin, end in EXTERIORS}
    for item in items:
        if item.project == "csgo" and item.type in WORN:
            assert item.float_min is not None and item.float_max is not None and item.exterior
            begin, end = bounds[item.exterior]
            assert begin <= item.float_min < item.float_max <= end
            assert item.market_hash_name.endswith(f" ({item.exterior})")
            assert item.paint_index and item.def_index
        else:
            worn = (item.float_min, item.float_max, item.exterior, item.paint_index)
            assert worn == (None, None, None, None)


def test_a_name_says_its_variant_and_none_has_two(items: tuple[Item, ...]) -> None:
    for item in items:
        if item.project == "csgo":
            assert ("StatTrak™ " in item.market_hash_name) == item.is_stattrak
            assert item.market_hash_name.startswith("Souvenir ") == item.is_souvenir
            assert not (item.is_stattrak and item.is_souvenir)
            assert item.market_hash_name.startswith("★ ") == (item.type in {"Knife", "Gloves"})


def test_no_stattrak_is_of_a_grade_that_cases_do_not_hold(items: tuple[Item, ...]) -> None:
    kinds = {(item.type, item.rarity) for item in items if item.is_stattrak}
    assert {rarity for _, rarity in kinds}.isdisjoint({"Consumer Grade", "Industrial Grade"})
    assert "Gloves" not in {type_ for type_, _ in kinds}
    assert {("Rifle", "Covert"), ("Pistol", "Mil-Spec"), ("Knife", "Covert")} <= kinds


def test_types_and_rarities_are_steams_words(items: tuple[Item, ...]) -> None:
    of_guns = {item.rarity for item in items if item.type in GUNS}
    assert of_guns == WEAPON_RARITIES
    types = {item.type for item in items if item.project == "csgo"}
    others = {"Sticker", "Graffiti", "Patch", "Agent", "Container", "Music Kit", "Charm"}
    assert types == WORN | others
    assert {item.rarity for item in items if item.type == "Gloves"} == {"Extraordinary"}
    assert {item.rarity for item in items if item.type == "Agent"} == {
        *("Distinguished", "Exceptional", "Superior", "Master")
    }


def test_a_community_item_is_named_after_its_game(items: tuple[Item, ...]) -> None:
    for item in items:
        if item.project == "games":
            appid, _, name = item.market_hash_name.partition("-")
            assert appid.isdigit() and name


def test_what_differs_from_copy_to_copy_is_no_commodity(items: tuple[Item, ...]) -> None:
    commodities = {item.type for item in items if item.commodity}
    assert commodities.isdisjoint(WORN | {"Agent", "Charm", "Wearable", "Courier"})
    assert {"Sticker", "Container", "Key", "Booster Pack"} <= commodities


def test_icons_are_of_steams_form_and_differ(items: tuple[Item, ...]) -> None:
    some = [item.icon for item in items[::50]]
    assert len(set(some)) == len(some)
    assert all(len(base64.urlsafe_b64decode(icon)) == 60 for icon in some)


def test_prices_spread_from_cents_to_thousands(items: tuple[Item, ...]) -> None:
    cents = sorted(item.price_cents for item in items)
    assert cents[0] == prices.PRICE_CENTS_MIN
    assert 200_000 < cents[-1] <= prices.PRICE_CENTS_MAX
    assert 50 < cents[len(cents) // 2] < 400
    assert sum(price > 100_000 for price in cents) < len(cents) // 100
    assert sum(price == cents[-1] for price in cents) < 10


def test_less_wear_costs_more_and_stattrak_too(items: tuple[Item, ...]) -> None:
    skins: dict[str, dict[tuple[bool, str], int]] = defaultdict(dict)
    for item in items:
        if item.exterior and item.float_min is not None and item.float_max is not None:
            if item.float_max - item.float_min < 0.025 or item.is_souvenir:
                continue
            plain = item.market_hash_name.replace("StatTrak™ ", "").removesuffix(f" ({item.exterior})")
            skins[plain][item.is_stattrak, item.exterior] = item.price_cents
    order = [word for word, _, _ in EXTERIORS]
    for skin, known in skins.items():
        for stattrak in (False, True):
            row = [known[stattrak, word] for word in order if (stattrak, word) in known]
            assert row == sorted(row, reverse=True), skin
        for (stattrak, word), price in known.items():
            if stattrak:
                assert price >= known[False, word], skin


def test_prices_are_these_on_every_machine() -> None:
    known = {
        "AK-47 | Redline (Field-Tested)": 2850,
        "StatTrak™ AK-47 | Redline (Field-Tested)": 6713,
        "AWP | Dragon Lore (Factory New)": 208950,
        "★ Karambit | Doppler (Factory New)": 52951,
        "P250 | Valence (Field-Tested)": 11,
        "Fracture Case": 128,
    }
    assert {name: catalogue.by_name()["csgo", name].price_cents for name in known} == known


def test_cheap_things_are_sold_more_often(items: tuple[Item, ...]) -> None:
    volumes = {item: prices.day_volume(item.market_hash_name, item.price_cents) for item in items}
    cheap = [volume for item, volume in volumes.items() if item.price_cents < 10]
    dear = [volume for item, volume in volumes.items() if item.price_cents > 20_000]
    assert min(volumes.values()) >= 1
    assert sum(cheap) / len(cheap) > 50 * sum(dear) / len(dear)


def test_the_table_carries_no_time_and_is_small(script: ModuleType, tmp_path: Path) -> None:
    with gzip.open(TABLE, "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == script.Row._fields
    again = tmp_path / "again.csv.gz"
    assert script.write_table(again, [script.Row(*row) for row in rows]) < 200_000
    assert gzip.decompress(again.read_bytes()) == gzip.decompress(TABLE.read_bytes())
    assert TABLE.read_bytes()[3:8] == again.read_bytes()[3:8] == bytes(5)  # no name, no time


def test_the_script_refuses_exteriors_that_do_not_fit(script: ModuleType) -> None:
    new = {"type": "rifle", "def_index": "7", "paint_index": "1", "rarity": "Covert"}
    new |= {"float_min": "0.00", "float_max": "0.07"}
    variants: dict[str, set[str]] = {"stattrak": {"AK-47 | X"}, "souvenir": set()}
    row = script.skin_row("AK-47 | X", [new, new | {"float_min": "0.07", "float_max": "0.15"}], variants)
    assert (row.type, row.float_min_hundredths, row.float_max_hundredths) == ("Rifle", "0", "15")
    assert (row.has_stattrak, row.has_souvenir) == ("1", "0")
    for wrong in ({"float_min": "0.15", "float_max": "0.38"}, {"float_min": "0.07", "paint_index": "2"}):
        with pytest.raises(SystemExit):
            script.skin_row("AK-47 | X", [new, new | wrong], variants)


def test_the_script_refuses_a_variant_of_a_skin_that_is_not_in_its_csv(
    script: ModuleType, tmp_path: Path
) -> None:
    empty = tmp_path / "items.csv"
    empty.write_text("market_hash_name,type,rarity,exterior\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"AK-47 \| Asiimov"):
        list(script.read_cs2(empty, {"stattrak": {"AK-47 | Asiimov"}, "souvenir": set()}))
