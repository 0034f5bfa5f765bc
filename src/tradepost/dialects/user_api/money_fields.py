"""What a parameter of the user API's calls about money may be."""

import re

SAID_CHARS_MAX = 2_000
KEY_CHARS_MAX = 255
PAYOUT_METHODS = ("skrill",)

_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)


class PayoutMethod(str):
    """How a payout goes."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "PayoutMethod":
        """The word, in whatever case."""
        if text.lower() not in PAYOUT_METHODS:
            raise ValueError(f"must be {' or '.join(PAYOUT_METHODS)}")
        return cls(text.lower())


class RequestKey(str):
    """What the header Idempotency-Key would say, for who cannot send headers."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "RequestKey":
        """The key as it is."""
        if not _KEY.fullmatch(text):
            raise ValueError(f"must have 1 to {KEY_CHARS_MAX} visible ASCII characters")
        return cls(text)


class Said(str):
    """What somebody says in his own words, over several lines if he likes."""

    __slots__ = ()
    HAS_LINES = True

    @classmethod
    def read(cls, text: str) -> "Said":
        """The words as they are, with one kind of line end, and nothing that turns the text around it about."""
        said = text.replace("\r\n", "\n").replace("\r", "\n").strip()
        if not 1 <= len(said) <= SAID_CHARS_MAX or not all(c.isprintable() or c in "\n\t" for c in said):
            raise ValueError(f"must have 1 to {SAID_CHARS_MAX:,} characters that can be seen")
        return cls(said)
