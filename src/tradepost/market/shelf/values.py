"""Sort values: prices, times and floats as 32-bit integers that compare as the things themselves do.

A shelf sorts keys `value << 32 | slot`, so whatever it sorts by must fit the upper half of a signed 64-bit key.
"""

import math
import struct
from datetime import UTC, datetime

VALUE_MIN, VALUE_MAX = -(2**31), 2**31 - 1

PRICE_CENTS_MAX = 999_999_999  # 9,999,999.99: the most that the APIs' grammar of a price can say
PRICE_NONE = -1  # the price of a slot that holds no offer, so that one comparison tells it from every offer
FLOAT_NONE = VALUE_MAX  # above every float, infinity included: an offer without one comes last
NUMBER_NONE = -(2**63)  # a paint seed or index that is not there

WHOLE_MAX = 2**63 - 1  # ids, versions, accounts, steamids: what a column can hold
DIGITS_MAX = 20  # of 64 bits

_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_DAY_SECONDS = 86_400
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
    return clamp((at.toordinal() - _EPOCH_DAY) * _DAY_SECONDS + seconds - _TIME_SHIFT)


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
