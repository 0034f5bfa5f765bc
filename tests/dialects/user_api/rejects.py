"""What the user API must refuse: for each type of parameter texts that are none of it, whatever call takes it."""

from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from dialects.rejects import A_FEW_NUMBERS, BAD, CONTROLS, SPACES
from rules.test_contact import NO_MAILS
from tradepost.dialects import fields
from tradepost.dialects.shapes import bare, row_of
from tradepost.dialects.user_api import CALLS, money_fields, sales_fields
from tradepost.dialects.user_api import fields as users
from tradepost.dialects.user_api.sign_in import ApiKey
from tradepost.dialects.web.addresses import OwnPath

PERIODS = [
    "1D", "2W", "week", "month", "year", "1 M", "1M ", " 1M", "1M;1Y", "1M,1Y", "all time", "ALL!", "１M", "1М", "1W\n", "-1W", "0W", "30", "1Y' OR 1=1 --",
    "x" * 5_000, *CONTROLS,
]  # fmt: skip
WORDS = ["Skrill ", "paypal", "skrill;paypal", "skrill,paypal", "bank", "ѕkrill", "x" * 5_000, *CONTROLS]
SEPARATED = [
    "a;b",
    "a,b",
    "a b",
    "a|b",
    "a/b",
    "a\\b",
    "a'b",
    'a"b',
    "a%b",
    "a.b",
    "é",
    "x" * 65,
    "x" * 5_000,
    "<a>",
    "=1+1",
    *CONTROLS,
]

NONSENSE: dict[Any, list[str]] = {
    fields.Id: BAD["id"],
    fields.Whole: BAD["whole"],
    fields.SteamId: BAD["steamid"],
    fields.Limit: BAD["limit"],
    fields.Flag: BAD["flag"],
    fields.Code: BAD["code"],
    ApiKey: ["x" * 201, "x" * 5_000, *CONTROLS],
    OwnPath: ["x", "//evil.example", "https://evil.example", "/\\evil", "/a//b", "/../x", "javascript:alert(1)", "/a b", "/é", "/" + "x" * 2_000, *CONTROLS],
    users.Address: [mail for mail in NO_MAILS if mail],
    users.TradeUrlText: ["x", "https://evil.example/tradeoffer/new/?partner=1&token=abcdefgh", "https://steamcommunity.com/tradeoffer/new/?partner=0&token=abcdefgh",
                         "https://steamcommunity.com/tradeoffer/new/?partner=4294967296&token=abcdefgh", "https://steamcommunity.com/tradeoffer/new/?token=abcdefgh",
                         "https://steamcommunity.com/tradeoffer/new/?partner=1&token=abc", "https://steamcommunity.com/tradeoffer/new/?partner=1&token=a&token=b",
                         "https://u@steamcommunity.com/tradeoffer/new/?partner=1&token=abcdefgh", "x" * 5_000, *CONTROLS],
    users.ShortName: ["Ann", "a-b", "a b", "x" * 13, "аnn", "１", "../x", "a;b", *CONTROLS],
    users.DiscordId: [*A_FEW_NUMBERS, "0" * 18, "1" * 16, "1" * 21, "８0351110224678912", *CONTROLS],
    users.DiscordTag: ["x", "x" * 33, "a@b", "a#12", "a#12345", "a:b", "``", "a#1234#5678", *CONTROLS],
    users.MailedCode: ["12345", "1234567", "１２３４５６", "abcdef", "-12345", "12 456", "123456\n", *CONTROLS],
    users.SessionId: ["x" * 41, "é", "\u202e", "x" * 5_000, *CONTROLS],
    users.KeyPrefix: ["x", "x" * 12, "x" * 14, "é" * 13, *CONTROLS],
    users.Label: ["x" * 101, "a\u202eb", "a\u200bb", *CONTROLS],
    users.KeyScope: ["admin", "READ", "read ", "read;sell", "*", "write", *CONTROLS],
    users.Network: ["everywhere", "256.0.0.1", "10.0.0.0/33", "10.0.0.1/8", "0x7f.1", "::g", "localhost", "x" * 51, *CONTROLS],
    users.Days: ["0", "-1", "+1", "01", "1.5", "1e3", "１", "3651", "9" * 5_000, "x", *[space + "1" for space in SPACES]],
    money_fields.PayoutMethod: WORDS,
    money_fields.RequestKey: ["é", "a b", "x" * 256, *CONTROLS],
    money_fields.Said: ["x" * 2_001, "a\x00b", "a\u202eb", "\u200b", "a\x1bb"],
    sales_fields.PeriodWord: PERIODS,
    sales_fields.Mark: ["x" * 65, *CONTROLS],
    sales_fields.ReferralCode: SEPARATED,
    sales_fields.ExportKind: ["Sales", "sales;balance", "sales,balance", "all", "sales\n", "x" * 5_000, *CONTROLS],
    sales_fields.ExportToken: ["x", "0" * 127, "0" * 129, "G" * 128, "Ａ" * 128, "0" * 64 + ";" + "0" * 63, *CONTROLS],
}  # fmt: skip


def type_of(hint: Any) -> tuple[Any, bool]:
    """A parameter's type, or that of each in its list; and whether it is a list."""
    hint, _ = bare(hint)
    is_list = get_origin(hint) is list
    return (row_of(get_args(hint)[0]) if is_list else hint), is_list


def takers() -> list[tuple[str, str, str, Any, bool]]:
    """Every parameter of every call: method, path, name, type, whether it is a list; rows have tests of their own."""
    found = []
    for path, methods in CALLS.items():
        for method, made in methods.items():
            if not made.reads_body:
                continue
            hints = get_type_hints(made.asked, include_extras=True)
            for field in msgspec.structs.fields(made.asked):
                kind, is_list = type_of(hints[field.name])
                if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
                    found.append((method, path, field.encode_name, kind, is_list))
    return found
