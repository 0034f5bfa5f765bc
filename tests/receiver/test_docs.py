"""The receivers in docs/api/receiving.md are right: each is run as it stands there, and the doctor finds nothing."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from examples.running import PUBLIC_HASH, SECRET_V2, market
from receiver.command import of, run
from receiver.market import IPN, KEY, SECRET, signed, told
from receiver.merchants import Merchant, open_at
from tradepost import dial
from tradepost.market.ipn_doctor import Visit, examine
from tradepost.receiver import SqliteStore
from tradepost.rules import notice
from tradepost.rules.ipn_doctor import Outcome

DOCS = Path(__file__).resolve().parents[2] / "docs/api"
PAGE = (DOCS / "receiving.md").read_text(encoding="utf-8")
PIECES = dict(re.findall(r"```(?:python\n# |php\n<\?php // )(\w+\.(?:py|php))\n(.*?)```", PAGE, re.DOTALL))
TABLES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)[0]
HERE = dial.Policy((ip_network("127.0.0.0/8"),), total_seconds=15.0)
ENVIRON = {
    "PATH": os.environ["PATH"],
    "SECRET_HASH": SECRET,
    "NOTICE_SECRET": notice.write_secret(KEY),
    "WEBHOOK_SECRET": notice.write_secret(KEY),
    "SECRET_V2": SECRET_V2,
    "PUBLIC_HASH": PUBLIC_HASH,
    "SHOP_DATABASE": "shop.db",
}
SECONDS = 30

SERVE = """
import socketserver, sys, wsgiref.simple_server as simple
sys.path.insert(0, ".")
import {module}
class Server(socketserver.ThreadingMixIn, simple.WSGIServer):
    daemon_threads = True
with simple.make_server("127.0.0.1", {port}, {module}.application, Server) as server:
    server.serve_forever()
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def written(folder: Path) -> None:
    """The pieces of the page as files, with the interpreter's own line before the PHP."""
    for name, text in PIECES.items():
        (folder / name).write_text(f"<?php\n{text}" if name.endswith(".php") else text, encoding="utf-8")


@asynccontextmanager
async def serving(folder: Path, *command: str, port: int) -> AsyncIterator[str]:
    """A receiver of the page, listening."""
    environ = ENVIRON | {"PHP_CLI_SERVER_WORKERS": "4"}
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environ, stdout=log, stderr=log, start_new_session=True
        )
    try:
        for _ in range(SECONDS * 20):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.returncode is None, (folder / "log").read_text()
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # PHP's workers are processes of their own
        await asyncio.wait_for(process.wait(), SECONDS)


def wsgi(module: str, port: int) -> tuple[str, ...]:
    return sys.executable, "-c", SERVE.format(module=module, port=port)


def of_the_store(path: Path) -> Callable[[str], int]:
    store = SqliteStore(path)
    store.new_order("1001", "order-1-o")
    return store.balance_cents


def of_the_tables(path: Path) -> Callable[[str], int]:
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(TABLES)
        db.execute("INSERT INTO player (account) VALUES ('1001'), ('1002')")
        db.execute("INSERT INTO shop_order VALUES ('order-1-o', '1001')")

    def balance(account: str) -> int:
        with closing(sqlite3.connect(path)) as db:
            found: int = db.execute(
                "SELECT balance_cents FROM player WHERE account = ?", [account]
            ).fetchone()[0]
        return found

    return balance


@asynccontextmanager
async def balances(of: Callable[[str], int]) -> AsyncIterator[str]:
    """An address at which the doctor asks for balances, beside the receiver."""

    class Beside(Merchant):
        def balance(self, account: str) -> str:
            cents = of(account)
            return json.dumps({"balance": f"{cents // 100}.{cents % 100:02d}"})

    async with open_at(Beside()) as beside:
        yield f"{beside.url}/balance?account={{account}}"


async def examined(url: str, balance_url: str) -> None:
    visit = Visit(
        url=url, secret=SECRET, order_id="order-1-o", account="1001", notice_secrets=[KEY],
        balance_url=balance_url, patience_seconds=0.2,
    )  # fmt: skip
    found = [verdict async for verdict in examine(visit, HERE, lambda: datetime.now(UTC))]
    assert len(found) == 13
    assert [(one.case, one.told, one.heard) for one in found if one.outcome is not Outcome.RIGHT] == []


@pytest.mark.parametrize(
    ("module", "books"), [("ipn", of_the_store), ("own", of_the_tables)], ids=["ipn.py", "own.py"]
)
async def test_a_receiver_in_python_is_found_right(
    tmp_path: Path, module: str, books: Callable[[Path], Callable[[str], int]]
) -> None:
    written(tmp_path)
    balance, port = books(tmp_path / "shop.db"), free_port()
    async with balances(balance) as balance_url, serving(tmp_path, *wsgi(module, port), port=port) as url:
        await examined(f"{url}/ipn?shop=7", balance_url)


