"""What each type of `fields` takes, as JSON Schema: written as a text, and in JSON also as the number that it means.

A test holds these against the readers themselves: what one takes the other takes.
"""

from dataclasses import dataclass
from typing import Any

from tradepost.dialects import fields
from tradepost.market import rates
from tradepost.rules.callback_address import URL_CHARS_MAX
from tradepost.rules.games import GAMES

Schema = dict[str, Any]

_NO_CONTROL = r"[^\u0000-\u001f\u007f-\u009f]"
_PRICE = r"(0|[1-9][0-9]{0,6})(\.[0-9]{1,2})?"
_FLOAT = r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,40})?([eE]-[0-9]{1,2})?"
_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_MOMENT = rf"({_DAY}( ([01][0-9]|2[0-3])(:[0-5][0-9]){{2}})?|0|[1-9][0-9]{{0,10}})"
_PRICE_MOST = 9_999_999.99


@dataclass(frozen=True, slots=True)
class Value:
    """One type's notations; `query` is the plainest that means all that a query can say."""

    text: Schema
    json: Schema | None = None  # beside the text
    query: Schema | None = None  # instead of the text

    @property
    def in_query(self) -> Schema:
        """How it is written in a query or a form, where everything is text."""
        return self.query or self.text

    @property
    def in_json(self) -> Schema:
        """How it is written in JSON: as its text, or as what the text means."""
        return self.text if self.json is None else {"anyOf": [self.json, self.text]}


def _text(pattern: str, *examples: str) -> Schema:
    schema: Schema = {"type": "string", "pattern": f"^{pattern}$"}
    return schema | ({"examples": list(examples)} if examples else {})


def _words(words: list[str]) -> Schema:
    return {"type": "string", "enum": words}


def _chars(least: int, most: int, char: str = _NO_CONTROL) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": most, "pattern": f"^{char}*$"}


def _whole(least: int, most: int | None = None) -> Schema:
    schema: Schema = {"type": "integer", "minimum": least}
    return schema | ({} if most is None else {"maximum": most})


_ID = Value(_text("[1-9][0-9]{0,18}", "297921"), _whole(1, 10**19 - 1))
_OFFSET = _whole(0, 10**18 - 1)
_WHOLE = _whole(0, 999_999_999)
_WHEN = Value(_text(_MOMENT, "2026-11-21 12:00:00", "2026-11-21", "1795262400"), _whole(0, 10**11 - 1))

VALUES: dict[type, Value] = {
    fields.Price: Value(
        _text(rf"(?!0(\.00?)?$){_PRICE}", "3.14"),
        {"type": "number", "minimum": 0.01, "maximum": _PRICE_MOST},
    ),
    fields.PriceBound: Value(_text(_PRICE, "3.14"), {"type": "number", "minimum": 0, "maximum": _PRICE_MOST}),
    fields.Id: _ID,
    fields.AssetId: Value(_text("[1-9][0-9]{0,18}", "19643581752"), _ID.json),
    fields.SteamId: Value(_text("7656119[0-9]{10}", "76561198856579755")),
    fields.TradeToken: Value(_text("[A-Za-z0-9_-]{6,16}", "zPvo-jv3")),
    fields.CustomId: Value(
        _chars(1, fields.CUSTOM_ID_CHARS_MAX, r"[^,\u0000-\u001f\u007f-\u009f]"), {"type": "integer"}
    ),
    fields.EventId: Value(_text("(0|[1-9][0-9]{0,17})-(0|[1-9][0-9]{0,17})", "812-33")),
    fields.Project: Value(_words(list(GAMES))),
    fields.Currency: Value(_words([rates.USD, *rates.QUOTED])),
    fields.Name: Value(_chars(1, fields.NAME_CHARS_MAX)),
    fields.Search: Value(_chars(0, fields.SEARCH_CHARS_MAX)),
    fields.Code: Value(_chars(1, fields.CODE_CHARS_MAX)),
    fields.Url: Value(_chars(1, URL_CHARS_MAX)),
    fields.Whole: Value(_text("(0|[1-9][0-9]{0,8})"), _WHOLE, _WHOLE),
    fields.Float: Value(_text(_FLOAT, "0.07"), {"type": "number", "minimum": 0, "exclusiveMaximum": 10_000}),
    fields.FloatSpan: Value(_text(f"{_FLOAT}(-{_FLOAT})?", "0.07", "0.07-0.15")),
    fields.Limit: Value(_text("[1-9][0-9]*"), _whole(1), _whole(1)),
    fields.Offset: Value(_text("(0|[1-9][0-9]{0,17})"), _OFFSET, _OFFSET),
    fields.Flag: Value(_words(["1", "0", "true", "false"]), {"enum": [True, False, 1, 0]}),
    fields.Since: _WHEN,
    fields.Until: _WHEN,
}
