"""The example shop as a process of its own, a market at its side that makes links, and a sender who writes every byte."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from receiver.market import KEY, SECRET, Call
from tradepost.rules import notice, payment

SHOP = Path(__file__).resolve().parents[2] / "examples/shop/shop.py"
PUBLIC_HASH, SECRET_V2 = "cd" * 16, "ef" * 32
ROBIN, TONI = "76561198000000001", "76561198000000002"
WEBHOOK_KEY = b"w" * 32
PLAYERS = {ROBIN: "Robin <script>", TONI: "Toni"}
SECONDS = 30


@dataclass
class Market:
    """A market that makes a link for whoever signs as he should, and has a clock."""

    url: str = ""
    links: dict[str, dict[str, str]] = field(default_factory=dict)  # by order
    clock_moved: list[int] = field(default_factory=list)
    refuses: str | None = None

    def answer(self, method: str, path: str, body: bytes) -> dict[str, object]:
        if path == "/sandbox/clock":
            if method == "POST":
                self.clock_moved.append(json.loads(body)["advance_seconds"])
            return {"status": "success"}
        if method == "GET":  # the payment's page
            return {"status": "success"}
        if self.refuses:
            return {"status": "error", "error_message": self.refuses, "error_details": "<b>No.</b>"}
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        signed = payment.signed_text(form["order_id"], form.get("amount", ""), form["currency"])
        assert path == f"/en/pay/{PUBLIC_HASH}"
        assert form["signature"] == payment.link_signature(signed, SECRET)
        v2 = form.pop("signature_v2")
        assert v2 == payment.link_signature_v2(form, SECRET_V2)
        self.links[form["order_id"]] = form
        return {"token": "a1" * 16, "url": f"{self.url}/en/pay?token={'a1' * 16}", "status": "success"}


@asynccontextmanager
async def market() -> AsyncIterator[Market]:
    found = Market()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        length = [
            line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length")
        ]
        body = await reader.readexactly(int(length[0])) if length else b""
        said = json.dumps(found.answer(method, path, body)).encode()
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield found


@dataclass
class Running:
    """A running shop."""

    port: int
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def raw(self, data: bytes) -> bytes:
        """What the shop answers to these bytes, whatever they are."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), SECONDS)
        except ConnectionError:
            return b""
        finally:
            writer.close()

    async def ask(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        method: str = "",
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of a page."""
        body = urlencode(form).encode() if form is not None else b""
        head = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
        if form is not None:
            head |= {"Content-Length": str(len(body)), "Content-Type": "application/x-www-form-urlencoded"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        method = method or ("GET" if form is None else "POST")
        said = await self.raw(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        first, _, rest = said.partition(b"\r\n\r\n")
        status, *lines_back = first.decode().split("\r\n")
        back = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines_back)}
        return int(status.split(" ")[1]), back, rest.decode()

    async def told(self, call: Call) -> str:
        """What the shop answers to a notice."""
        return (await self.ask("/ipn?" + call.query.decode("latin-1"), call.headers))[2]

    async def balance(self, account: str) -> str:
        found: str = json.loads((await self.ask(f"/balance?account={account}"))[2])["balance"]
        return found

    async def order(self, of: Market, account: str = "1001", amount: str = "") -> str:
        """A new order of a player's, as his click on "pay with skins" makes it."""
        before = set(of.links)
        status, head, _ = await self.ask("/pay", form={"player": account, "amount": amount})
        assert status == 303 and head["location"].startswith(of.url)
        (order_id,) = set(of.links) - before
        return order_id


@asynccontextmanager
async def shop(
    folder: Path, of: Market, *, notice_keys: Sequence[bytes] = (KEY,), players: Mapping[str, str] = PLAYERS
) -> AsyncIterator[Running]:
    """The shop with two players, Robin 1001 and Toni 1002."""
    env = {
        "PATH": os.environ["PATH"],
        "SHOP_SECRET_HASH": SECRET,
        "SHOP_SECRET_V2": SECRET_V2,
        "SHOP_NOTICE_SECRET": ",".join(notice.write_secret(key) for key in notice_keys),
        "SHOP_WEBHOOK_SECRET": notice.write_secret(WEBHOOK_KEY),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SHOP), "--port", "0", "--market-url", of.url, "--public-hash", PUBLIC_HASH,
        *(word for steamid, name in players.items() for word in ("--player", f"{steamid}={name}")),
        "--database", str(folder / "shop.db"),
        env=env, stdout=asyncio.subprocess.PIPE, stderr=(folder / "shop.log").open("ab"),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), SECONDS)
        yield Running(int(line.decode().rstrip("/\n").rpartition(":")[2]), process)
        if process.returncode is None:  # the test did not kill it
            process.terminate()
            assert await asyncio.wait_for(process.wait(), SECONDS) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
