"""Preselection: which skins are proposed to somebody who is to pay an amount; he chooses as he likes afterwards."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

STEPS_MAX = (
    20_000  # of one look for the least excess: an inventory has more choices than anybody can look through
)
TRIES = 4  # more skins than the fewest, where few would bring far too much


def preselect(net_cents: Sequence[int], target_cents: int, most: int) -> list[int]:
    """Return the places of the fewest skins whose sum reaches an amount, and of those the least excess; none if all fail.

    Of two for 10.00 and five for 10.00 it is the two. But nobody is proposed to give away a knife for a coffee: where
    the fewest exceed the amount by more than half of it, one skin more is tried, and so on, a few times.
    """
    if target_cents <= 0:
        return []
    falling = sorted(range(len(net_cents)), key=lambda place: -net_cents[place])
    values = [net_cents[place] for place in falling]
    sums = [0, *accumulate(values)]
    fewest = bisect_left(sums, target_cents)
    best: tuple[int, list[int]] | None = None
    for many in range(fewest, min(fewest + TRIES, most, len(values)) + 1):
        found = _Search(values, sums).of(many, target_cents)
        if best is None or found[0] < best[0]:
            best = found
        if 2 * best[0] <= target_cents:
            break
    return [] if best is None else [falling[number] for number in _needed(values, *best)]


def _needed(values: Sequence[int], excess: int, numbers: Sequence[int]) -> list[int]:
    """What is taken, without what could be left away: more skins than the fewest may have one too many."""
    kept = list[int]()
    for number in reversed(numbers):  # the cheapest first
        if values[number] <= excess:
            excess -= values[number]
        else:
            kept.append(number)
    return kept[::-1]


class _Search:
    """The choice of some numbers out of falling ones whose sum exceeds a target by the least, as far as steps allow."""

    def __init__(self, values: Sequence[int], sums: Sequence[int]) -> None:
        self._values = values
        self._sums = sums
        self._negated = [-value for value in values]  # rising, so that it can be halved
        self._steps = STEPS_MAX
        self._excess: int | None = None
        self._best: list[int] = []

    def of(self, many: int, target: int) -> tuple[int, list[int]]:
        """The least excess found, and which numbers make it; `many` of the greatest reach the target."""
        self._take([], 0, many, target)
        assert self._excess is not None  # noqa: S101 - the first way down always ends with a choice
        return self._excess, self._best

    def _take(self, taken: list[int], first: int, many: int, rest: int) -> None:
        """Complete what is taken with `many` more, from the number `first` on, that make `rest`."""
        if many == 1:
            # The smallest that is enough: it stands right before the first that is not.
            last = bisect_left(self._negated, -rest + 1, first) - 1
            if last >= first and (self._excess is None or self._values[last] - rest < self._excess):
                self._excess, self._best = self._values[last] - rest, [*taken, last]
            return
        sums, end = self._sums, len(self._values)
        least = sums[end] - sums[end - many + 1]  # of all others together
        for number in range(first, end - many + 1):
            self._steps -= 1
            greatest = sums[number + many] - sums[number]
            if greatest < rest or self._excess == 0 or self._steps < 0:
                return
            value = self._values[number]
            if number > first and value == self._values[number - 1]:
                continue  # what it would lead to is known
            if self._excess is not None and value + least - rest >= self._excess:
                continue
            self._take([*taken, number], number + 1, many - 1, rest - value)
