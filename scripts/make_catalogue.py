"""Makes the demo's compact table of item facts, `src/tradepost/demo/items.csv.gz`, from a csv of CS2 items.

    python scripts/make_catalogue.py cs2_items.csv [items.csv.gz]

The csv has one line an exterior, with the float range of that exterior. The table keeps one line a skin, with
the whole range: exteriors, StatTrak™ and Souvenir follow by Steam's rules, which `catalogue.py` knows. What
the csv does not tell stands beside this script, in `cs2_variants.txt` and `other_games.txt`.
"""

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
TABLE = HERE.parent / "src" / "tradepost" / "demo" / "items.csv.gz"


class Row(NamedTuple):
    """A line of the table, as the text that is written."""

    project: str
    name: str
    type: str
    rarity: str
    def_index: str = ""
    paint_index: str = ""
    float_min_hundredths: str = ""
    float_max_hundredths: str = ""
    has_stattrak: str = "0"
    has_souvenir: str = "0"
    commodity: str = "0"


GUNS = {
    "Pistol": (
        "CZ75-Auto; Desert Eagle; Dual Berettas; Five-SeveN; Glock-18; P2000; P250; R8 Revolver; Tec-9; USP-S"
    ),
    "SMG": "MAC-10; MP5-SD; MP7; MP9; P90; PP-Bizon; UMP-45",
    "Rifle": "AK-47; AUG; FAMAS; Galil AR; M4A1-S; M4A4; SG 553",
    "Sniper Rifle": "AWP; G3SG1; SCAR-20; SSG 08",
    "Shotgun": "MAG-7; Nova; Sawed-Off; XM1014",
    "Machinegun": "M249; Negev",
    "Equipment": "Zeus x27",
}
TYPE_OF_GUN = {gun: type_ for type_, guns in GUNS.items() for gun in guns.split("; ")}
TYPE_OF_KIND = {
    "melee": "Knife",
    "glove": "Gloves",
    "sticker": "Sticker",
    "graffiti": "Graffiti",
    "patch": "Patch",
    "musickit": "Music Kit",
    "keychain": "Charm",
    "agent": "Agent",
}

# The csv names every rarity as if it were a weapon's; Steam has other words for the same colours elsewhere.
TRINKET = {
    "Consumer Grade": "Base Grade",
    "Mil-Spec": "High Grade",
    "Restricted": "Remarkable",
    "Classified": "Exotic",
    "Covert": "Extraordinary",
    "Contraband": "Contraband",
}
RARITY_OF_KIND = {
    "sticker": TRINKET,
    "graffiti": TRINKET,
    "patch": TRINKET,
    "musickit": TRINKET,
    "keychain": TRINKET,
    "glove": {"Covert": "Extraordinary"},
    "agent": {
        "Mil-Spec": "Distinguished",
        "Restricted": "Exceptional",
        "Classified": "Superior",
        "Covert": "Master",
    },
}

ONE_IN = {"sticker": 8, "graffiti": 12}  # of these thousands a share is enough for a demo
SEALED_GRAFFITI_DEF_INDEX = "1348"
COMMODITIES = {  # types of which one copy is as good as another
    *("Sticker", "Graffiti", "Patch", "Music Kit", "Container", "Treasure", "Key", "Tool", "Paint Can"),
    *("Crate", "Steam Gems", "Booster Pack", "Trading Card", "Foil Trading Card", "Emoticon"),
    "Profile Background",
}


def read_variants(path: Path) -> tuple[dict[str, set[str]], list[Row]]:
    """Returns the skins of each variant, and the cases among the containers named there."""
    skins: dict[str, set[str]] = {"stattrak": set(), "souvenir": set()}
    cases: list[Row] = []
    variant = ""
    for line in meaningful_lines(path):
        if line.startswith("## "):
            variant = line.removeprefix("## ")
            continue
        group, listed = line.split(": ", 1)
        skins[variant].update(listed.split("; "))
        case, _, def_index = group.partition(" = ")
        if def_index:
            cases.append(Row("csgo", case, "Container", "Base Grade", def_index, commodity="1"))
    return skins, cases


def read_other_games(path: Path) -> Iterator[Row]:
    """Yields the rows of the games beside Counter-Strike 2."""
    project = type_ = rarity = form = ""
    for line in meaningful_lines(path):
        if line.startswith("## "):
            project, type_, rarity, form = ([part.strip() for part in line[3:].split("|")] + ["*"])[:4]
            continue
        commodity = "1" if project == "rust" or type_ in COMMODITIES else "0"
        for name in line.split("; "):
            yield Row(project, form.replace("*", name), type_, rarity, commodity=commodity)


