"""Preselection: which skins are proposed to somebody who is to pay an amount; he chooses as he likes afterwards."""

from bisect import bisect_left
from collections.abc import Sequence


def preselect(net_cents: Sequence[int], target_cents: int, most: int) -> list[int]:
    """Return the places of few skins whose sum reaches an amount and exceeds it by little; none where all are too little.

    Not the least excess that there is, which nobody needs and which may take a hundred cheap skins: the dearest that
    fit are taken one after another, and before each it is seen what the cheapest one that completes the sum would make.
    """
    if target_cents <= 0:
        return []
    rising = sorted(range(len(net_cents)), key=lambda place: net_cents[place])
    values = [net_cents[place] for place in rising]
    taken: list[int] = []  # of the numbers in `rising`
    best, best_of = (0, 0), list[int]()
    rest = target_cents
    for number in reversed(range(len(rising))):
        if len(taken) == most:
            break
        last = bisect_left(values, rest)
        while last in taken:
            last += 1
        if last < len(rising):
            found = (values[last] - rest, len(taken) + 1)
            if not best_of or found < best:
                best, best_of = found, [*taken, last]
        if values[number] < rest:
            taken.append(number)
            rest -= values[number]
    return [rising[number] for number in best_of]
