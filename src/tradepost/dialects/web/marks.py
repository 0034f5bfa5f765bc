"""What a page's own forms and links send, beside the parameters that the APIs have too."""

import re
from typing import Self

MARK_CHARS_MAX = 64

_MARK = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class Mark(str):
    """A word that a page of ours put into its form, to be recognised when it comes back."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The word as it is."""
        if not _MARK.fullmatch(text):
            raise ValueError(f"must have 1 to {MARK_CHARS_MAX} letters, digits, hyphens or underscores")
        return cls(text)
