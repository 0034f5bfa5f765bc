"""What the market's pages cost with so many offers on the shelf: `python -m bench.pages 100000`.

A Postgres of its own has the catalogue, the shelf is filled in this process, and each page is asked of the whole program
as its server asks it, without a socket. Figures are milliseconds of process and database together: the median and the
95th of a hundred; and how long a page is. The last line is what a browser loads for the first page, as it is sent.
"""

import argparse
import asyncio
import gzip
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from bench.shelf import PROJECT, load
from tradepost import embedded
from tradepost.app import Clock, open_app
from tradepost.config import Settings
from tradepost.db import create_database, migrate
from tradepost.dialects.sheets import Static
from tradepost.server import create

TIMES = 200
PAGES = (
    "/",
    "/market",
    "/market?search=redline",
    "/market?type=AK-47&exterior=Factory+New&sort=cheapest",
    "/market?price_from=1&price_to=20&float_to=0.07&sort=float_low",
    "/market?names=1&sort=dearest",
    "/market?page=900",
)
FIRST = ("web.css", "market.css", "page.js", "htmx.min.js", "mark.svg")


async def main() -> None:
    """Fill, ask, and print a line for each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("offers", type=int, nargs="?", default=100_000)
    count = parser.parse_args().offers
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        async with embedded.server(Path(home), durable=False) as server:
            dsn = await create_database(server.dsn, "bench")
            await migrate(dsn)
            async with open_app(Settings(mode="sandbox"), dsn) as app:
                load(app.shelves, count)
                await app.db.executemany(
                    "INSERT INTO steam_item (project, market_hash_name, price_cents, priced_at, icon) VALUES ($1, $2, $3, $4, 'icon')",
                    [(PROJECT, name, 100 + at, Clock.real_now()) for at, name in enumerate(app.shelves.names(PROJECT))],
                )  # fmt: skip
                await app.db.execute("ANALYZE")
                program, sizes = create(app), dict[str, int]()
                for page in PAGES:
                    body = await _ask(program, page)
                    spent = [await _timed(program, page) for _ in range(TIMES)]
                    cuts = statistics.quantiles(spent, n=20)
                    sizes[page] = len(body)
                    print(f"{page:64} {statistics.median(spent):7.2f} {cuts[-1]:7.2f} {len(body):8,} bytes")
                static = Static("tradepost.dialects.web", "/static").sheets
                files = sum(len(static[name].compressed) for name in FIRST if name in static)
                whole = sizes["/"] + files
                print(f"the first page with its styles and scripts: {whole:,} bytes without pictures")
                print(f"(its HTML would be {len(gzip.compress(await _ask(program, '/'))):,} compressed)")


async def _timed(program: ASGIApp, page: str) -> float:
    begun = time.perf_counter()
    await _ask(program, page)
    return (time.perf_counter() - begun) * 1000


async def _ask(program: ASGIApp, page: str) -> bytes:
    path, _, query = page.partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "root_path": "", "headers": [(b"host", b"127.0.0.1:8000")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    status, pieces = 0, list[bytes]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        pieces.append(message.get("body", b""))

    await program(scope, receive, send)
    if status != 200:  # noqa: PLR2004 - all is well
        raise RuntimeError(f"{page} was answered {status}")
    return b"".join(pieces)


if __name__ == "__main__":
    asyncio.run(main())
