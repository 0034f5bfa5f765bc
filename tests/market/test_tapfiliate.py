"""Tapfiliate as it answers on a good day and on all others: told of each click, never in anybody's way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from market.floor import NOON, Floor
from tradepost.app import App
from tradepost.market import affiliates, tapfiliate
from tradepost.market.tapfiliate import outcome_of
from tradepost.rules.notice import ATTEMPTS_MAX, LADDER

KEY = "tap_key_0123456789"


@dataclass
class Tapfiliate:
    """What stands in for it: its clicks, and what it answers next instead of taking one."""

    url: str = ""
    clicks: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    asked: int = 0
    next: list[web.Response] = field(default_factory=list)
    silent: bool = False

    async def click(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if self.silent:
            await asyncio.Event().wait()
        if self.next:
            return self.next.pop(0)
        if request.headers.get("X-Api-Key") != KEY:
            return web.json_response({"message": "Unauthorized"}, status=401)
        self.headers.append(request.headers)
        self.clicks.append(await request.json())
        return web.json_response({"id": f"1-click-{len(self.clicks)}"})


@pytest.fixture
async def tap() -> AsyncIterator[Tapfiliate]:
    made, app = Tapfiliate(), web.Application()
    app.router.add_post("/1.6/clicks/", made.click)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def app_of(market: Floor, tap: Tapfiliate, key: str = KEY) -> App:
    market.app.settings = replace(market.app.settings, tapfiliate_key=key, tapfiliate_url=tap.url)
    return market.app


async def states(app: App) -> list[tuple[Any, ...]]:
    rows = await app.db.fetch(
        "SELECT theirs, due_at IS NOT NULL AS due, attempts, fault FROM affiliate_click ORDER BY id"
    )
    return [tuple(row) for row in rows]


async def test_each_click_is_told_once_with_its_code_and_nothing_of_the_visitor(
    market: Floor, tap: Tapfiliate
) -> None:
    app = app_of(market, tap)
    for ref in ("ann42", "Ben_-7"):
        await affiliates.click(app, ref, account_id=None)
    assert tap.asked == 0  # not in the visitor's way
    assert sum(await asyncio.gather(*(tapfiliate.tell_of_clicks(app) for _ in range(3)))) == 2
    assert sorted(click["referral_code"] for click in tap.clicks) == ["Ben_-7", "ann42"]
    assert all(set(click) == {"referral_code"} for click in tap.clicks)
    assert tap.headers[0]["Content-Type"] == "application/json"
    assert await tapfiliate.tell_of_clicks(app) == 0
    assert [(theirs[:8], due) for theirs, due, _, _ in await states(app)] == [("1-click-", False)] * 2


async def test_without_a_key_a_click_is_kept_here_alone(market: Floor, tap: Tapfiliate) -> None:
    app = app_of(market, tap, key="")
    await affiliates.click(app, "ann42", account_id=None)
    assert await tapfiliate.tell_of_clicks(app) == 0
    assert await states(app) == [(None, False, 0, None)]
    # Nor is it told of later, as if it had been made then.
    assert await tapfiliate.tell_of_clicks(app_of(market, tap)) == 0


async def test_a_limit_holds_for_all_clicks_until_it_says_and_is_no_attempt(
    market: Floor, tap: Tapfiliate
) -> None:
    app = app_of(market, tap)
    for number in range(3):
        await affiliates.click(app, f"n{number}", account_id=None)
    reset = int(app.real_now().timestamp()) + 90
    tap.next = [web.Response(status=429, headers={"X-Ratelimit-Reset": str(reset)})]
    assert await tapfiliate.tell_of_clicks(app) == 0
    await affiliates.click(app, "later", account_id=None)
    assert tap.asked == 1
    assert [attempts for _, _, attempts, _ in await states(app)] == [0, 0, 0, 0]
    market.clock.tick(89)
    assert await tapfiliate.tell_of_clicks(app) == 1  # only the one that came after
    market.clock.tick(1)
    assert await tapfiliate.tell_of_clicks(app) == 3
    assert len(tap.clicks) == 4


async def test_what_cannot_be_taken_is_tried_up_the_ladder_and_then_given_up(
    market: Floor, tap: Tapfiliate
) -> None:
    app = app_of(market, tap)
    await affiliates.click(app, "ann42", account_id=None)
    tap.next = [web.Response(status=500, text="a bad <b>day") for _ in range(ATTEMPTS_MAX)]
    for wait in (*LADDER, timedelta(0)):
        assert await tapfiliate.tell_of_clicks(app) == 1
        assert await tapfiliate.tell_of_clicks(app) == 0
        market.clock.tick(wait.total_seconds())
    assert await states(app) == [(None, False, ATTEMPTS_MAX, "Tapfiliate answered 500: a bad <b>day")]
    assert tap.asked == ATTEMPTS_MAX


async def test_a_code_that_nobody_has_there_is_given_up_and_a_wrong_key_is_not(
    market: Floor, tap: Tapfiliate
) -> None:
    app = app_of(market, tap, key="wrong")
    await affiliates.click(app, "ann42", account_id=None)
    await tapfiliate.tell_of_clicks(app)
    ((_, due, _, fault),) = await states(app)
    assert due
    assert fault == 'Tapfiliate answered 401: {"message": "Unauthorized"}'
    tap.next = [web.json_response({"message": "Affiliate not found"}, status=404)]
    market.clock.tick(60)
    await tapfiliate.tell_of_clicks(app_of(market, tap))
    assert (await states(app))[0][1] is False


async def test_who_lets_us_wait_or_is_not_there_holds_nobody_up(
    market: Floor, tap: Tapfiliate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tapfiliate, "ANSWER_SECONDS", 0.2)
    app = app_of(market, tap)
    tap.silent = True
    await affiliates.click(app, "ann42", account_id=None)
    async with asyncio.timeout(5):
        assert await tapfiliate.tell_of_clicks(app) == 1
    assert (await states(app))[0][3] == "No answer came within 0.2 seconds."
    tap.url = "http://127.0.0.1:1"
    market.clock.tick(60)
    await tapfiliate.tell_of_clicks(app_of(market, tap))
    fault = (await states(app))[0][3]
    assert fault.startswith("Tapfiliate was not reached: ")
    assert KEY not in fault


async def test_a_worker_that_dies_leaves_a_retry(market: Floor, tap: Tapfiliate) -> None:
    app = app_of(market, tap)
    await affiliates.click(app, "ann42", account_id=None)
    assert len(await tapfiliate._claim(app)) == 1
    assert await tapfiliate.tell_of_clicks(app) == 0
    market.clock.tick(60)
    assert await tapfiliate.tell_of_clicks(app) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "9" * 30}, 3_600),
        ({"X-Ratelimit-Reset": "0"}, 1),
        ({"X-Ratelimit-Reset": "9" * 11}, 3_600),
        ({"X-Ratelimit-Reset": "-5"}, 60),
        ({"X-Ratelimit-Reset": "٣"}, 60),
    ],
)
def test_a_pause_is_as_long_as_they_say_within_reason(headers: dict[str, str], seconds: int) -> None:
    assert outcome_of(429, headers, b"", NOON).pause_seconds == seconds


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"id": null}', b"\xff", b'{"id": [1]}', b"{" * 70_000])
def test_an_answer_that_makes_no_sense_is_no_success(body: bytes) -> None:
    outcome = outcome_of(200, {}, body, NOON)
    assert outcome.theirs is None
    assert outcome.fault == "Tapfiliate answered 200 and no click's id."
