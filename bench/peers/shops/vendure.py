"""Vendure through its shop API: GraphQL, as its storefronts ask it."""

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

API = "/shop-api"
JSON = {"Content-Type": "application/json"}
SEARCH = """query Search($input: SearchInput!) { search(input: $input) { totalItems items {
  productId productVariantId productVariantName slug sku currencyCode
  priceWithTax { ... on SinglePrice { value } } } } }"""
PRODUCT = """query Product($id: ID!) { product(id: $id) { id name slug
  variants { id name sku priceWithTax currencyCode stockLevel } } }"""
# What one sends after another, with what of the answer is looked at.
ADD = """mutation Add($id: ID!) { addItemToOrder(productVariantId: $id, quantity: 1) {
  __typename ... on Order { id } ... on ErrorResult { errorCode message } } }"""
CUSTOMER = """mutation Customer($input: CreateCustomerInput!) { setCustomerForOrder(input: $input) {
  __typename ... on Order { id } ... on ErrorResult { errorCode message } } }"""
ADDRESS = """mutation Address($input: CreateAddressInput!) { setOrderShippingAddress(input: $input) {
  __typename ... on Order { id } ... on ErrorResult { errorCode message } } }"""
SHIPPING = """mutation Shipping($id: [ID!]!) { setOrderShippingMethod(shippingMethodId: $id) {
  __typename ... on Order { id } ... on ErrorResult { errorCode message } } }"""
ARRANGE = """mutation Arrange { transitionOrderToState(state: "ArrangingPayment") {
  __typename ... on Order { id state } ... on OrderStateTransitionError { errorCode message transitionError } } }"""
PAY = """mutation Pay($input: PaymentInput!) { addPaymentToOrder(input: $input) {
  __typename ... on Order { id state } ... on ErrorResult { errorCode message } } }"""
PLACED = "PaymentSettled"
NOT_ENOUGH = ("INSUFFICIENT_STOCK_ERROR", "ORDER_STATE_TRANSITION_ERROR", "ORDER_PAYMENT_STATE_ERROR")


class Vendure:
    """A guest's order grows by six mutations, the last of which pays by Vendure's own dummy handler."""

    name = "vendure"
    title = "Vendure 3.7.3"
    purchase_requests = 6
    note = "GraphQL; a purchase is six mutations of a guest, paid by its own dummy handler"
    programs: Sequence[str] = ("node", "npm")

    def install(self, home: Path) -> Sequence[Sequence[str | Path]]:
        """The packages of the lock; their scripts would only fetch binaries that are there already."""
        return (["npm", "ci", "--prefix", home, "--ignore-scripts", "--no-audit", "--no-fund"],)

    def fill(self, home: Path, items: Path) -> Sequence[Sequence[str | Path]]:
        """Tables by its own entities, products in bulk, its own index."""
        return (["env", "PEER_MAKE_TABLES=yes", "node", "seed.js", items],)

    def indexes(self) -> Sequence[str]:
        """For lists by price; its statement for words can use none."""
        return ("CREATE INDEX ON search_index_item (price)",)

    def environ(self, home: Path, door: Door, port: int) -> Mapping[str, str]:
        """What `config.js` reads."""
        del home
        return {
            "NODE_ENV": "production",
            "PGHOST": door.folder,
            "PGUSER": door.user,
            "PEER_DATABASE": door.database,
            "PEER_PORT": str(port),
        }

    def serve(self, home: Path, port: int) -> Sequence[str | Path]:
        """One process, its jobs included."""
        del home, port
        return ["node", "serve.js"]

    async def know(self, db: Db) -> None:
        """Its ids are known: a product's is its variant's, and the only way to ship is the first."""

    def listing(self) -> Wish:
        """Its index by price."""
        return Wish([_search(page, {}) for page in range(PAGES)], '"totalItems":')

    def prices(self, page: str) -> list[int]:
        """It has them in cents."""
        return [one["priceWithTax"]["value"] for one in json.loads(page)["data"]["search"]["items"]]

    def search(self) -> Wish:
        """Its index by a term."""
        return Wish([_search(page, {"term": TERM}) for page in range(PAGES)], '"totalItems":')

    def item(self) -> Wish:
        """A product with its variant."""
        return Wish([_asked(PRODUCT, {"id": str(item)}) for item in SHOWN], '"stockLevel":')

    def visitor(self, buyer: int) -> Mapping[str, str]:
        """A front's own headers; the session's token comes with the first answer."""
        del buyer
        return JSON

    async def buy(self, http: aiohttp.ClientSession, url: str, item: int, buyer: int) -> None:
        """From an empty order to one that is paid."""
        del buyer
        http.cookie_jar.clear()
        order = Order(http, url + API)
        person = {
            "firstName": "Peer",
            "lastName": "Buyer",
            "emailAddress": f"{secrets.token_hex(8)}@example.com",
        }
        address = {"streetLine1": "1 Street", "city": "Town", "postalCode": "10001", "countryCode": "US"}
        await order.step(ADD, {"id": str(item)})
        await order.step(CUSTOMER, {"input": person})
        await order.step(ADDRESS, {"input": {"fullName": "Peer Buyer", **address}})
        await order.step(SHIPPING, {"id": ["1"]})
        await order.step(ARRANGE, {})
        paid = await order.step(PAY, {"input": {"method": "dummy", "metadata": {}}})
        if paid.get("state") != PLACED:
            raise Failed(f"the order is {paid}")

    async def sold(self, db: Db, item: int) -> int:
        """Orders with a line of it that were placed."""
        return int(
            await db.value(
                'SELECT count(*) FROM order_line l JOIN "order" o ON o.id = l."orderId"'
                ' WHERE l."productVariantId" = $1 AND o."orderPlacedAt" IS NOT NULL',
                item,
            )
        )

    async def purchases(self, db: Db) -> int:
        """Orders that were placed."""
        return int(await db.value('SELECT count(*) FROM "order" WHERE "orderPlacedAt" IS NOT NULL'))


class Order:
    """An order in the making: the session that the first answer gave, and its next steps."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url
        self._session: dict[str, str] = {}

    async def step(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Send a mutation; what it made of the order."""
        body = {"query": query, "variables": variables}
        async with self._http.post(self._url, json=body, headers=self._session) as reply:
            said = await reply.json(content_type=None)
            if (token := reply.headers.get("vendure-auth-token")) is not None:
                self._session = {"Authorization": f"Bearer {token}"}
        if not said.get("data"):
            raise Failed(json.dumps(said)[:300])
        (made,) = said["data"].values()
        if made["__typename"] != "Order":
            if made.get("errorCode") in NOT_ENOUGH:
                raise SoldOut(json.dumps(made))
            raise Failed(json.dumps(made)[:300])
        return dict(made)


def _search(page: int, more: Mapping[str, Any]) -> Request:
    asked = {"take": PAGE, "skip": page * PAGE, "groupByProduct": False, "sort": {"price": "ASC"}, **more}
    return _asked(SEARCH, {"input": asked})


def _asked(query: str, variables: Mapping[str, Any]) -> Request:
    return Request(API, JSON, "POST", json.dumps({"query": query, "variables": variables}).encode())
