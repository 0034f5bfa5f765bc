"""What a started demo says: where to look, and lines that work as they are pasted."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tradepost.config import Settings
from tradepost.db import Reader
from tradepost.demo.papers import DEMO, LOGS, Town
from tradepost.demo.stock import STAPLES
from tradepost.rules.money import write_cents

WEEK_SECONDS = 604_800
TOUR_CENTS = (100, 5_000)  # what the tour buys should be neither a trifle nor a fortune


@dataclass(frozen=True, slots=True)
class Bargain:
    """An offer for the tour to buy."""

    offer_id: int
    name: str
    price_cents: int


async def find_bargain(db: Reader, town: Town) -> Bargain | None:
    """Choose a staple for the tour: on sale by somebody whose program runs, and who is paid himself."""
    return await db.row(
        Bargain,
        "SELECT o.id AS offer_id, i.market_hash_name AS name, o.price_cents FROM offer o"
        " JOIN steam_item i ON i.id = o.steam_item_id"
        " WHERE o.state = 'on_sale' AND o.missing_at IS NULL AND o.project = 'csgo' AND o.account_id = o.seller_id"
        " AND o.seller_steamid = ANY ($1) AND i.market_hash_name = ANY ($2)"
        " ORDER BY o.price_cents BETWEEN $3 AND $4 DESC, o.price_cents, o.id LIMIT 1",
        list(town.online),
        list(STAPLES),
        *TOUR_CENTS,
    )


def welcome(town: Town, settings: Settings, bargain: Bargain | None, shop_url: str | None) -> str:
    """Return the text that a person reads when the demo is up."""
    data_dir = settings.data_dir
    lines = [
        "",
        f"The market is at {settings.base_url}, the simulated Steam at {settings.steam_control_url}.",
        f"Its API can be read, and tried, at {settings.base_url}/docs.",
        *(
            [f"It is run at {settings.base_url}/admin: sign in as `{town.operator}`."]
            if town.operator
            else ()
        ),
        f"What programs need to know is in {data_dir / DEMO}, what happens in {data_dir / LOGS}.",
        "",
        *(pay_with_skins(town, shop_url) if shop_url else ()),
    ]
    for comment, command in tour(town, settings.base_url, data_dir, bargain):
        lines += [f"  # {comment}", f"  {command}", ""]
    return "\n".join([*lines, "Ctrl-C stops it; started again, it has what it had.", ""])


def pay_with_skins(town: Town, shop_url: str) -> Iterator[str]:
    """Yield the lines that lead a person from the example shop's page to the credited balance."""
    name = town.site.players[0].name
    yield f"Pay with skins: open {shop_url}, press its button, sign in as `{name}` and put some on sale."
    yield "Robots buy them within seconds. Let seven days pass on the shop's page, and the balance has grown."
    yield ""


def tour(town: Town, base_url: str, data_dir: Path, bargain: Bargain | None) -> Iterator[tuple[str, str]]:
    """Yield the lines of a tour, each with what it shows."""

    def curl(path: str, **query: str) -> str:
        address = f"{base_url}/api/v2{path}{'?' if query else ''}{urlencode(query)}"
        return f"curl -s -H 'Token: {town.merchant.token}' {shlex.quote(address)}"

    def post(command: str, body: str) -> str:
        return f"{command} -H 'Content-Type: application/json' -d '{body}'"

    yield "the merchant's money", curl("/account/balance")
    yield "a page of what is on sale", curl("/items", project="csgo", limit="3")
    cheapest = {"search": "AK-47 | Redline", "sort_column": "price", "sort_dir": "asc", "limit": "3"}
    yield "a search, the cheapest first", curl("/items", project="csgo", **cheapest)
    yield "the catalogue with Steam's prices", curl("/steam_items", project="dota2", limit="3")
    v1 = f"curl -s {shlex.quote(f'{base_url}/api/v1/get_balance')} -d token={town.merchant.token}"
    yield "the first version of the API, as PHP's forms call it", v1
    if bargain is None:
        return
    custom_id = f"tour-{bargain.offer_id}"
    body = (
        f'{{"id": {bargain.offer_id}, "steamid": "{town.buyer.steamid}", "trade_token": "{town.buyer.token}",'
        f' "price": "{write_cents(bargain.price_cents)}", "custom_id": "{custom_id}"}}'
    )
    yield f"buy a {bargain.name} for {write_cents(bargain.price_cents)} USD", post(curl("/buy"), body)
    yield (
        "watch it: the seller's program sends, the customer accepts, Steam's week of protection begins",
        curl("/operations", custom_ids=custom_id),
    )
    clock = f"curl -s {shlex.quote(f'{base_url}/sandbox/clock')}"
    yield (
        "let that week pass, and watch it again: it is finished",
        post(clock, f'{{"advance_seconds": {WEEK_SECONDS}}}'),
    )
    yield (
        "what does not add up in the books: nothing",
        f"{_program()} check --data-dir {shlex.quote(str(data_dir))}",
    )


def _program() -> str:
    """Return how this program is called from the present directory."""
    if shutil.which("tradepost") == str(program := Path(sys.executable).with_name("tradepost")):
        return "tradepost"
    here = Path.cwd()
    if not program.exists():
        return f"{shlex.quote(sys.executable)} -m tradepost"
    return shlex.quote(str(program.relative_to(here) if program.is_relative_to(here) else program))
