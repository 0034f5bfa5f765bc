"""Robots: customers on the simulated Steam's own wire; what they buy and list is seen in the whole demo's test."""

import random

import aiohttp
import pytest

from steam.sim import simulator
from steam.visitor import ALICE, BOB, Visitor, people, sent
from tradepost.demo import customers
from tradepost.demo.customers import Customer, Phone


class Fixed(random.Random):
    """Chance that always falls the same way."""

    def __init__(self, number: int) -> None:
        super().__init__(0)
        self._number = number

    def randrange(self, *_: object) -> int:
        return self._number


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers, "THINK_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(customers, "EAGER_THINK_SECONDS", (0.0, 0.0))


async def state_of(visitor: Visitor, offerid: str) -> int:
    return int((await visitor.offer(offerid))["trade_offer_state"])


@pytest.mark.usefixtures("_hasty")
async def test_a_customer_accepts_what_he_is_given_and_nothing_that_wants_something() -> None:
    async with simulator() as sim, aiohttp.ClientSession() as http:
        alice, bob, _ = await people(sim)
        mine, his = (await alice.items())[0], (await bob.items())[0]
        gift = await sent(alice, bob, [(730, 2, mine)])
        swap = await sent(alice, bob, [(730, 2, (await alice.items())[1])], [(730, 2, his)])
        customer = Customer(http, sim.base_url, BOB, Fixed(1))
        for _ in range(2):  # sees them, then answers
            await customer.attend()
        assert (await state_of(alice, gift), await state_of(alice, swap)) == (3, 2)
        assert mine not in await alice.items() and his in await bob.items()


@pytest.mark.usefixtures("_hasty")
async def test_a_customer_declines_once_in_his_life_and_the_merchants_own_never() -> None:
    async with simulator() as sim, aiohttp.ClientSession() as http:
        alice, bob, carol = await people(sim)
        items = await alice.items()
        offers = [await sent(alice, bob, [(730, 2, item)]) for item in items[:2]]
        eager = await sent(alice, carol, [(730, 2, items[2])])
        always_declining = Fixed(0)
        customer = Customer(http, sim.base_url, BOB, always_declining)
        buyer = Customer(http, sim.base_url, carol.steamid, always_declining, is_eager=True)
        for _ in range(2):
            await customer.attend()
            await buyer.attend()
        assert sorted([await state_of(alice, offer) for offer in offers]) == [3, 7]
        assert await state_of(alice, eager) == 3


async def test_a_customer_thinks_before_he_answers() -> None:
    async with simulator() as sim, aiohttp.ClientSession() as http:
        alice, bob, _ = await people(sim)
        gift = await sent(alice, bob, [(730, 2, (await alice.items())[0])])
        customer = Customer(http, sim.base_url, BOB, random.Random(1))
        for _ in range(2):
            await customer.attend()
        assert await state_of(alice, gift) == 2


async def test_a_players_phone_says_yes_to_what_steam_asks_him() -> None:
    async with simulator() as sim, aiohttp.ClientSession() as http:
        alice, bob, _ = await people(sim)
        reply = await alice.send(bob, [(730, 2, (await alice.items())[0])])
        offer = reply.body["tradeofferid"]
        assert await state_of(alice, offer) == 9  # it waits for the phone
        for _ in range(2):
            assert await Phone(http, sim.base_url, ALICE).attend() > 0
        assert await state_of(alice, offer) == 2


@pytest.mark.usefixtures("_hasty")
async def test_a_customer_whose_session_ended_signs_in_anew() -> None:
    async with simulator() as sim, aiohttp.ClientSession() as http:
        alice, bob, _ = await people(sim)
        customer = Customer(http, sim.base_url, BOB, Fixed(1))
        await customer.attend()
        await sim.control("POST", f"/_sim/users/{BOB}/logout")
        alice = Visitor(sim, await sim.login(ALICE))
        bob = Visitor(sim, await sim.login(BOB))
        gift = await sent(alice, bob, [(730, 2, (await alice.items())[0])])
        for _ in range(3):  # is turned away, sees it, answers
            await customer.attend()
        assert await state_of(alice, gift) == 3
