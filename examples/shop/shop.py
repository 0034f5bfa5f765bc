"""An example shop: a tiny game site whose players fill their balance with Steam skins.

One program, with the standard library and `tradepost.receiver`. What it shows:

- POST /pay         makes an order of its own, asks the market for a payment link and sends the player there
- GET  /ipn         receives the market's notice of each sold skin (the callback URL): credited once, whatever comes
- POST /notices     receives the market's webhook, where one is set: a reversed skin is taken back
- GET  /            the player's balance and orders, which follow what happens without a reload
- GET  /balance     {"account": "1001", "balance": "6.66"}, so that `tradepost ipn-doctor` can judge it

It has no sign-in: whoever opens it plays as whom he chooses. Everything else is as in a shop that is one.
"""

import argparse
import json
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from html import escape
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from tradepost.receiver import (
    Link,
    LinkRefused,
    Receiver,
    Refused,
    SqliteStore,
    ask_link,
    link_parameters,
    new_order_id,
    verified_webhook,
)
from tradepost.receiver.signed import key_of

BODY_BYTES_MAX = 65_536
THREADS_MAX = 64
SILENT_SECONDS = 10.0  # a caller who sends nothing for so long is hung up on
CALL_SECONDS = 30.0  # and whoever is not done by then
SANDBOX_SECONDS = 10.0  # how long it is remembered whether the market's clock can be moved
MARKET_SECONDS = 3.0
SEVEN_DAYS_SECONDS = 7 * 24 * 3600
FIRST_ACCOUNT = 1001
FOLDER = Path(__file__).parent / "static"
STATIC = {
    "shop.css": "text/css; charset=utf-8",
    "shop.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
ORDERS_SHOWN = 20

AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,2})?")
NOTHING = re.compile(r"[0.]+")
ACCOUNT = re.compile(r"[0-9]{1,20}")

logger = logging.getLogger("shop")

Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


# The shop's books --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody who plays here; `account` is his number in this shop."""

    account: str
    steamid: str
    name: str


@dataclass(frozen=True, slots=True)
class Order:
    """A payment that a player began; `url` leads back to it."""

    order_id: str
    amount: str
    url: str
    made_at: str


class Books(SqliteStore):
    """The receiver's tables, and beside them the shop's own: its players, and what it knows of each order."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        with self.transaction() as tx:
            tx.execute(
                "CREATE TABLE IF NOT EXISTS player (account INTEGER PRIMARY KEY AUTOINCREMENT,"
                " steamid TEXT NOT NULL UNIQUE, name TEXT NOT NULL)"
            )
            tx.execute(
                "CREATE TABLE IF NOT EXISTS link (order_id TEXT PRIMARY KEY REFERENCES shop_order,"
                " amount TEXT NOT NULL, url TEXT NOT NULL, made_at TEXT NOT NULL)"
            )

    def know(self, steamid: str, name: str) -> None:
        """Let somebody play here, under the number that he has, or a new one."""
        with self.transaction() as tx:
            if tx.execute("SELECT count(*) FROM player").fetchone()[0]:
                tx.execute(
                    "INSERT INTO player (steamid, name) VALUES (?, ?)"
                    " ON CONFLICT (steamid) DO UPDATE SET name = excluded.name",
                    (steamid, name),
                )
            else:
                tx.execute("INSERT INTO player VALUES (?, ?, ?)", (FIRST_ACCOUNT, steamid, name))

    def players(self) -> list[Player]:
        """Return everybody who plays here."""
        with closing(self._open()) as db:
            rows = db.execute("SELECT account, steamid, name FROM player ORDER BY account").fetchall()
        return [Player(str(account), steamid, name) for account, steamid, name in rows]

    def begin(self, player: Player, order_id: str, amount: str) -> None:
        """Keep an order before its link is asked for: its notice can only come to an order that is there."""
        made_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        with self.transaction() as tx:
            tx.execute("INSERT INTO shop_order (order_id, account) VALUES (?, ?)", (order_id, player.account))
            tx.execute("INSERT INTO link VALUES (?, ?, '', ?)", (order_id, amount, made_at))

    def forget(self, order_id: str) -> None:
        """Forget an order that the market made no link for."""
        with self.transaction() as tx:
            tx.execute("DELETE FROM link WHERE order_id = ?", (order_id,))
            tx.execute("DELETE FROM shop_order WHERE order_id = ?", (order_id,))

    def linked(self, order_id: str, url: str) -> None:
        """Keep where an order is paid."""
        with self.transaction() as tx:
            tx.execute("UPDATE link SET url = ? WHERE order_id = ?", (url, order_id))

    def orders(self, account: str) -> list[Order]:
        """Return a player's orders, the newest first."""
        with closing(self._open()) as db:
            rows = db.execute(
                "SELECT order_id, amount, url, made_at FROM link JOIN shop_order USING (order_id)"
                " WHERE account = ? AND url <> '' ORDER BY link.rowid DESC LIMIT ?",
                (account, ORDERS_SHOWN),
            ).fetchall()
        return [Order(*row) for row in rows]


