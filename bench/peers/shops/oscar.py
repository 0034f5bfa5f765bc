"""django-oscar under gunicorn: pages of HTML, as it has no API of its own."""

import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

from bench.peers.ground import FILES, Door
from bench.peers.shops import PAGES, SHOWN, TERM, Failed, SoldOut, Wish
from bench.wrk import Request
from tradepost.db import Db

FOUND = 302
THREADS = 4
ADDRESS = {
    "first_name": "Peer",
    "last_name": "Buyer",
    "line1": "1 Street",
    "line4": "Town",
    "state": "NY",
    "postcode": "10001",
    "country": "US",
    "phone_number": "",
}


class Oscar:
    """A guest fills a basket, says who he is and where he lives, and places the order; each step is a form of the shop's."""

    name = "oscar"
    title = "django-oscar 4.2.1"
    purchase_requests = 5
    note = "pages of HTML, as it has no API of its own; a purchase is five forms of a guest, without payment as it has none"
    programs: Sequence[str] = ()

    def install(self, home: Path) -> Sequence[Sequence[str | Path]]:
        """A virtual environment of its own."""
        pip = home / "venv" / "bin" / "pip"
        return (
            [sys.executable, "-m", "venv", home / "venv"],
            [
                pip,
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
                FILES / "oscar" / "requirements.txt",
            ],
        )

    def fill(self, home: Path, items: Path) -> Sequence[Sequence[str | Path]]:
        """Django's migrations, and oscar's models in bulk."""
        python = home / "venv" / "bin" / "python"
        return (
            [python, "manage.py", "migrate", "--noinput", "--verbosity", "0"],
            [python, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
            [python, "seed.py", items],
        )

    def indexes(self) -> Sequence[str]:
        """For lists by price."""
        return ("CREATE INDEX ON partner_stockrecord (price)",)

    def environ(self, home: Path, door: Door, port: int) -> Mapping[str, str]:
        """What `shop/settings.py` reads."""
        del port
        return {
            "PEER_HOME": str(home),
            "PEER_DATABASE": door.database,
            "PGHOST": door.folder,
            "PGUSER": door.user,
        }

    def serve(self, home: Path, port: int) -> Sequence[str | Path]:
        """One worker; with threads it keeps connections, and waits for Postgres in several of them."""
        gunicorn: list[str | Path] = [
            home / "venv" / "bin" / "gunicorn",
            "shop.wsgi",
            "--bind",
            f"127.0.0.1:{port}",
        ]
        workers = [
            "--workers",
            "1",
            "--worker-class",
            "gthread",
            "--threads",
            str(THREADS),
            "--keep-alive",
            "75",
        ]
        return [*gunicorn, *workers, "--no-control-socket", "--log-level", "error"]

    async def know(self, db: Db) -> None:
        """Its addresses are known."""

    def listing(self) -> Wish:
        """The catalogue's pages."""
        paths = [f"/catalogue/?sort_by=price-asc&page={page}" for page in range(1, PAGES + 1)]
        return Wish([Request(path) for path in paths], "product_pod")

    def prices(self, page: str) -> list[int]:
        """As its pages show them."""
        return [
            int(found.replace(".", ""))
            for found in re.findall(r'price_color">\$([0-9.]+)', page.replace(",", ""))
        ]

    def search(self) -> Wish:
        """The search's pages."""
        paths = [f"/search/?q={TERM}&sort_by=price-asc&page={page}" for page in range(1, PAGES + 1)]
        return Wish([Request(path) for path in paths], "product_pod")

    def item(self) -> Wish:
        """The products' pages."""
        return Wish([Request(f"/catalogue/item-{item}_{item}/") for item in SHOWN], "price_color")

    def visitor(self, buyer: int) -> Mapping[str, str]:
        """A browser; what else it has are cookies."""
        del buyer
        return {"Accept": "text/html"}

    async def buy(self, http: aiohttp.ClientSession, url: str, item: int, buyer: int) -> None:
        """Five forms; the token against forged ones is the visitor's own, so that no page is fetched only for it."""
        del buyer
        token = secrets.token_hex(16)
        http.cookie_jar.clear()
        http.cookie_jar.update_cookies({"csrftoken": token})
        email = f"{secrets.token_hex(8)}@example.com"
        basket = await _post(http, f"{url}/basket/add/{item}/", token, {"quantity": "1", "next": "/thanks"})
        if basket != "/thanks":
            raise SoldOut(basket)
        await _post(http, f"{url}/checkout/", token, {"username": email, "options": "anonymous"})
        await _post(http, f"{url}/checkout/shipping-address/", token, ADDRESS)
        async with http.get(f"{url}/checkout/shipping-method/", allow_redirects=False) as reply:
            await reply.read()
            if reply.status != FOUND:
                raise Failed(f"shipping-method {reply.status}")
        placed = await _post(http, f"{url}/checkout/preview/", token, {"action": "place_order"})
        if "thank-you" not in placed:
            raise SoldOut(placed)

    async def sold(self, db: Db, item: int) -> int:
        """Orders with a line of it."""
        return int(await db.value("SELECT count(*) FROM order_line WHERE product_id = $1", item))

    async def purchases(self, db: Db) -> int:
        """Orders."""
        return int(await db.value("SELECT count(*) FROM order_order"))


async def _post(http: aiohttp.ClientSession, url: str, token: str, form: Mapping[str, str]) -> str:
    """Send a form; where it leads. A form that is shown again says that the item is not to be had."""
    async with http.post(url, data={**form, "csrfmiddlewaretoken": token}, allow_redirects=False) as reply:
        body = await reply.text()
        if reply.status == FOUND:
            return str(reply.headers["Location"])
        if reply.status == 200 and "checkout/preview" in url:  # noqa: PLR2004 - HTTP's own
            return "preview again"
        raise Failed(
            f"{url.rpartition('/checkout')[2] or url} {reply.status}: {' '.join(body.split())[:120]}"
        )
