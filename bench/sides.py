"""Both sides of the reads: our server and nginx on core 0, of which one waits while the other is asked for the same."""

import gzip
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
from yarl import URL

from bench import asking, wrk
from bench.copies import Copies, Differs, answer
from bench.nginx import Nginx, nginx
from bench.pairs import Run, Side, measured
from bench.town import Serving, Town
from tradepost.rules.money import read_cents

PLAIN: Mapping[str, str] = {"Accept-Encoding": "identity"}
GZIP: Mapping[str, str] = {"Accept-Encoding": "gzip"}
BEHIND = "tradepost_shelf_behind_offers "
TRUTH = """
    SELECT count(*) AS total, (SELECT array_agg(price_cents) FROM (
               SELECT price_cents FROM offer WHERE state = 'on_sale' ORDER BY price_cents LIMIT $1) cheapest) AS prices
      FROM offer WHERE state = 'on_sale'
"""


class _Shown(msgspec.Struct):
    """What is looked at of an offer in a list."""

    price: str


class _Metadata(msgspec.Struct):
    total: int


class _List(msgspec.Struct):
    """What is looked at of a list."""

    data: list[_Shown]
    metadata: _Metadata


@dataclass(frozen=True, slots=True)
class Sides:
    """Two servers, and copies of what ours answered for nginx to send."""

    market: Town
    ours: Serving
    theirs: Nginx
    copies: Copies

    @property
    def their_url(self) -> str:
        """nginx's address."""
        return f"http://127.0.0.1:{self.theirs.port}"

    @property
    def token(self) -> dict[str, str]:
        """The header by which a merchant is known."""
        return {"Token": self.market.tokens[0]}

    async def copy(self, paths: Sequence[str]) -> None:
        """Have nginx answer what our server answers, and see that of a sample both answer the same bytes."""
        await self.copies.take(self.ours.url, paths)
        await self.copies.compare(self.ours.url, self.their_url, paths)

    async def check_gzip(self) -> None:
        """Raise Differs where the compressed dump is not the plain one."""
        async with aiohttp.ClientSession(headers=self.token, auto_decompress=False) as http:
            plain = await answer(http, self.ours.url, asking.ALL, PLAIN)
            if gzip.decompress(await answer(http, self.ours.url, asking.ALL, GZIP)) != plain:
                raise Differs("what is compressed is not what is plain")

    async def check_truth(self) -> None:
        """Raise Differs where the server, after all changes, does not show what is on sale by the database."""
        async with aiohttp.ClientSession(headers=self.token) as http:
            shown = msgspec.json.decode(await answer(http, self.ours.url, asking.HOT), type=_List)
        (truth,) = await self.market.db.fetch(TRUTH, asking.PAGE)
        cents = [read_cents(one.price) for one in shown.data]
        if (shown.metadata.total, cents) != (truth["total"], truth["prices"] or []):
            raise Differs("after the changes the server does not show what is on sale")

    async def behind(self) -> int:
        """Of the offers that changed last, how many our server does not show as they are."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.ours.url}/metrics") as reply:
            lines = (await reply.text()).splitlines()
        return next((int(float(line[len(BEHIND) :])) for line in lines if line.startswith(BEHIND)), 0)


@asynccontextmanager
async def sides(market: Town) -> AsyncIterator[Sides]:
    """Run both servers until the block ends."""
    copies = Copies(market.home / "files", market.tokens[0])
    async with market.serve(cpus=(0,)) as ours, nginx(copies.root, cpus=(0,)) as theirs:
        yield Sides(market, ours, theirs, copies)


def under(wishes: Path, server: Serving | Nginx, connections: int) -> Side:
    """A server under a load of these requests, with what it takes of its core."""

    async def run(seconds: float) -> Run:
        return await measured(
            wrk.run(wishes, server.port, seconds=seconds, connections=connections), server.pids
        )

    return run


async def tag(url: str, headers: Mapping[str, str]) -> str:
    """The ETag of an answer."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(URL(url, encoded=True), headers={**headers, **PLAIN}) as reply,
    ):
        return reply.headers["ETag"]