def read_cs2(path: Path, variants: dict[str, set[str]]) -> Iterator[Row]:
    """Yields one row a skin, or an item without skin, of the csv."""
    with path.open(encoding="utf-8", newline="") as file:
        items = list(csv.DictReader(file))
    skins: dict[str, list[dict[str, str]]] = {}
    for item in items:
        name = item["market_hash_name"]
        if item["exterior"]:
            skins.setdefault(name.removesuffix(f" ({item['exterior']})"), []).append(item)
        elif item["rarity"] != "Default" and zlib.crc32(name.encode()) % ONE_IN.get(item["type"], 1) == 0:
            yield trinket_row(item)
    unknown = sorted((variants["stattrak"] | variants["souvenir"]) - skins.keys())
    if unknown:
        raise SystemExit(f"cs2_variants.txt names {len(unknown)} skins that are not in {path}: {unknown[:9]}")
    for name, exteriors in skins.items():
        yield skin_row(name, exteriors, variants)


def trinket_row(item: dict[str, str]) -> Row:
    """Returns the row of an item without wear, under the name and the rarity that the market gives it."""
    kind, name = item["type"], item["market_hash_name"]
    type_, rarity, def_index = TYPE_OF_KIND[kind], RARITY_OF_KIND[kind][item["rarity"]], item["def_index"]
    if kind == "graffiti":  # an unsealed graffiti cannot be sold
        name, def_index = f"Sealed {name}", SEALED_GRAFFITI_DEF_INDEX
    return Row("csgo", name, type_, rarity, def_index, commodity=str(int(type_ in COMMODITIES)))


def skin_row(name: str, exteriors: list[dict[str, str]], variants: dict[str, set[str]]) -> Row:
    """Returns the row of a skin, whose exteriors must touch each other and agree in everything else."""
    first, kind = exteriors[0], exteriors[0]["type"]
    ranges = sorted((hundredths(each["float_min"]), hundredths(each["float_max"])) for each in exteriors)
    touching = all(left[1] == right[0] for left, right in pairwise(ranges))
    agreed = len({(each["def_index"], each["paint_index"], each["rarity"]) for each in exteriors}) == 1
    if not touching or not agreed:
        raise SystemExit(f"the exteriors of {name} do not fit together")
    return Row(
        project="csgo",
        name=name,
        type=TYPE_OF_KIND.get(kind) or TYPE_OF_GUN[name.partition(" | ")[0]],
        rarity=RARITY_OF_KIND.get(kind, {}).get(first["rarity"], first["rarity"]),
        def_index=first["def_index"],
        paint_index=first["paint_index"],
        float_min_hundredths=str(ranges[0][0]),
        float_max_hundredths=str(ranges[-1][1]),
        has_stattrak=str(int(kind == "melee" or name in variants["stattrak"])),
        has_souvenir=str(int(name in variants["souvenir"])),
    )


def hundredths(text: str) -> int:
    """Returns a float written with two decimals as whole hundredths."""
    whole, _, decimals = text.partition(".")
    return int(whole) * 100 + int(f"{decimals:0<2}")


def meaningful_lines(path: Path) -> Iterator[str]:
    """Yields the lines of a file that are neither empty nor a comment."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            yield line


def write_table(path: Path, rows: Iterable[Row]) -> int:
    """Writes the table without the time, so that the same facts are the same bytes, and returns its size."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))
    return path.stat().st_size


def main(arguments: list[str]) -> None:
    """Reads the csv named first, writes the table to the path named second or where the package keeps it."""
    if not arguments:
        raise SystemExit(__doc__)
    table = Path(arguments[1]) if arguments[1:] else TABLE
    variants, cases = read_variants(HERE / "cs2_variants.txt")
    cs2, others = read_cs2(Path(arguments[0]), variants), read_other_games(HERE / "other_games.txt")
    rows = sorted({*cs2, *cases, *others})
    if len({(row.project, row.name) for row in rows}) < len(rows):
        raise SystemExit("a name stands twice, with different facts")
    print(f"{len(rows)} lines, {write_table(table, rows)} bytes: {table}")


if __name__ == "__main__":
    main(sys.argv[1:])
