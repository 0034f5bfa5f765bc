"""The source of exchange rates: read when it is time, believed within bounds, and never followed anywhere."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from box import Box, market
from tradepost.config import ConfigRefused, load, shown
from tradepost.db import Db
from tradepost.market import rate_source, rates

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(at: datetime, **quoted: str) -> str:
    return json.dumps(
        {"base_code": "USD", "time_last_update_unix": int(at.timestamp()), "rates": dict(quoted)}
    )


@dataclass
class Source:
    """A server that answers as a test says, and remembers how often it was asked."""

    url: str = ""
    body: str | bytes = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    respond: Respond | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.headers))
        if self.respond is not None:
            return await self.respond(request)
        body = self.body if isinstance(self.body, bytes) else self.body.encode()
        return web.Response(body=body, content_type="application/json")


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    made = Source()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/latest/USD?app_id=secret"
    yield made
    await runner.cleanup()


@asynccontextmanager
async def due(db: Db, where: str, **settings: Any) -> AsyncIterator[Box]:
    async with market(db, rates_source=where, **settings) as box:
        yield box


async def again(box: Box) -> int:
    """The next reading, as if its time had come."""
    await box.app.db.execute("UPDATE rates_reading SET due_at = 'epoch'")
    return await rate_source.refresh_rates(box.app)


async def kept(box: Box) -> dict[str, int]:
    return {rate.currency: rate.millionths for rate in await rates.known(box.app.db, box.app.real_now(), 48)}


async def test_rates_are_read_from_an_address_when_it_is_time(db: Db, source: Source) -> None:
    async with due(db, source.url) as box:
        now = box.app.real_now()
        source.body = answer(now - timedelta(hours=1), EUR="0.92", RUB="92.15", PLN="3.98")
        assert await rate_source.refresh_rates(box.app) == 3
        assert await kept(box) == {"EUR": 920_000, "RUB": 92_150_000, "PLN": 3_980_000}
        (first, *_) = await rates.known(box.app.db, now, 48)
        assert (first.source, first.is_usable) == (
            "127.0.0.1",
            True,
        )  # no address, which may have a key in it
        assert first.at == (now - timedelta(hours=1)).replace(microsecond=0)
        assert await rate_source.refresh_rates(box.app) == 0  # not its time yet
        assert len(source.asked) == 1
        assert source.asked[0]["Accept-Encoding"] == "identity"
        assert await again(box) == 0  # nothing new
        source.body = answer(now, EUR="0.93", RUB="92.15", PLN="3.98")
        assert await again(box) == 3
        assert (await kept(box))["EUR"] == 930_000


async def test_rates_are_read_from_a_file(db: Db, tmp_path: Path) -> None:
    file = tmp_path / "rates.json"
    file.write_text('{"base":"USD","rates":{"EUR":0.92}}', encoding="utf-8")
    changed_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    os.utime(file, (changed_at.timestamp(), changed_at.timestamp()))
    async with due(db, str(file)) as box:
        assert await rate_source.refresh_rates(box.app) == 1
        (rate,) = await rates.known(db, box.app.real_now(), 48)
        assert (rate.currency, rate.millionths, rate.source) == ("EUR", 920_000, "rates.json")
        assert rate.at == changed_at  # a file that says no time is as old as it is


async def test_of_many_workers_one_reads(db: Db, source: Source) -> None:
    async with due(db, source.url) as box:
        source.body = answer(box.app.real_now(), EUR="0.92")
        done = await asyncio.gather(*(rate_source.refresh_rates(box.app) for _ in range(8)))
        assert sorted(done) == [0] * 7 + [1]
        assert len(source.asked) == 1


async def test_a_reading_that_came_to_nothing_is_tried_again_soon(db: Db, source: Source) -> None:
    async with due(db, source.url, rates_refresh_minutes=600) as box:
        source.body = "nonsense"
        assert await rate_source.refresh_rates(box.app) == 0
        wait = await db.value("SELECT due_at FROM rates_reading") - box.app.real_now()
        assert timedelta(minutes=4) < wait <= timedelta(minutes=rate_source.AGAIN_MINUTES)
        source.body = answer(box.app.real_now(), EUR="0.92")
        assert await again(box) == 1
        wait = await db.value("SELECT due_at FROM rates_reading") - box.app.real_now()
        assert timedelta(minutes=590) < wait <= timedelta(minutes=600)
        # The clock was set back, or the operator wants it more often: nobody waits for a moment so far ahead.
        await db.execute("UPDATE rates_reading SET due_at = $1", box.app.real_now() + timedelta(days=3))
        await rate_source.refresh_rates(box.app)
        assert len(source.asked) == 3


async def test_without_a_source_nobody_is_asked(db: Db) -> None:
    async with due(db, "") as box:
        assert await rate_source.refresh_rates(box.app) == 0
        assert await db.value("SELECT due_at = 'epoch' FROM rates_reading")


async def test_a_jump_is_left_to_the_operator(
    db: Db, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    async with due(db, source.url, rate_jump_percent=10) as box:
        now = box.app.real_now().replace(microsecond=0)
        source.body = answer(now - timedelta(hours=2), EUR="1", PLN="4")
        assert await again(box) == 2
        source.body = answer(now - timedelta(hours=1), EUR="1.100001", PLN="4.4")
        assert await again(box) == 1
        assert await kept(box) == {"EUR": 1_000_000, "PLN": 4_400_000}
        async with db.transaction() as tx:  # he looked, and it is true
            await rates.set_rate(tx, "EUR", 1_100_001, "operator", now - timedelta(minutes=30))
        source.body = answer(now - timedelta(minutes=45), EUR="1.05", PLN="4.4")
        assert await again(box) == 1
        assert (await kept(box))["EUR"] == 1_100_001  # the newer word, whoever said it
        source.body = answer(now, EUR="1.2", PLN="4.4")
        assert await again(box) == 2
        assert (await kept(box))["EUR"] == 1_200_000


async def test_a_source_that_stands_still_lets_its_rates_grow_old(db: Db, source: Source) -> None:
    async with due(db, source.url) as box:
        source.body = answer(box.app.real_now() - timedelta(hours=47, minutes=59), EUR="0.92")
        assert await again(box) == 1
        (rate,) = await rates.known(db, box.app.real_now(), 48)
        assert rate.is_usable
        (rate,) = await rates.known(db, box.app.real_now() + timedelta(minutes=2), 48)
        assert not rate.is_usable


async def redirect(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


async def missing(_: web.Request) -> web.StreamResponse:
    return web.Response(status=404, text=answer(datetime.now(UTC), EUR="0.92"))


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(64):
        await response.write(b" " * 65_536)
    return response


async def compressed(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})


async def cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(answer(datetime.now(UTC), EUR="0.92").encode())
    assert request.transport is not None
    request.transport.close()
    return response


async def silent(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("respond", [redirect, missing, endless, compressed, cut_off, silent])
async def test_a_source_that_misbehaves_changes_nothing(
    db: Db, source: Source, respond: Respond, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_source, "ANSWER_SECONDS", 1.5)
    source.respond = respond
    async with due(db, source.url) as box:
        assert await rate_source.refresh_rates(box.app) == 0
        assert await kept(box) == {}
        assert len(source.asked) == 1  # nowhere else was it sent


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:1/x?key=secret", "nowhere.json", "tests", "http://[::1%25nonsense]/"]
)
async def test_a_source_that_is_not_there_changes_nothing_and_its_key_is_told_to_nobody(
    db: Db, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with due(db, where) as box:
        assert await rate_source.refresh_rates(box.app) == 0
    said = capsys.readouterr()
    assert "secret" not in said.out + said.err


async def test_a_source_without_a_time_is_no_source(db: Db, source: Source) -> None:
    async with due(db, source.url) as box:
        source.body = '{"base":"USD","rates":{"EUR":0.92}}'
        assert await rate_source.refresh_rates(box.app) == 0
        assert await kept(box) == {}


async def test_a_file_that_is_too_long_is_not_read_on(db: Db, tmp_path: Path) -> None:
    file = tmp_path / "rates.json"
    file.write_bytes(b" " * rate_source.ANSWER_BYTES_MAX + answer(datetime.now(UTC), EUR="0.92").encode())
    async with due(db, str(file)) as box:
        assert await rate_source.refresh_rates(box.app) == 0


@pytest.mark.parametrize(
    "where", ["https://u:p@h/x", "ftp://h/x", "https:///x", "http://h/x#y", "http://h/ü", "a\nb"]
)
def test_a_source_that_cannot_be_meant_is_refused_at_the_start(where: str) -> None:
    with pytest.raises(ConfigRefused, match="TRADEPOST_RATES_SOURCE should be"):
        load({"TRADEPOST_MODE": "sandbox", "TRADEPOST_RATES_SOURCE": where})


def test_a_source_may_have_a_key_in_it_so_it_is_shown_to_nobody() -> None:
    where = "https://rates.example/v6/secret/latest/USD?app_id=secret&x=1"
    settings = load({"TRADEPOST_MODE": "sandbox", "TRADEPOST_RATES_SOURCE": where})
    assert settings.rates_source == where
    assert shown(settings)["rates_source"] == "***"
    assert "secret" not in repr(settings)
    assert rate_source.label(where) == "rates.example"
