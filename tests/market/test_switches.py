"""What an operator turned off is refused with his reason, in every process within half a second."""

from collections.abc import AsyncIterator

import pytest

from market.floor import HandClock
from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import switches
from tradepost.market.switches import Switch
from tradepost.rules.refusals import BuyingOff, SwitchedOff
from tradepost.steam.client import SteamClient


@pytest.fixture
async def app(db: Db) -> AsyncIterator[App]:
    clock = HandClock()
    async with SteamClient(now=clock.now) as steam:
        yield App(Settings(), db, steam, clock)


async def switch(app: App, name: Switch, off: bool, reason: str = "") -> None:
    """Turn the switch in another process, and let the half second go by."""
    async with app.db.transaction() as tx:
        await switches.set_switch(tx, name, off, reason)
    assert isinstance(app.clock, HandClock)
    app.clock.tick(0.5)


async def test_all_is_on_until_somebody_turns_it_off(app: App) -> None:
    await switches.refuse_if_off(app, "buying")
    await switches.refuse_if_off(app, "api")


@pytest.mark.parametrize(
    ("name", "other", "kind"), [("buying", "api", BuyingOff), ("api", "buying", SwitchedOff)]
)
async def test_a_switch_refuses_its_own_and_nothing_else(
    app: App, name: Switch, other: Switch, kind: type[SwitchedOff]
) -> None:
    await switches.refuse_if_off(app, name)
    await switch(app, name, True, "The database is moving house.")
    await switches.refuse_if_off(app, other)
    with pytest.raises(SwitchedOff) as refused:
        await switches.refuse_if_off(app, name)
    assert type(refused.value) is kind
    assert refused.value.sentence == "The database is moving house."
    await switch(app, name, False)
    await switches.refuse_if_off(app, name)


async def test_without_a_reason_there_is_a_sentence_all_the_same(app: App) -> None:
    await switch(app, "buying", True)
    with pytest.raises(BuyingOff, match="switched off buying"):
        await switches.refuse_if_off(app, "buying")


async def test_a_long_reason_is_cut(app: App) -> None:
    await switch(app, "api", True, "because " * 1000)
    with pytest.raises(SwitchedOff) as refused:
        await switches.refuse_if_off(app, "api")
    assert len(refused.value.sentence) == switches.REASON_CHARS_MAX