async def test_the_route_in_an_asgi_program_is_found_right(tmp_path: Path) -> None:
    written(tmp_path)
    balance, port = of_the_store(tmp_path / "shop.db"), free_port()
    command = (sys.executable, "-m", "uvicorn", "server:app", "--port", str(port))
    async with balances(balance) as balance_url, serving(tmp_path, *command, port=port) as url:
        await examined(f"{url}/ipn", balance_url)


def why_no_php() -> str | None:
    """Why the page's PHP cannot be run here, if it cannot."""
    php = shutil.which("php")
    if php is None:
        return "PHP is not installed"
    asked = [php, "-r", "echo implode(' ', PDO::getAvailableDrivers());"]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return None if "sqlite" in found.split() else "PHP has no PDO for SQLite (php-sqlite3)"


async def test_the_receiver_in_php_is_found_right(tmp_path: Path) -> None:
    if reason := why_no_php():
        pytest.skip(reason)
    written(tmp_path)
    balance, port = of_the_tables(tmp_path / "shop.db"), free_port()
    async with (
        balances(balance) as balance_url,
        serving(tmp_path, "php", "-S", f"127.0.0.1:{port}", port=port) as url,
    ):
        await examined(f"{url}/ipn.php?shop=7", balance_url)
        for call in (told(), told().but(told(replace(IPN, amount_cents=1)).query)):
            reply = await dial.call(HERE, "GET", f"{url}/ipn.php?{call.query.decode()}", headers={})
            assert (reply.status, reply.body) == (401, b"error")
        test = told(replace(IPN, amount_cents=0, is_test=True, order_id="test-1"))
        headers = signed(test.query, at=int(datetime.now(UTC).timestamp())).headers
        reply = await dial.call(HERE, "GET", f"{url}/ipn.php?{test.query.decode()}", headers=headers)
        assert (reply.status, reply.body) == (200, b"ok")


def test_what_is_demanded_of_a_notice_is_the_same_code_on_both_pages() -> None:
    """pay.md stops where the shop credits; what comes before is run whole, above and in tests/dialects/test_pay.py."""
    page = (DOCS / "pay.md").read_text(encoding="utf-8")
    (short,) = (
        code for code in re.findall(r"```php\n<\?php\n(.*?)```", page, re.DOTALL) if "QUERY_STRING" in code
    )
    demanded, mark, credited = short.partition("// 4.")
    assert mark and PIECES["ipn.php"].startswith(f"{demanded}// 4.") and "credit(" in credited


async def test_a_link_is_asked_for_as_the_page_has_it(tmp_path: Path) -> None:
    written(tmp_path)
    async with market() as beside:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "link.py", cwd=tmp_path, env=ENVIRON | {"MARKET_URL": beside.url},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, complained = await asyncio.wait_for(process.communicate(), SECONDS)
    assert (said.decode(), complained) == (f"{beside.url}/en/pay?token={'a1' * 16}\n", b"")
    (asked,) = beside.links.values()
    assert (asked["account"], asked["amount"]) == ("1001", "12.50")


def test_a_reversal_is_taken_back_as_the_page_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEBHOOK_SECRET", ENVIRON["WEBHOOK_SECRET"])
    store = SqliteStore("shop.db")
    store.new_order("1001", "order-1-o")
    names: dict[str, object] = {}
    exec(PIECES["reversals.py"], names)  # noqa: S102 - it is what is tested
    received = names["received"]
    assert callable(received)
    body = json.dumps(
        {"type": "payment.reversed", "data": {"trade_id": IPN.trade_id, "credited": True}}
    ).encode()
    headers = signed(body, at=int(datetime.now(UTC).timestamp())).headers
    assert [received(body, headers), received(body, headers), received(body + b" ", headers)] == [
        204,
        204,
        401,
    ]
    with store.transaction() as tx:
        assert tx.execute("SELECT trade_id FROM reversal").fetchall() == [(IPN.trade_id,)]


async def test_the_doctor_says_what_the_page_shows() -> None:
    shown = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[0]
    async with open_at(Merchant()) as merchant:
        more = ("--balance-url", f"{merchant.url}/balance?account={{account}}")
        _, said, _ = await run(*of(merchant, *more), IPN_SECRET_HASH=SECRET)
        assert f"{merchant.balances['1001'] / 100:.2f} in all" in PAGE
    said = said.replace(merchant.url, "https://shop.example").replace("order-1", "order-1-o")
    assert re.sub(r"\d+ ms", "N ms", said).startswith(re.sub(r"\d+ ms", "N ms", shown))


def test_every_piece_of_the_page_is_run() -> None:
    blocks = PAGE.count("```python\n") + PAGE.count("```php\n")
    assert len(PIECES) == blocks and set(PIECES) == {
        "ipn.py",
        "server.py",
        "own.py",
        "link.py",
        "reversals.py",
        "ipn.php",
    }
