"""Sort values: prices, times and floats as 32-bit integers that compare as the things themselves do.

A shelf sorts keys `value << 32 | slot`, so whatever it sorts by must fit the upper half of a signed 64-bit key.
"""

import math
import struct
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

VALUE_MIN, VALUE_MAX = -(2**31), 2**31 - 1

PRICE_CENTS_MAX = 999_999_999  # 9,999,999.99: the most that the APIs' grammar of a price can say
PRICE_NONE = -1  # the price of a slot that holds no offer, so that one comparison tells it from every offer
FLOAT_NONE = VALUE_MAX  # above every float, infinity included: an offer without one comes last
NUMBER_NONE = -(2**63)  # a paint seed or index that is not there

WHOLE_MAX = 2**63 - 1  # ids, versions, accounts, steamids: what a column can hold
DIGITS_MAX = 20  # of 64 bits

EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_DAY_SECONDS = 86_400
SECONDS_MAX = 2**32 - 1
_TIME_SHIFT = 2**31  # Unix seconds are unsigned here: 1970 to 2106, as the sandbox's clock may pass 2038


def float_value(text: str | None) -> int | None:
    """The float, rounded to the 32 bits that Steam has, as an integer of the same order; None for no finite one."""
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return bound_value(number) if math.isfinite(number) else None


def wear(text: str) -> float:
    """The number that the text of a wear says, for whoever compares it with a 32-bit float himself."""
    return float(text)


def float_values(texts: Sequence[str | None]) -> NDArray[np.int32]:
    """The same of many floats, FLOAT_NONE standing for None."""
    numbers = np.array([_number(text) for text in texts])
    with np.errstate(over="ignore"):  # what 32 bits can not hold becomes an infinity
        bits = (numbers + 0.0).astype("<f4").view("<i4")
    values: NDArray[np.int32] = np.where(bits >= 0, bits, bits ^ VALUE_MAX)
    return np.where(np.isfinite(numbers), values, FLOAT_NONE).astype(np.int32)


def _number(text: str | None) -> float:
    """The number that a text says, one that is not finite for none."""
    try:
        return math.nan if text is None else float(text)
    except ValueError:
        return math.nan


def bound_value(number: float) -> int:
    """Any float but NaN as an integer of the same order; what 32 bits can not hold becomes an infinity."""
    try:
        packed = struct.pack("<f", number + 0.0)  # adding zero makes -0.0 the same as 0.0
    except OverflowError:
        packed = struct.pack("<f", math.copysign(math.inf, number))
    bits: int = struct.unpack("<i", packed)[0]
    return bits if bits >= 0 else bits ^ VALUE_MAX  # negative floats grow with their bits: turn them round


def time_value(moment: datetime) -> int:
    """The moment in whole seconds, the begun one not counted."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a time zone: {moment}")  # it would be taken for this machine's
    at = moment.astimezone(UTC)
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    return clamp((at.toordinal() - EPOCH_DAY) * _DAY_SECONDS + seconds - _TIME_SHIFT)


def time_values(seconds: NDArray[np.int64]) -> NDArray[np.int32]:
    """The values of many moments in Unix seconds, each from 0 to SECONDS_MAX."""
    return (seconds - _TIME_SHIFT).astype(np.int32)


def time_value_up(moment: datetime) -> int:
    """The first whole second that is not before the moment."""
    return clamp(time_value(moment) + (moment.microsecond > 0))


def time_of(value: int) -> datetime:
    """The moment that `time_value` made this value of."""
    return datetime.fromtimestamp(value + _TIME_SHIFT, UTC)


def clamp(value: int) -> int:
    """The value, brought into the 32 bits that a key has for it."""
    return value if VALUE_MIN <= value <= VALUE_MAX else VALUE_MIN if value < 0 else VALUE_MAX


def whole(text: str, most: int) -> int | None:
    """The number in a text, if it is not above the most and writing it gives the same text again."""
    try:
        number = int(text) if len(text) <= DIGITS_MAX else -1
    except ValueError:
        return None
    return number if 0 <= number <= most and str(number) == text else None


def wholes(texts: Sequence[str], most: int) -> Sequence[int | None]:
    """The same of many texts; quicker where, as ever, all of them are numbers."""
    try:
        numbers = list(map(int, texts))
        if list(map(str, numbers)) == list(texts) and min(numbers) >= 0 and max(numbers) <= most:
            return numbers
    except ValueError:
        pass
    return [whole(text, most) for text in texts]
