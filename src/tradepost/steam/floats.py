"""Floats as Steam has them, 32 bits wide, and as the APIs write them: the shortest decimal that means the same."""

import math
import re
import struct
from decimal import Decimal

FLOAT_CHARS_MAX = 64

_DIGITS_SELDOM, _DIGITS_ENOUGH = 6, 9  # nine always tell one 32-bit float from the next
_WEAR = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]{1,3})?", re.ASCII)


def float32_text(number: int | float) -> str:
    """The shortest decimal, without exponent, of a 32-bit float given as its bits (int) or value (float)."""
    bits = number if isinstance(number, int) else float32_bits(number)
    value = float32_value(bits)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    # More digits never tell less, and most wears need seven to nine: so ask about six first.
    few = float32_bits(float(f"{value:.{_DIGITS_SELDOM}g}")) == bits
    for digits in range(1 if few else _DIGITS_SELDOM + 1, _DIGITS_ENOUGH + 1):
        text = f"{value:.{digits}g}"
        if float32_bits(float(text)) == bits:
            break
    plain = format(Decimal(text), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def float32_text_of(text: str) -> str | None:
    """The shortest decimal of the 32-bit float nearest to a wear Steam wrote out; None if it is no wear."""
    if len(text) > FLOAT_CHARS_MAX or not _WEAR.fullmatch(text):
        return None
    value = float(text)
    return float32_text(value) if 0.0 <= value <= 1.0 else None


def float32_value(bits: int) -> float:
    """The value of a 32-bit float."""
    value: float = struct.unpack("<f", struct.pack("<I", bits))[0]
    return value


def float32_bits(value: float) -> int:
    """The bits of the 32-bit float nearest to a value."""
    bits: int = struct.unpack("<I", struct.pack("<f", value))[0]
    return bits
