"""Long work on rows leaves the loop to others in between."""

import asyncio

import pytest

from tradepost import turns
from tradepost.turns import in_turns


@pytest.mark.parametrize("count", [0, 1, 3, 4, 10])
async def test_every_row_is_made_once_and_others_have_their_turn_between(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "ROWS_AT_ONCE", 3)
    seen: list[int | str] = []

    def opposite(row: int) -> int:
        seen.append(row)
        return -row

    async def others() -> None:
        while True:
            seen.append("others")
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    await asyncio.sleep(0)
    seen.clear()
    assert await in_turns(range(count), opposite) == [-row for row in range(count)]
    other.cancel()
    assert [one for one in seen if one != "others"] == list(range(count))
    assert seen.count("others") == max(0, (count - 1) // 3)
