"""A part of the Steam price, as the pages of selling ask for it."""

import re
from typing import Self

PERCENT_MAX = 3_000  # thirty Steam prices: nothing may be listed for more

_PERCENT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


class Percent(int):
    """A whole number of percent, from one."""

    @classmethod
    def read(cls, text: str) -> Self:
        """The number that the text says, with the sign or without it."""
        bare = text.strip().removesuffix("%").strip()
        if not _PERCENT.fullmatch(bare) or int(bare) > PERCENT_MAX:
            raise ValueError(f"must be a whole number of percent from 1 to {PERCENT_MAX}")
        return cls(bare)