def written(cents: int) -> str:
    """Return cents as a text: 666 is "6.66"."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


# Answers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call is answered."""

    status: int
    body: bytes
    kind: str = "text/html; charset=utf-8"
    more: tuple[tuple[str, str], ...] = ()


class NotTaken(Exception):
    """A call that makes no sense here; the text says why to a person."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


def _json(content: object) -> Reply:
    return Reply(200, json.dumps(content).encode(), "application/json")


def _origin(url: str) -> str:
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))


def _away(url: str) -> Reply:
    return Reply(303, b"", more=(("Location", url),))


# The shop ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """Where the market is, and what the shop shares with it."""

    market_url: str
    public_hash: str
    secret_hashes: Sequence[str]
    notice_secrets: Sequence[str] = ()
    webhook_secrets: Sequence[str] = ()
    secret_v2: str | None = None
    name: str = "Lantern Arcade"


class Shop:
    """The site: a WSGI app."""

    def __init__(self, terms: Terms, books: Books) -> None:
        self._terms, self._books = terms, books
        self._receiver = Receiver(books, terms.secret_hashes, terms.notice_secrets)
        for one in terms.webhook_secrets:
            key_of(one)  # one that is none is said now, and not when the first webhook comes
        self._sandbox = (
            False,
            0.0,
        )  # whether the market's clock can be moved, and until when that is believed
        self._market = _origin(terms.market_url)
        self._ways: dict[tuple[str, str], Callable[[Environ], Reply]] = {
            ("GET", "/"): self._home,
            ("GET", "/panel"): self._panel,
            ("GET", "/balance"): self._balance,
            **{("GET", f"/{name}"): partial(_asset, name, kind) for name, kind in STATIC.items()},
            ("POST", "/pay"): self._pay,
            ("POST", "/seven-days"): self._seven_days,
            ("POST", "/notices"): self._webhook,
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call."""
        path = str(environ.get("PATH_INFO", "/"))
        if path == "/ipn":
            return self._receiver.wsgi(environ, start_response)
        reply = self._answer(environ, path)
        start_response(
            f"{reply.status} {HTTPStatus(reply.status).phrase}",
            [
                ("Content-Type", reply.kind),
                ("Content-Length", str(len(reply.body))),
                ("X-Content-Type-Options", "nosniff"),
                # Not "no-referrer": browsers would then send `Origin: null` with this shop's own forms.
                ("Referrer-Policy", "same-origin"),
                ("Content-Security-Policy", self._policy()),
                *(reply.more or (("Cache-Control", "no-store"),)),
            ],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [reply.body]

    def _policy(self) -> str:
        """Nothing from elsewhere and nothing inline; a form may lead on to the market, where it redirects to."""
        return (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self';"
            f" form-action 'self' {self._market}; base-uri 'none'; frame-ancestors 'none'"
        )

    def _answer(self, environ: Environ, path: str) -> Reply:
        method = "GET" if environ["REQUEST_METHOD"] == "HEAD" else str(environ["REQUEST_METHOD"])
        way = self._ways.get((method, path))
        try:
            if way is None:
                raise NotTaken(404, "There is nothing here.")
            return way(environ)
        except NotTaken as error:
            return self._sorry(error.status, str(error))
        except Exception:
            logger.exception("a call failed")
            return self._sorry(500, "Something went wrong in this shop; its log says what.")

    def _sorry(self, status: int, sentence: str) -> Reply:
        body = f'<section class="card"><h1>That did not work</h1><p>{escape(sentence)}</p><p><a href="/">Back to the shop</a></p></section>'
        return Reply(status, _page(self._terms.name, "", body).encode())

    # Pages ------------------------------------------------------------------------------------------------

    def _home(self, environ: Environ) -> Reply:
        player = self._player(_query(environ).get("player", ""))
        others = "".join(
            f'<a href="/?player={one.account}"{" aria-current=page" if one == player else ""}>{escape(one.name)}</a>'
            for one in self._books.players()
        )
        clock = ""
        if self._has_sandbox():
            clock = CLOCK.format(account=player.account)
        body = HOME.format(
            account=player.account,
            name=escape(player.name),
            steamid=escape(player.steamid),
            panel=self._rendered(player),
            clock=clock,
        )
        return Reply(200, _page(self._terms.name, others, body).encode())

    def _panel(self, environ: Environ) -> Reply:
        """What changes by itself; the page asks for it again and again."""
        player = self._player(_query(environ).get("player", ""))
        return Reply(200, self._rendered(player).encode())

    def _rendered(self, player: Player) -> str:
        credited = self._books.credits(player.account)
        total = sum(one.amount_cents for one in credited if not one.is_reversed)
        orders = []
        for order in self._books.orders(player.account):
            rows = "".join(
                f'<li class="{"gone" if one.is_reversed else "got"}"><span>Skin sold{", taken back" if one.is_reversed else ""}'
                f" <code>{escape(one.trade_id)}</code></span><b>+{written(one.amount_cents)}</b></li>"
                for one in credited
                if one.order_id == order.order_id
            )
            asked = f" for about ${escape(order.amount)}" if order.amount else ""
            orders.append(
                f'<article><header><h3>Payment{asked}</h3><a href="{escape(order.url)}">Open payment</a></header>'
                f'<p class="quiet"><code>{escape(order.order_id)}</code> begun {escape(order.made_at)} UTC</p>'
                + (
                    f"<ul>{rows}</ul>"
                    if rows
                    else '<p class="quiet">Nothing credited yet: skins are put on sale, sold, sent, and then Steam protects the trade for a while.</p>'
                )
                + "</article>"
            )
        listed = "".join(orders) or '<p class="quiet">You have not paid with skins yet.</p>'
        return PANEL.format(balance=written(total), orders=listed)

    def _balance(self, environ: Environ) -> Reply:
        account = _query(environ).get("account", "")
        if not ACCOUNT.fullmatch(account):
            raise NotTaken(400, "An account is a number.")
        return _json({"account": account, "balance": written(self._books.balance_cents(account))})

    def _player(self, account: str) -> Player:
        players = self._books.players()
        found = [one for one in players if one.account == account] or ([] if account else players[:1])
        if not found:
            raise NotTaken(404, "Nobody plays here under that number.")
        return found[0]

    # Deeds ------------------------------------------------------------------------------------------------

    def _pay(self, environ: Environ) -> Reply:
        form = _own_form(environ)
        player, amount = self._player(form.get("player", "")), form.get("amount", "").strip()
        if amount and (not AMOUNT.fullmatch(amount) or NOTHING.fullmatch(amount)):
            raise NotTaken(400, "An amount looks like 12.50 and is at least 0.01; or leave it empty.")
        order_id = new_order_id()
        self._books.begin(player, order_id, amount)
        parameters = link_parameters(
            self._terms.secret_hashes[0],
            order_id=order_id,
            account=player.account,
            security_steam_id=player.steamid,
            amount=amount,
            secret_v2=self._terms.secret_v2,
        )
        try:
            link = self._ask(parameters)
        except Exception:
            # Also where the market is silent: if it made a link all the same, nobody was told of it, so nobody can pay.
            self._books.forget(order_id)
            raise
        self._books.linked(order_id, link.url)
        if _origin(link.url) != self._market:  # the page's policy lets a form lead to the market alone
            onward = f'<section class="card"><h1>One more step</h1><p><a href="{escape(link.url)}">Go on to the market</a></p></section>'
            return Reply(200, _page(self._terms.name, "", onward).encode())
        return _away(link.url)

    def _ask(self, parameters: Mapping[str, str]) -> Link:
        try:
            link = ask_link(self._terms.market_url, self._terms.public_hash, parameters)
        except LinkRefused as refused:
            raise NotTaken(502, f"The market made no payment link: {str(refused).rstrip('.')}.") from refused
        except OSError as error:
            raise NotTaken(502, "The market does not answer at the moment; nothing was begun.") from error
        if not link.url.startswith(("https://", "http://")):
            raise NotTaken(502, "The market's link is no address.")
        return link

    def _webhook(self, environ: Environ) -> Reply:
        """Believe a webhook with its signature alone; of all it may tell, only a reversal matters here."""
        headers = {
            name: str(environ[key])
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
            if (key := f"HTTP_{name.upper().replace('-', '_')}") in environ
        }
        try:
            told = verified_webhook(self._terms.webhook_secrets, headers, _body(environ))
        except Refused as refused:
            logger.warning("webhook refused: %s", refused.reason)
            return Reply(refused.status, b"", "text/plain")
        data = told.get("data")
        if told.get("type") == "payment.reversed" and isinstance(data, dict):
            self._books.take_back(str(data.get("trade_id", "")))
        return Reply(204, b"", "text/plain")

    def _has_sandbox(self) -> bool:
        """Whether the market's clock can be moved; asked now and then."""
        known, until = self._sandbox
        if time.monotonic() < until:
            return known
        try:
            with urlopen(f"{self._terms.market_url}/sandbox/clock", timeout=MARKET_SECONDS) as response:  # noqa: S310 - the operator's own address
                found = bool(response.status == HTTPStatus.OK)
        except (OSError, HTTPException):
            found = False
        self._sandbox = (found, time.monotonic() + SANDBOX_SECONDS)
        return found

    def _seven_days(self, environ: Environ) -> Reply:
        player = self._player(_own_form(environ).get("player", ""))
        request = Request(  # noqa: S310 - the operator's own address
            f"{self._terms.market_url}/sandbox/clock",
            data=json.dumps({"advance_seconds": SEVEN_DAYS_SECONDS}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=MARKET_SECONDS):  # noqa: S310 - as above
                pass
        except (OSError, HTTPException) as error:
            raise NotTaken(502, "The market's clock could not be moved.") from error
        return _away(f"/?player={player.account}")


# Reading what comes ------------------------------------------------------------------------------------------


def _query(environ: Environ) -> dict[str, str]:
    found = parse_qs(str(environ.get("QUERY_STRING", "")), max_num_fields=64)
    return {name: values[0] for name, values in found.items()}


def _body(environ: Environ) -> bytes:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not ACCOUNT.fullmatch(length) or int(length) > BODY_BYTES_MAX:
        raise NotTaken(413, f"A body has at most {BODY_BYTES_MAX} bytes.")
    body: bytes = environ["wsgi.input"].read(int(length))
    return body


def _own_form(environ: Environ) -> dict[str, str]:
    """A form of this site's own pages: another site's page may not post it for its visitor."""
    if environ.get("HTTP_SEC_FETCH_SITE", "same-origin") not in {"same-origin", "none"}:
        raise NotTaken(403, "That form was not this shop's own.")
    origin = str(environ.get("HTTP_ORIGIN", ""))
    if origin and urlsplit(origin).netloc != environ.get("HTTP_HOST"):
        raise NotTaken(403, "That form was not this shop's own.")
    try:
        found = parse_qs(_body(environ).decode("ascii"), max_num_fields=64)
    except ValueError:
        raise NotTaken(400, "That form cannot be read.") from None
    return {name: values[0] for name, values in found.items()}


# What is shown -----------------------------------------------------------------------------------------------


def _asset(name: str, kind: str, _: Environ) -> Reply:
    return Reply(200, (FOLDER / name).read_bytes(), kind, (("Cache-Control", "no-cache"),))


def _page(shop: str, others: str, body: str) -> str:
    return PAGE.format(shop=escape(shop), others=others, body=body)


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{shop}</title>
<link rel="icon" href="/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/shop.css">
<script src="/shop.js" defer></script>
</head>
<body>
<header class="top"><a class="brand" href="/"><img src="/mark.svg" alt="" width="30" height="30"> {shop}</a><nav aria-label="Play as">{others}</nav></header>
<main>{body}</main>
<footer>An example of a site that is paid with Steam skins. Nothing here is worth anything.</footer>
</body>
</html>
"""

HOME = """<div class="grid">
<div>
<section class="card hero">
<p class="quiet">Playing as <b>{name}</b>, number {account} here, {steamid} on Steam</p>
<form method="post" action="/pay">
<h1>Fill your balance with skins</h1>
<p>Choose skins from your Steam inventory. Others buy them on the market, and what they bring is added to your balance here.</p>
<input type="hidden" name="player" value="{account}">
<label for="amount">About how much, in USD <span class="quiet">(may be left empty)</span></label>
<div class="row"><input id="amount" name="amount" inputmode="decimal" autocomplete="off" placeholder="10.00" pattern="(0|[1-9][0-9]*)([.][0-9][0-9]?)?" maxlength="10" title="An amount such as 12.50">
<button>Pay with skins</button></div>
</form>
</section>
<section class="card how"><h2>What happens then</h2>
<ol><li>The market asks you to sign in through Steam, as the player you are here.</li>
<li>You choose skins, see what each will bring, and put them on sale.</li>
<li>A buyer comes, and your program sends him the skin.</li>
<li>Steam lets a trade of CS2 skins be taken back for seven days. After that the money is certain, and is added here.</li></ol>
{clock}
</section>
</div>
<div id="panel" data-account="{account}">{panel}</div>
</div>"""

CLOCK = """<form method="post" action="/seven-days" class="clock"><input type="hidden" name="player" value="{account}">
<p>This market is a sandbox: its clock can be moved.</p><button class="second">Let seven days pass</button></form>"""

PANEL = """<section class="card balance"><h2>Your balance</h2><p class="money" role="status"><span>$</span>{balance}</p></section>
<section class="card orders"><h2>Your payments</h2>{orders}</section>"""


# The server --------------------------------------------------------------------------------------------------


class _Handler(WSGIRequestHandler):
    """Reads one call, from somebody who has a limited time for it."""

    timeout = SILENT_SECONDS

    def handle(self) -> None:
        """Answer one call, and hang up on who is not done in time, though he sends a byte now and then."""
        end = threading.Timer(CALL_SECONDS, self._hang_up)
        end.daemon = True
        end.start()
        try:
            super().handle()
        except OSError:
            logger.debug("a caller hung up")
        finally:
            end.cancel()

    def _hang_up(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            logger.debug("a caller was gone already")

    def log_message(self, format: str, *args: Any) -> None:
        """Into the log, and what a stranger sent without what a terminal would obey."""
        logger.debug("%s", ascii(format % args))


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each call, up to a number."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: Shop) -> None:
        self._free = threading.BoundedSemaphore(THREADS_MAX)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)
        self.set_app(app)

    def server_bind(self) -> None:
        """Bind without asking a name server what we are called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a call once there is a thread for it."""
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a call, and give its thread back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Into the log."""
        logger.exception("a call failed")


def _player(text: str) -> tuple[str, str]:
    steamid, _, name = text.partition("=")
    if not re.fullmatch(r"7656119[0-9]{10}", steamid) or not name.isprintable():
        raise argparse.ArgumentTypeError("a player looks like 76561198000000001=Robin")
    return steamid, name or steamid


def options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; secrets may as well come from the environment, which other users do not see."""
    env = os.environ.get
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=9000, help="the port to listen on (9000)")
    parser.add_argument(
        "--market-url",
        default=env("SHOP_MARKET_URL", "http://127.0.0.1:8000"),
        help="the market (SHOP_MARKET_URL)",
    )
    parser.add_argument(
        "--public-hash", default=env("SHOP_PUBLIC_HASH"), help="of your gateway (SHOP_PUBLIC_HASH)"
    )
    parser.add_argument(
        "--secret-hash",
        action="append",
        help="of your gateway; twice while it is rotated, the one to sign with first (SHOP_SECRET_HASH, two with a comma)",
    )
    parser.add_argument(
        "--notice-secret",
        action="append",
        help="whsec_... of the notices' headers: then they are demanded (SHOP_NOTICE_SECRET)",
    )
    parser.add_argument(
        "--webhook-secret",
        action="append",
        help="whsec_... of the webhook, if one leads to /notices (SHOP_WEBHOOK_SECRET)",
    )
    parser.add_argument(
        "--secret-v2", default=env("SHOP_SECRET_V2"), help="for signature_v2 of links (SHOP_SECRET_V2)"
    )
    parser.add_argument(
        "--player",
        type=_player,
        action="append",
        default=[],
        metavar="STEAMID=NAME",
        help="who plays here; may be repeated",
    )
    parser.add_argument("--steamid", help="the one who plays here, with --name")
    parser.add_argument("--name", default="You", help="how the one of --steamid is called (You)")
    parser.add_argument(
        "--shop-name", default="Lantern Arcade", help="what the shop is called (Lantern Arcade)"
    )
    parser.add_argument(
        "--database", type=Path, default=Path("shop.db"), help="the shop's SQLite file (shop.db)"
    )
    found = parser.parse_args(argv)
    for name in ("secret_hash", "notice_secret", "webhook_secret"):
        given = getattr(found, name) or (env(f"SHOP_{name.upper()}") or "").split(",")
        setattr(found, name, [one for one in given if one])
    if found.steamid:
        found.player.insert(0, _the_player(parser, found))
    if not found.public_hash or not found.secret_hash:
        parser.error(
            "--public-hash and --secret-hash are needed: they are on the market's page for merchants"
        )
    if not found.player:
        parser.error("somebody has to play: --steamid 7656119... or --player 7656119...=Name")
    return found


def _the_player(parser: argparse.ArgumentParser, found: argparse.Namespace) -> tuple[str, str]:
    """The player of --steamid and --name."""
    try:
        return _player(f"{found.steamid}={found.name}")
    except argparse.ArgumentTypeError as error:
        parser.error(f"--steamid: {error}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the shop until Ctrl-C or SIGTERM."""
    found = options(argv)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    books = Books(found.database)
    for steamid, name in found.player:
        books.know(steamid, name)
    try:
        terms = Terms(
            market_url=found.market_url.rstrip("/"),
            public_hash=found.public_hash,
            secret_hashes=found.secret_hash,
            notice_secrets=found.notice_secret,
            webhook_secrets=found.webhook_secret,
            secret_v2=found.secret_v2 or None,
            name=found.shop_name,
        )
        shop = Shop(terms, books)
    except ValueError as error:
        sys.stderr.write(f"shop: {error}\n")
        return 2
    try:
        server = Server((found.host, found.port), shop)
    except OSError as error:
        sys.stderr.write(f"shop: {found.host} port {found.port}: {error.strerror}\n")
        return 1
    with server, suppress(KeyboardInterrupt):
        host = f"[{found.host}]" if ":" in found.host else found.host
        sys.stdout.write(f"{found.shop_name} is at http://{host}:{server.server_port}/\n")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.1)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
