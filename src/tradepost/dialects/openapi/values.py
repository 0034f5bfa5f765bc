"""What each type of `fields` takes, as JSON Schema: written as a text, and in JSON also as the number that it means.

A test holds these against the readers themselves: what one takes the other takes.
"""

from dataclasses import dataclass
from typing import Any

from tradepost.dialects import fields
from tradepost.dialects.operator_api import fields as operators
from tradepost.dialects.user_api import fields as users
from tradepost.dialects.user_api import money_fields as money
from tradepost.dialects.user_api import sales_fields as sales
from tradepost.market import rates
from tradepost.market.audit import REASON_CHARS_MAX
from tradepost.market.corrections import REFERENCE_CHARS_MAX
from tradepost.market.export_rows import KINDS
from tradepost.market.messages import TEXT_CHARS_MAX
from tradepost.market.tokens import LABEL_CHARS_MAX, SCOPES
from tradepost.rules import contact, payment
from tradepost.rules.callback_address import URL_CHARS_MAX
from tradepost.rules.games import GAMES

Schema = dict[str, Any]

_NO_CONTROL = r"[^\u0000-\u001f\u007f-\u009f]"
_PRICE = r"(0|[1-9][0-9]{0,6})(\.[0-9]{1,2})?"
_FLOAT = r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,40})?([eE]-[0-9]{1,2})?"
_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_HOUR = "([01][0-9]|2[0-3])"
_MOMENT = rf"({_DAY}( ([01][0-9]|2[0-3])(:[0-5][0-9]){{2}})?|0|[1-9][0-9]{{0,10}})"
_PRICE_MOST = 9_999_999.99
_IN_TAG = r"[^\u0000-\u0020\u007f-\u009f@#:`]"
_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAIL = rf"(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@({_LABEL}\.)+[A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9]"


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


def _at_most(most: int) -> str:
    """The pattern of whole numbers that are not above one: shorter than it, lower at some digit, or the number itself."""
    digits = str(most)
    lower = [
        f"{digits[:at]}[0-{int(digit) - 1}][0-9]{{{len(digits) - at - 1}}}"
        for at, digit in enumerate(digits)
        if digit != "0"
    ]
    return f"({'|'.join([f'[0-9]{{1,{len(digits) - 1}}}', *lower, digits])})"


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
    fields.PayerToken: Value(_text("[A-Za-z0-9_-]{6,16}", "zPvo-jv3")),
    fields.OrderId: Value(_text("[A-Za-z0-9_.:-]{1,64}", "order-1001"), {"type": "integer"}),
    fields.SiteAccount: Value(_text(_at_most(payment.ACCOUNT_MAX), "2048"), _whole(0, payment.ACCOUNT_MAX)),
    fields.Amount: Value(
        _text(rf"(?!0(\.00?)?$){_PRICE}", "6.66"),
        {"type": "number", "minimum": 0.01, "maximum": _PRICE_MOST},
    ),
    fields.Signature: Value(_text("[0-9a-fA-F]{64}")),
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
    # Of the user API.
    users.Address: Value(_text(_MAIL, "name@example.com") | {"maxLength": contact.MAIL_CHARS_MAX}),
    users.TradeUrlText: Value(_chars(1, URL_CHARS_MAX)),  # what else it has to be no pattern can say
    users.ShortName: Value(_text("[a-z0-9]{1,12}", "ann42")),
    users.DiscordId: Value(_text("[1-9][0-9]{16,19}", "80351110224678912")),
    users.DiscordTag: Value(
        _text(rf"{_IN_TAG}({_IN_TAG}| ){{0,30}}{_IN_TAG}(#[0-9]{{4}})?", "ann", "ann#1234")
    ),
    users.MailedCode: Value(_text("[0-9]{6}", "012345")),
    money.PayoutMethod: Value(_text("[Ss][Kk][Rr][Ii][Ll][Ll]", "skrill")),
    money.RequestKey: Value(_text("[!-~]{1,255}")),
    money.Said: Value(_chars(1, money.SAID_CHARS_MAX, r"[^\u0000]")),
    users.SessionId: Value(_text("[ -~]{1,40}", "s17")),
    users.KeyPrefix: Value(_text("[ -~]{13}", "live_a1B2c3D4")),
    users.Label: Value(_chars(0, LABEL_CHARS_MAX)),
    users.KeyScope: Value(_words(list(SCOPES))),
    users.Network: Value(_chars(1, users.Network.CHARS_MAX)),
    users.Days: Value(
        _text("([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)"),
        _whole(1, users.Days.MOST),
        _whole(1, users.Days.MOST),
    ),
    sales.PeriodWord: Value(_text("(1[Ww]|1[Mm]|1[Yy]|[Aa][Ll][Ll])", "1W", "1M", "1Y", "All")),
    sales.Mark: Value(_chars(0, sales.MARK_CHARS_MAX)),
    sales.ReferralCode: Value(_text(f"[A-Za-z0-9_-]{{1,{sales.REF_CHARS_MAX}}}", "ann-42")),
    sales.ExportToken: Value(_text("[0-9a-f]{128}")),
    sales.ExportKind: Value(_words(list(KINDS))),
    # Of the operator API.
    operators.Reason: Value(
        _text(
            rf"(?=\s*\S.{{{operators.REASON_CHARS_LEAST - 2},}}\S\s*$){_NO_CONTROL}{{1,{REASON_CHARS_MAX}}}",
            "a ticket says so",
        )
    ),
    operators.Reference: Value(_chars(1, REFERENCE_CHARS_MAX)),
    operators.Words: Value(
        _text(rf"(?=\s*\S)[^\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f]{{1,{TEXT_CHARS_MAX}}}")
    ),
    operators.DeedName: Value(_chars(1, operators.DEED_CHARS_MAX)),
    operators.Cents: Value(_text("[1-9][0-9]{0,8}", "250"), _whole(1, 999_999_999)),
    operators.SignedCents: Value(
        _text("-?[1-9][0-9]{0,8}", "-250"), _whole(-999_999_999, 999_999_999) | {"not": {"const": 0}}
    ),
    operators.Moment: Value(
        _text(
            rf"{_DAY}[Tt ]{_HOUR}(:[0-5][0-9]){{2}}(\.[0-9]{{1,6}})?([Zz]|[+-]{_HOUR}:[0-5][0-9])",
            "2026-12-24T18:00:00Z",
        )
    ),
    operators.Millionths: Value(_text(r"(?!0(\.0{1,6})?$)(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?", "0.9215")),
}
