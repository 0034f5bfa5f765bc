"""How many trades an account has: exact whatever is remembered, whoever writes meanwhile, and no walk each time."""

import pytest

from past import trades
from stock import MARKET_NOW, Stock
from tradepost.db import Db
from tradepost.market import trade_counts

BOUGHT, SOLD = "t.buyer_id = $1", "t.payee_id = $1 AND t.buyer_id <> $1"
# As they are when nobody says in which order: enough of a trade for a number, a side and an index.
INSERT = """
    INSERT INTO trade (offer_id, buyer_id, payee_id, seller_id, buyer_steamid, trade_token, price_cents, fee_cents,
                       paid_deposit_cents, paid_balance_cents, seller_sold_count, digest, state, ended_at, explanation, created_at, changed_at)
    SELECT offer_id, buyer_id, payee_id, seller_id, buyer_steamid, trade_token, 100, 5, 100, 0, 0, '\\x00', 'cancelled', $1, '', $1, $1
      FROM trade ORDER BY id LIMIT 1
"""


@pytest.fixture
def remembers_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trade_counts, "WORTH", 3)
    monkeypatch.setattr(trade_counts, "BEHIND", 2)


@pytest.fixture
async def pair(db: Db, remembers_little: None) -> tuple[int, int]:
    """A buyer and a seller with seven trades behind them, whose counts are remembered."""
    stock = Stock(db)
    buyer, seller = await stock.person(deposit_cents=10_000), await stock.person()
    await trades(db, buyer, seller, 7)
    for _ in range(3):
        assert await trade_counts.count(db, BOUGHT, buyer) == await trade_counts.count(db, SOLD, seller) == 7
    return buyer, seller


def walks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sides that are counted as a whole from now on."""
    found, whole = list[str](), trade_counts._count_whole

    async def counted(db, counts, key, now) -> int:  # type: ignore[no-untyped-def] # as _count_whole
        found.append(key[0])
        return await whole(db, counts, key, now)

    monkeypatch.setattr(trade_counts, "_count_whole", counted)
    return found


async def test_a_long_past_is_counted_once(
    db: Db, pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    (buyer, seller), walked = pair, walks(monkeypatch)
    for more in (1, 4, 2, 9):
        before = await trade_counts.count(db, BOUGHT, buyer)
        await trades(db, buyer, seller, more)
        for _ in range(2):
            assert await trade_counts.count(db, BOUGHT, buyer) == before + more
            assert await trade_counts.count(db, SOLD, seller) == before + more
            assert await trade_counts.count(db, SOLD, buyer) == 0
    assert set(walked) == {SOLD}  # who has nothing to remember


@pytest.mark.broken_books
async def test_a_trade_that_is_written_late_is_counted(db: Db, pair: tuple[int, int]) -> None:
    buyer, seller = pair
    async with db.transaction() as slow:
        await slow.execute(INSERT, MARKET_NOW)  # a number lower than those that are there before it
        for _ in range(6):
            await trades(db, buyer, seller, 3)
            seen = await trade_counts.count(db, BOUGHT, buyer)
        assert seen == 7 + 18
        assert await trade_counts.count(slow, BOUGHT, buyer) == 7 + 18 + 1
    for more in range(6):
        assert await trade_counts.count(db, BOUGHT, buyer) == 7 + 18 + 1 + more
        await trades(db, buyer, seller, 1)


async def test_who_is_far_behind_is_counted_anew(
    db: Db, pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    (buyer, seller), walked = pair, walks(monkeypatch)
    monkeypatch.setattr(trade_counts, "BEHIND_MAX", 5)
    await trades(db, buyer, seller, 8)
    assert await trade_counts.count(db, BOUGHT, buyer) == 15
    assert walked == [BOUGHT]


async def test_what_is_remembered_ends(
    db: Db, pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = walks(monkeypatch)
    monkeypatch.setattr(trade_counts, "KEPT_SECONDS", 0.0)
    assert await trade_counts.count(db, BOUGHT, pair[0]) == 7
    assert walked == [BOUGHT]
