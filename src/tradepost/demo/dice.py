"""Dice that fall the same way for the same seed, with every Python that the project runs on."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A seeded source of chance that asks Python for `random()` alone, which is promised never to change."""

    def __init__(self, seed: int) -> None:
        """Begins the row of throws that belongs to the seed."""
        self._source = random.Random(seed)  # noqa: S311 - a demo's world guards nothing

    def roll(self, sides: int) -> int:
        """Returns a whole number from 0 to below `sides`."""
        return int(self._source.random() * sides)

    def pick(self, among: Sequence[T]) -> T:
        """Returns one of the members."""
        return among[self.roll(len(among))]

    def between(self, low: float, high: float) -> float:
        """Returns a float from `low` to below `high`."""
        return low + (high - low) * self._source.random()
