"""Strikes and bans: three in a day, then twice as long each time, by steamid and side."""

from datetime import datetime, timedelta

from stock import MARKET_NOW, Stock, steamid
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import bans
from tradepost.market.bans import Ban
from tradepost.rules.trade import Side

SETTINGS = Settings()
SINNER = steamid(900)
HOUR = timedelta(hours=1)


async def strike(db: Db, number: int, at: datetime, side: Side = "seller") -> Ban | None:
    async with db.transaction() as tx:
        return await bans.strike(tx, SINNER, side, number, "not sent", at, SETTINGS)


async def three_strikes(db: Db, number: int, at: datetime) -> Ban:
    assert await strike(db, number, at) is None
    assert await strike(db, number + 1, at + timedelta(minutes=1)) is None
    ban = await strike(db, number + 2, at + timedelta(minutes=2))
    assert ban is not None
    return ban


async def test_the_third_strike_in_a_day_bans_for_a_day(db: Db) -> None:
    ban = await three_strikes(db, 1, MARKET_NOW)
    assert ban.until_at - ban.from_at == 24 * HOUR
    assert await bans.current(db, SINNER, "seller", MARKET_NOW + 24 * HOUR) == ban
    assert await bans.current(db, SINNER, "seller", MARKET_NOW + 25 * HOUR) is None
    assert await bans.current(db, SINNER, "buyer", MARKET_NOW + HOUR) is None


async def test_strikes_further_apart_than_a_day_do_not_ban(db: Db) -> None:
    for number in range(6):
        assert await strike(db, number, MARKET_NOW + number * 13 * HOUR) is None


async def test_the_same_trade_strikes_once(db: Db) -> None:
    for _ in range(5):
        assert await strike(db, 1, MARKET_NOW) is None


async def test_each_further_ban_is_twice_as_long_up_to_thirty_days(db: Db) -> None:
    at, lengths = MARKET_NOW, []
    for round_ in range(7):
        ban = await three_strikes(db, round_ * 10, at)
        lengths.append((ban.until_at - ban.from_at).days)
        at = ban.until_at + HOUR
    assert lengths == [1, 2, 4, 8, 16, 30, 30]


async def test_strikes_that_led_to_a_ban_are_not_counted_again(db: Db) -> None:
    async with db.transaction() as tx:
        await three_strikes(db, 1, MARKET_NOW)
        await bans.lift(tx, SINNER, "seller", MARKET_NOW + HOUR)
    assert await strike(db, 50, MARKET_NOW + 2 * HOUR) is None


async def test_a_lifted_ban_holds_no_more(db: Db) -> None:
    async with db.transaction() as tx:
        await bans.ban(tx, SINNER, "buyer", "test", MARKET_NOW, timedelta(days=3))
        assert await bans.lift(tx, SINNER, "buyer", MARKET_NOW + HOUR) == 1
    assert await bans.current(db, SINNER, "buyer", MARKET_NOW + 2 * HOUR) is None


async def test_the_longest_of_several_bans_is_told(db: Db) -> None:
    await Stock(db).person()
    async with db.transaction() as tx:
        await bans.ban(tx, SINNER, "buyer", "short", MARKET_NOW, timedelta(days=1))
        long = await bans.ban(tx, SINNER, "buyer", "long", MARKET_NOW, timedelta(days=30))
        await bans.ban(tx, SINNER, "buyer", "middle", MARKET_NOW, timedelta(days=2))
    assert await bans.current(db, SINNER, "buyer", MARKET_NOW + HOUR) == long
