"""Medusa through its store API: JSON, as its storefronts ask it."""

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from bench.peers.ground import Door
from bench.peers.shops import PAGE, PAGES, SHOWN, TERM, Failed, SoldOut, Wish
from bench.wrk import Request
from tradepost.db import Db

OK = 200
PAYMENT = "pp_system_default"
ADDRESS = {
    "first_name": "Peer",
    "last_name": "Buyer",
    "address_1": "1 Street",
    "city": "Town",
    "postal_code": "10001",
    "country_code": "us",
}
# What a page of one product shows; its price depends on the region, its stock is asked for by name.
FIELDS = "id,title,handle,*variants,*variants.calculated_price,%2Bvariants.inventory_quantity"
_STANDS = "deleted_at IS NULL AND o.status <> 'canceled'"
SOLD_OUT = ("insufficient_inventory", "not enough stock")


class Medusa:
    """A guest's cart grows by five calls, the last of which completes it; paid by Medusa's own manual provider."""

    name = "medusa"
    title = "Medusa 2.21.2"
    purchase_requests = 5
    note = "JSON; a purchase is five calls of a guest, paid by its own manual provider"
    programs: Sequence[str] = ("node", "npm")

    def __init__(self) -> None:
        self._key = self._region = self._shipping = ""

    def install(self, home: Path) -> Sequence[Sequence[str | Path]]:
        """The packages of the lock; their scripts would only fetch binaries that are there already."""
        return (["npm", "ci", "--prefix", home, "--ignore-scripts", "--no-audit", "--no-fund"],)

    def fill(self, home: Path, items: Path) -> Sequence[Sequence[str | Path]]:
        """Its own migrations, a shop by its own workflows, products by its own modules; then its own index."""
        medusa = home / "node_modules" / ".bin" / "medusa"
        return (
            [medusa, "db:migrate", "--execute-all-links", "--execute-all-search"],
            [medusa, "exec", "./src/scripts/seed.js", items],
            [medusa, "exec", "./src/scripts/index.js"],
        )

    def indexes(self) -> Sequence[str]:
        """It makes its own."""
        return ()

    def environ(self, home: Path, door: Door, port: int) -> Mapping[str, str]:
        """What `medusa-config.js` and the program read."""
        del home
        return {
            "NODE_ENV": "production",
            "MEDUSA_DISABLE_TELEMETRY": "true",
            "LOG_LEVEL": "error",
            "DATABASE_URL": door.dsn,
            "HOST": "127.0.0.1",
            "PORT": str(port),
        }

    def serve(self, home: Path, port: int) -> Sequence[str | Path]:
        """One process, its workers included."""
        del port
        return [home / "node_modules" / ".bin" / "medusa", "start"]

    async def know(self, db: Db) -> None:
        """The key of the shop front, the region it sells in and the way it ships."""
        self._key = await db.value("SELECT token FROM api_key WHERE type = 'publishable' AND title = 'Front'")
        self._region = await db.value("SELECT id FROM region")
        self._shipping = await db.value("SELECT id FROM shipping_option")

    def listing(self) -> Wish:
        """Its search index by price; its lists of products cannot be sorted by it."""
        return Wish([self._search(page, {}) for page in range(PAGES)], '"hits":[{')

    def prices(self, page: str) -> list[int]:
        """As its index has them."""
        hits = json.loads(page)["results"][0]["hits"]
        return [round(hit["document"]["price"] * 100) for hit in hits]

    def search(self) -> Wish:
        """Its search index by a term."""
        return Wish([self._search(page, {"filters": {"q": TERM}}) for page in range(PAGES)], '"hits":[{')

    def item(self) -> Wish:
        """A product with its price and stock."""
        tail = f"?fields={FIELDS}&region_id={self._region}"
        requests = [Request(f"/store/products/prod_{item:08}{tail}", self.visitor(0)) for item in SHOWN]
        return Wish(requests, '"calculated_amount"')

    def visitor(self, buyer: int) -> Mapping[str, str]:
        """A front's own headers."""
        del buyer
        return {"x-publishable-api-key": self._key, "Content-Type": "application/json"}

    async def buy(self, http: aiohttp.ClientSession, url: str, item: int, buyer: int) -> None:
        """From a cart with its item and address to an order."""
        del buyer
        store = f"{url}/store"
        asked = {
            "region_id": self._region,
            "email": f"{secrets.token_hex(8)}@example.com",
            "shipping_address": ADDRESS,
            "items": [{"variant_id": f"variant_{item:08}", "quantity": 1}],
        }
        cart = (await _post(http, f"{store}/carts", asked))["cart"]["id"]
        await _post(http, f"{store}/carts/{cart}/shipping-methods", {"option_id": self._shipping})
        collection = await _post(http, f"{store}/payment-collections", {"cart_id": cart})
        paying = f"{store}/payment-collections/{collection['payment_collection']['id']}/payment-sessions"
        await _post(http, paying, {"provider_id": PAYMENT})
        done = await _post(http, f"{store}/carts/{cart}/complete", {})
        if done.get("type") != "order":
            raise _fault(json.dumps(done))

    async def sold(self, db: Db, item: int) -> int:
        """Orders with it that stand: what failed half way is deleted or cancelled by its workflow."""
        return int(
            await db.value(
                'SELECT count(DISTINCT o.id) FROM "order" o JOIN order_item i ON i.order_id = o.id'
                " JOIN order_line_item l ON l.id = i.item_id"
                f" WHERE l.variant_id = $1 AND i.deleted_at IS NULL AND o.{_STANDS}",
                f"variant_{item:08}",
            )
        )

    async def purchases(self, db: Db) -> int:
        """Orders."""
        return int(await db.value(f'SELECT count(*) FROM "order" o WHERE o.{_STANDS}'))

    def _search(self, page: int, more: Mapping[str, Any]) -> Request:
        asked = {
            "entity": "product",
            "pagination": {"take": PAGE, "skip": page * PAGE, "order": {"price": "ASC"}},
            **more,
        }
        return Request("/store/search", self.visitor(0), "POST", json.dumps(asked).encode())


async def _post(http: aiohttp.ClientSession, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    async with http.post(url, json=body) as reply:
        said = await reply.read()
        if reply.status != OK:
            raise _fault(f"{reply.status} {said.decode(errors='replace')}")
        return dict(json.loads(said))


def _fault(said: str) -> Exception:
    lower = said.lower()
    return SoldOut(said[:300]) if any(word in lower for word in SOLD_OUT) else Failed(said[:300])
