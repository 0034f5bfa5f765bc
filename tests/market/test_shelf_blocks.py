"""Blocks against a sorted list: the same keys at the same ranks after any additions and removals."""

import random

import numpy as np
import pytest

from tradepost.market.shelf.blocks import NO_KEY, SLOT_BITS, Blocks


class Ids:
    """Ids that are in no way in the order of their slots."""

    def __init__(self, count: int, dice: random.Random) -> None:
        self.id = np.array(dice.sample(range(1, 2**62), count), np.int64)


def same(blocks: Blocks, model: list[tuple[int, int, int]]) -> None:
    """Compare every rank, and the structure's own promises."""
    slots = [slot for _, _, slot in model]
    assert len(blocks) == len(model)
    assert blocks.span(0, len(model)).tolist() == slots
    assert blocks.first() == (model[0][0] << SLOT_BITS | model[0][2] if model else NO_KEY)
    assert len(blocks.blocks) == 1 or all(block.keys for block in blocks.blocks)
    for value in (-(2**31), -1, 0, 1, 2, 3, 2**31 - 1):
        assert blocks.rank(value) == sum(each[0] < value for each in model)


@pytest.mark.parametrize("keys_max", [4, 5, 32])
@pytest.mark.parametrize("seed", range(3))
def test_blocks_are_a_sorted_list(keys_max: int, seed: int) -> None:
    dice = random.Random(seed)
    ids = Ids(120, dice)
    blocks, model = Blocks(ids, keys_max), list[tuple[int, int, int]]()
    free = list(range(120))
    for step in range(600):
        growing = dice.random() < (0.9 if step % 300 < 130 else 0.2)
        if free and (growing or not model):
            slot = free.pop(dice.randrange(len(free)))
            value, id_ = dice.choice((-(2**31), -1, 0, 0, 1, 1, 1, 2, 2**31 - 1)), ids.id.item(slot)
            blocks.add(value << SLOT_BITS | slot, id_)
            model.append((value, id_, slot))
            model.sort()
        else:
            value, id_, slot = model.pop(dice.randrange(len(model)))
            blocks.discard(value << SLOT_BITS | slot, id_)
            free.append(slot)
        if step % 7 == 0 or len(model) < 3:
            same(blocks, model)
        start, stop = sorted(dice.choices(range(len(model) + 1), k=2))
        assert blocks.span(start, stop).tolist() == [slot for _, _, slot in model[start:stop]]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 119])
def test_filling_and_adding_one_by_one_come_to_the_same(count: int) -> None:
    dice = random.Random(count)
    ids = Ids(max(count, 1), dice)
    model = sorted((dice.randrange(4), ids.id.item(slot), slot) for slot in range(count))
    blocks = Blocks(ids, 4)
    blocks.fill(np.array([value << SLOT_BITS | slot for value, _, slot in model], np.int64))
    same(blocks, model)
    while model:
        value, id_, slot = model.pop(dice.randrange(len(model)))
        blocks.discard(value << SLOT_BITS | slot, id_)
        same(blocks, model)


def test_a_key_that_is_not_there_can_not_be_taken_out() -> None:
    ids = Ids(3, random.Random(0))
    blocks = Blocks(ids)
    blocks.add(5 << SLOT_BITS | 1, ids.id.item(1))
    for key, slot in ((5 << SLOT_BITS | 2, 2), (4 << SLOT_BITS | 1, 1), (6 << SLOT_BITS | 1, 1)):
        with pytest.raises(LookupError):
            blocks.discard(key, ids.id.item(slot))
    assert len(blocks) == 1


def test_keys_that_come_in_order_fill_their_blocks() -> None:
    ids = Ids(100, random.Random(0))
    ids.id.sort()
    blocks = Blocks(ids, 10)
    for slot in range(100):
        blocks.add(slot << SLOT_BITS | slot, ids.id.item(slot))
    assert [len(block.keys) for block in blocks.blocks] == [10] * 10


def test_looking_at_keys_does_not_hinder_changing_them() -> None:
    ids = Ids(10, random.Random(0))
    blocks = Blocks(ids)
    blocks.add(0, ids.id.item(0))
    looked_at = blocks.span(0, 1)
    blocks.add(1 << SLOT_BITS | 1, ids.id.item(1))
    assert looked_at.tolist() == [0]
