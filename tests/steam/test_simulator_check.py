"""The simulator's own books: every law, once broken by hand, is named by the check."""

from collections.abc import Callable

import pytest

from tradepost.steam.simulator.check import faults_of
from tradepost.steam.simulator.entities import Confirmation, Item, OfferState, User
from tradepost.steam.simulator.items import complete_item
from tradepost.steam.simulator.trading import OFFER_SECONDS, Draft, create_offer, settle_due
from tradepost.steam.simulator.world import World

NOW = 1_795_000_000


def small_world() -> World:
    """Two accounts, an item each, and an offer on its way from one to the other."""
    world = World(real_now=lambda: NOW)
    anna, ben = (User(f"7656119800000000{n}", f"user {n}", "abcdefgh", NOW) for n in (1, 2))
    for number, user in enumerate((anna, ben), 1):
        world.add_user(user)
        item = Item(number, user.steamid, 730, 2, "Chroma 2 Case")
        complete_item(item)
        world.add_item(item)
    create_offer(world, Draft(anna, ben, [world.items[1]], [], ""))
    return world


def lie_twice(world: World) -> None:
    world.add_item(Item(2, world.items[1].owner, 730, 16, "Chroma 2 Case", classid=7))


def lie_elsewhere(world: World) -> None:
    world.items[1].contextid = 16


def vanish(world: World) -> None:
    del world.items[1]


def lose_its_owner(world: World) -> None:
    world.users.clear()


def be_held_by_nothing(world: World) -> None:
    world.hold_item(world.items[2], 99)


def lie_nowhere(world: World) -> None:
    world.hold_item(world.items[2], 99)
    world.items[2].held_by = 0


def leave_a_live_offer(world: World) -> None:
    world.remove_item(world.items[1])


def outlive_its_days(world: World) -> None:
    world.meta.clock_offset_seconds = OFFER_SECONDS


def ask_about_nothing(world: World) -> None:
    world.add_confirmation(Confirmation(1, 1, "76561198000000001", 5, NOW))


@pytest.mark.parametrize(
    ("crime", "words"),
    [
        (lie_twice, "lies in"),
        (lie_elsewhere, "but says"),
        (vanish, "is not in the world"),
        (lose_its_owner, "belongs to nobody"),
        (be_held_by_nothing, "which holds nothing"),
        (lie_nowhere, "is in no inventory"),
        (leave_a_live_offer, "is gone"),
        (outlive_its_days, "live but expired"),
        (ask_about_nothing, "not live"),
    ],
)
def test_what_is_broken_by_hand_is_named(crime: Callable[[World], None], words: str) -> None:
    world = small_world()
    assert faults_of(world) == []
    crime(world)
    assert any(words in sentence for sentence in faults_of(world))


def test_what_falls_due_makes_the_books_right_again() -> None:
    world = small_world()
    outlive_its_days(world)
    settle_due(world)
    assert faults_of(world) == []
    assert [offer.state for offer in world.offers.values()] == [OfferState.EXPIRED]
