"""What a parameter of the calls about sales may be."""

import re

from tradepost.market.export_rows import KINDS, Kind
from tradepost.rules import chart

MARK_CHARS_MAX = 64
REF_CHARS_MAX = 64
_REF = re.compile(rf"[A-Za-z0-9_-]{{1,{REF_CHARS_MAX}}}", re.ASCII)
_TOKEN = re.compile(r"[0-9a-f]{128}", re.ASCII)


class PeriodWord(str):
    """The period of a chart, in small letters or capital ones."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "PeriodWord":
        """The word as it is."""
        if text.upper() not in chart.PERIODS or not text.isascii():
            raise ValueError(f"must be one of {', '.join(chart.PERIODS.values())}")
        return cls(text)

    @property
    def period(self) -> chart.Period:
        """Which period is meant."""
        return chart.PERIODS[self.upper()]


class Mark(str):
    """What means something by being there, whatever it says."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "Mark":
        """The text, which nobody looks at."""
        if len(text) > MARK_CHARS_MAX:
            raise ValueError(f"must have at most {MARK_CHARS_MAX} characters")
        return cls(text)


class ReferralCode(str):
    """The code of an affiliate's link."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "ReferralCode":
        """The code as it is."""
        if not _REF.fullmatch(text):
            raise ValueError(f"must have 1 to {REF_CHARS_MAX} letters, digits, hyphens and underscores")
        return cls(text)


class ExportToken(str):
    """A token that exports are fetched with."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "ExportToken":
        """The token as it is; whether it is one, is looked up."""
        if not _TOKEN.fullmatch(text):
            raise ValueError("must be the 128 hex characters that generateCSVToken answered")
        return cls(text)


class ExportKind(str):
    """What is exported."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "ExportKind":
        """One of the three words."""
        if text not in KINDS:
            raise ValueError(f"must be one of {', '.join(KINDS)}")
        return cls(text)

    @property
    def kind(self) -> Kind:
        """Which it is."""
        return KINDS[KINDS.index(self)]
