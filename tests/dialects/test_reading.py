"""Whatever notation parameters come in, a call gets the same struct, or the caller his spelling of the fault."""

import json
import time
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.dialects.fields import (
    AssetId,
    CustomId,
    Flag,
    Float,
    Id,
    Limit,
    Name,
    Offset,
    Price,
    PriceBound,
    Project,
    Since,
    SteamId,
    TradeToken,
    Until,
    Whole,
)
from tradepost.dialects.reading import KEYS_MAX, read_all
from tradepost.dialects.shapes import BLANKS, COMMAS, FILLED, Also, Rows, Unread, take
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import BuyerTradeUrl, Conflicting, Malformed, Refusal

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Row(msgspec.Struct):
    id: Id
    price: Price
    currency: Name = Name("USD")


class Asked(msgspec.Struct):
    """A call that has a parameter of every kind."""

    id: Id | None = None
    project: Annotated[Project, Also("game")] = Project("csgo")
    names: list[Name] = []
    item_ids: Annotated[list[Id], COMMAS, Rows(100)] = []
    states: Annotated[list[Literal["active", "finished"]], COMMAS] = []
    offers: Annotated[list[Row], Rows(250)] = []
    sort: Literal["asc", "desc"] = "desc"
    price: Price | None = None
    custom_id: CustomId | None = None
    custom_ids: Annotated[list[CustomId], COMMAS, BLANKS] = []
    ceiling: Annotated[Price | None, FILLED] = None


class Patient(msgspec.Struct):
    """A call whose rows stand each by itself."""

    offers: Annotated[list[Row | Unread], Rows(3)]


class Needy(msgspec.Struct):
    steamid: SteamId
    offers: Annotated[list[Row], Rows(2)]


def asked(query: str = "", body: Any = b"", kind: str = FORM, of: type[msgspec.Struct] = Asked) -> Any:
    """The struct, or the text of the refusal with its class."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode() if isinstance(body, dict | list) else body.encode()
    try:
        return take(of, read_all(query.encode(), body, kind))
    except Refusal as refusal:
        return (
            f"{type(refusal).__name__}: {refusal.sentence if isinstance(refusal, Conflicting) else refusal}"
        )


def rows(*pairs: tuple[int, int]) -> dict[str, Any]:
    return {"offers": [Row(Id(id_), Price(cents)) for id_, cents in pairs]}


# What is sent as a form, and what a call gets: written once, read from the query and from the body.
SHAPES: list[tuple[str, Any]] = [
    ("", {}),
    ("id=7", {"id": 7}),
    ("id=7&id=7", {"id": 7}),
    ("unknown=1", {}),
    ("unknown[a][b]=1&unknown=2&id=7", {"id": 7}),
    ("unknown[=1&id=7", {"id": 7}),
    ("unknown]=1", {}),
    ("[]=1&[0]=2&=3&id=7", {"id": 7}),
    ("&&id=7&&", {"id": 7}),
    ("id[]=7", "Malformed: id: must be a single value, not a list"),
    ("id[a]=7", "Malformed: id: must be a single value, not a list"),
    ("id=7&id[]=7", "Malformed: id: must be a single value, not a list"),
    ("id=7&id=8", "Conflicting: id is given more than once, with different values."),
    ("id[=7", "Malformed: id[: has brackets that do not match"),
    ("id]=7", {}),
    ("id[[0]]=7", "Malformed: id[[0]]: has brackets that do not match"),
    ("id[0]x=7", "Malformed: id[0]x: has brackets that do not match"),
    # Lists of values.
    ("names=a", {"names": ["a"]}),
    ("names=a,b", {"names": ["a,b"]}),
    ("names=a&names=b", {"names": ["a", "b"]}),
    ("names=a&names=a", {"names": ["a", "a"]}),
    ("names[]=a&names[]=b", {"names": ["a", "b"]}),
    ("names[0]=a&names[1]=b", {"names": ["a", "b"]}),
    ("names[1]=a&names[2]=b", {"names": ["a", "b"]}),
    ("names[2]=b&names[1]=a", {"names": ["a", "b"]}),
    ("names[7]=b&names[3]=a", {"names": ["a", "b"]}),
    ("names[10]=b&names[9]=a", {"names": ["a", "b"]}),
    ("names[999999999999999999]=b&names[0]=a", {"names": ["a", "b"]}),
    ("names[3]=a&names[]=b&names[1]=c", {"names": ["c", "a", "b"]}),
    ("names[]=a&names[0]=b", "Conflicting: names[] is given more than once, with different values."),
    ("names[0]=a&names[0]=a", {"names": ["a"]}),
    ("names[0]=a&names[0]=b", "Conflicting: names[0] is given more than once, with different values."),
    ("names=a&names[]=b", "Malformed: names: is given both as a value and as a list"),
    ("names[0]=a&names=b", "Malformed: names: is given both as a value and as a list"),
    ("names[x]=a", "Malformed: names[x]: must have whole numbers as indices"),
    ("names[-1]=a", "Malformed: names[-1]: must have whole numbers as indices"),
    ("names[01]=a", "Malformed: names[01]: must have whole numbers as indices, without leading zeros"),
    ("names[1.0]=a", "Malformed: names[1.0]: must have whole numbers as indices"),
    ("names[ 1]=a", "Malformed: names[ 1]: must have whole numbers as indices"),
    ("names[%D9%A3]=a", "Malformed: names[٣]: must have whole numbers as indices"),
    ("names[1000000000000000000]=a", "Malformed: names[1000000000000000000]: has an index that is too large: it may have 18 digits at most"),
    ("names[0][0]=a", "Malformed: names[0]: must be a single value, not a list"),
    ("names[0][]=a", "Malformed: names[0]: must be a single value, not a list"),
    ("names[a]=1&names[0]=b", "Malformed: names[a]: must have whole numbers as indices"),
    # An empty text is none, alone or beside a value; as an element of a list that is written out it is a fault.
    ("id=&project=&game=&sort=&custom_id=&price=&states=&names=&item_ids=", {}),
    ("id=&id=7&id=", {"id": 7}),
    ("game=&project=dota2", {"project": "dota2"}),
    ("names=&names=b", {"names": ["b"]}),
    ("ceiling=", "Malformed: ceiling: must not be empty: give it a value, or leave it away altogether"),
    ("ceiling=&ceiling=3", {"ceiling": 300}),
    ("offers[0][id]=7&offers[0][price]=", "Malformed: offers[0][price]: is missing"),
    ("offers[0][id]=7&offers[0][price]=1&offers[0][currency]=", rows((7, 100))),
    ("names[]=", "Malformed: names[]: must have 1 to 300 characters"),
    ("names[4]=a&names[5]=", "Malformed: names[5]: must have 1 to 300 characters"),
    ("names[0]=%E2%98%85+Bayonet+%7C+Fade", {"names": ["★ Bayonet | Fade"]}),
    # Lists that may have commas.
    ("item_ids=1", {"item_ids": [1]}),
    ("item_ids=1,2", {"item_ids": [1, 2]}),
    ("item_ids[]=1&item_ids[]=2", {"item_ids": [1, 2]}),
    ("item_ids[]=1,2&item_ids[]=3", {"item_ids": [1, 2, 3]}),
    ("item_ids=2&item_ids=1", {"item_ids": [2, 1]}),
    ("item_ids[5]=2&item_ids[4]=1", {"item_ids": [1, 2]}),
    ("item_ids=1,,2", {"item_ids": [1, 2]}),
    ("item_ids=1,", {"item_ids": [1]}),
    ("item_ids=+1,+2+,+", {"item_ids": [1, 2]}),
    ("item_ids=,", {}),
    ("item_ids=+1", "Malformed: item_ids: must be a whole number above zero, without leading zeros"),
    ("item_ids=1,%092", "Malformed: item_ids: must not contain control characters"),
    ("item_ids[]=1,&item_ids[]=,2", {"item_ids": [1, 2]}),
    ("item_ids[]=1&item_ids[]=", "Malformed: item_ids[]: must be a whole number above zero, without leading zeros"),
    ("states=active,+finished,", {"states": ["active", "finished"]}),
    ("custom_ids=x,y,", {"custom_ids": ["x", "y"]}),
    ("custom_ids=x,+y,+", {"custom_ids": ["x", "y", " y", " "]}),
    ("custom_ids=+x", {"custom_ids": [" x"]}),
    ("item_ids=" + ",".join(map(str, range(1, 101))) + ",", {"item_ids": list(range(1, 101))}),
    ("item_ids[3]=1&item_ids[7]=x", "Malformed: item_ids[7]: must be a whole number above zero, without leading zeros"),
    ("item_ids=" + ",".join(map(str, range(1, 101))), {"item_ids": list(range(1, 101))}),
    ("item_ids=" + ",".join(["1"] * 101), "Malformed: item_ids: has 101 elements; at most 100 are taken at once"),
    ("states=" + ",".join(["active"] * KEYS_MAX), {"states": ["active"] * KEYS_MAX}),
    ("states=active&states=" + "," * KEYS_MAX, "Malformed: states: has 2002 elements; at most 2000 are taken at once"),
    ("states=active,finished", {"states": ["active", "finished"]}),
    ("states[]=active&states[]=gone", "Malformed: states: must be one of active, finished"),
    # Lists of rows.
    ("offers[0][id]=7&offers[0][price]=0.5", rows((7, 50))),
    ("offers[1][id]=7&offers[1][price]=1&offers[2][id]=8&offers[2][price]=2", rows((7, 100), (8, 200))),
    ("offers[9][price]=2&offers[2][price]=1&offers[9][id]=8&offers[2][id]=7", rows((7, 100), (8, 200))),
    ("offers[999999999][id]=7&offers[999999999][price]=1", rows((7, 100))),
    ("offers[][id]=7&offers[][price]=1", "Malformed: offers[][price]: is missing"),
    ("offers[0][id]=7", "Malformed: offers[0][price]: is missing"),
    ("offers[3][id]=7&offers[3][price]=x", "Malformed: offers[3][price]: "
     "must be a price of at least 0.01 with at most two decimals, such as 3.14"),
    ("offers[3][id]=7&offers[3][price]=1&offers[4][id]=0&offers[4][price]=1",
     "Malformed: offers[4][id]: must be a whole number above zero, without leading zeros"),
    ("offers[0][id]=7&offers[0][id]=8", "Conflicting: offers[0][id] is given more than once, with different values."),
    ("offers[0][id][]=7", "Malformed: offers[0][id]: must be a single value, not a list"),
    ("offers[0]=7", "Malformed: offers[0]: must have fields of its own, not be a single value"),
    ("offers=7", "Malformed: offers: must be a list"),
    ("offers[id]=7", "Malformed: offers[id]: must have whole numbers as indices"),
    ("offers[0][0][0]=7", "Malformed: offers[0][id]: is missing"),
    ("offers[0][0][0][0]=7", "Malformed: offers[0][0][0][0]: is nested deeper than 4 levels"),
    # One parameter with two names.
    ("game=dota2", {"project": "dota2"}),
    ("project=dota2&game=dota2", {"project": "dota2"}),
    ("project=dota2&game=csgo", "Conflicting: project and game are one parameter; give one of them."),
    ("game=halflife", "Malformed: game: must be one of csgo, dota2, tf2, rust, games"),
    ("game[]=csgo", "Malformed: game: must be a single value, not a list"),
    # Words and control characters.
    ("sort=asc", {"sort": "asc"}),
    ("sort=up", "Malformed: sort: must be one of asc, desc"),
    ("names=a%00b", "Malformed: names: must not contain control characters"),
    ("custom_id=a%0D%0Ab", "Malformed: custom_id: must not contain control characters"),
    ("custom_id=a%C2%85b", "Malformed: custom_id: must not contain control characters"),
    ("custom_id=%FF", "UTF-8"),
    ("custom_id=%ED%A0%80", "UTF-8"),
    ("%FF=1", "UTF-8"),
]  # fmt: skip


def check(got: Any, want: Any) -> None:
    if want == "UTF-8":
        assert got in ("Malformed: query: is not valid UTF-8", "Malformed: body: is not valid UTF-8")
    elif isinstance(want, str):
        assert got == want
    else:
        assert got == msgspec.structs.replace(Asked(), **want)


@pytest.mark.parametrize(("text", "want"), SHAPES, ids=[text[:60] for text, _ in SHAPES])
def test_a_form_means_the_same_in_the_query_and_in_the_body(text: str, want: Any) -> None:
    assert len(SHAPES) >= 60
    check(asked(query=text), want)
    check(asked(body=text), want)


JSON_SHAPES: list[tuple[Any, Any]] = [
    ({}, {}),
    (b"", {}),
    (b"  ", {}),
    (b'\xef\xbb\xbf{"id":7}', {"id": 7}),
    ({"id": 7}, {"id": 7}),
    ({"id": "7"}, {"id": 7}),
    ({"id": None}, {}),
    ({"id": "", "project": "", "names": "", "states": ""}, {}),
    ({"ceiling": ""}, "Malformed: ceiling: must not be empty: give it a value, or leave it away altogether"),
    ({"names": [""]}, "Malformed: names[0]: must have 1 to 300 characters"),
    # PHP's arrays spelled out in the names.
    ({"offers[0][id]": 7, "offers[0][price]": 0.5}, rows((7, 50))),
    ({"offers[1][id]": 8, "offers[1][price]": 1, "offers[0]": {"id": 7, "price": 1}}, rows((7, 100), (8, 100))),
    ({"names[2]": "b", "names[1]": "a"}, {"names": ["a", "b"]}),
    ({"names[]": "a"}, {"names": ["a"]}),
    ({"offers[0][id]": 7, "offers": [{"price": 2}]}, rows((7, 200))),
    ({"offers[0][id]": 7}, "Malformed: offers[0][price]: is missing"),
    ({"offers[0][id]": 7, "offers": [{"id": 8, "price": 2}]},
     "Conflicting: offers[0][id] is given more than once, with different values."),
    ({"names[0]": "a", "names": "b"}, "Malformed: names: is given both as a value and as a list"),
    ({"names[x]": "a"}, "Malformed: names[x]: must have whole numbers as indices"),
    ({"names[": "a"}, "Malformed: names[: has brackets that do not match"),
    (b'{"names[0]":"a","names[0]":"a"}', "Malformed: names[0]: is in the same JSON object twice"),
    ({"a[0][0][0]": "b"}, {}),
    ({"a[0][0][0]": ["b"]}, "Malformed: a[0][0][0]: is nested deeper than 4 levels"),
    ({"a[0][0]": {"b": {"c": 1}}}, "Malformed: a[0][0].b: is nested deeper than 4 levels"),
    ({"a[0][0][0][0]": "b"}, "Malformed: a[0][0][0][0]: is nested deeper than 4 levels"),
    ({"unknown": {"a": [1, {"b": 2}]}, "id": 7}, {"id": 7}),
    (b'{"id": 7.0}', "Malformed: id: must be a whole number above zero, without leading zeros"),
    (b'{"id": 1e3}', "Malformed: id: must be a whole number above zero, without leading zeros"),
    (b'{"id": -0}', "Malformed: id: must be a whole number above zero, without leading zeros"),
    ({"id": True}, "Malformed: id: must be a text or a number"),
    ({"id": [7]}, "Malformed: id: must be a single value, not a list"),
    ({"id": {}}, "Malformed: id: must be a single value, not a list"),
    (b'{"id":' + b"9" * 5000 + b"}", "Malformed: id: must have at most 19 digits"),
    (b'{"price": 3.14}', {"price": 314}),
    (b'{"price": 1e400}', "Malformed: price: must be a price of at least 0.01 with at most two decimals, such as 3.14"),
    (b'{"price": NaN}', "Malformed: price: must be a number, and NaN and Infinity are none"),
    (b'{"offers": [{"id": -Infinity}]}', "Malformed: offers[0].id: must be a number, and NaN and Infinity are none"),
    (b'{"id": 7, "id": 7}', "Malformed: id: is in the same JSON object twice"),
    (b'{"offers":[{"id":1,"price":1},{"id":1,"id":2}]}', "Malformed: offers[1].id: is in the same JSON object twice"),
    (b'{"u": {"a": 1, "a": 2}}', "Malformed: u.a: is in the same JSON object twice"),
    ({"names": "a"}, {"names": ["a"]}),
    ({"names": ["a", "b"]}, {"names": ["a", "b"]}),
    ({"names": {"3": "b", "1": "a"}}, {"names": ["a", "b"]}),
    ({"names": {"x": "b"}}, "Malformed: names.x: must have whole numbers as indices"),
    ({"names": []}, {"names": []}),
    ({"names": None}, {}),
    ({"names": [None]}, "Malformed: names[0]: must be a text or a number"),
    ({"names": [["a"]]}, "Malformed: names[0]: must be a single value, not a list"),
    ({"names": ["a", True]}, "Malformed: names[1]: must be a text or a number"),
    ({"item_ids": "1,2"}, {"item_ids": [1, 2]}),
    ({"item_ids": [1, "2"]}, {"item_ids": [1, 2]}),
    ({"item_ids": []}, "Malformed: item_ids: is an empty list"),
    ({"item_ids": 5}, {"item_ids": [5]}),
    ({"item_ids": [1, "x"]}, "Malformed: item_ids[1]: must be a whole number above zero, without leading zeros"),
    ({"offers": [{"id": "7", "price": 0.14}]}, rows((7, 14))),
    ({"offers": {"5": {"id": 8, "price": "2"}, "2": {"id": 7, "price": 1}}}, rows((7, 100), (8, 200))),
    ({"offers": [{"id": "7"}]}, "Malformed: offers[0].price: is missing"),
    ({"offers": [{"id": "7", "price": None}]}, "Malformed: offers[0].price: is missing"),
    ({"offers": [7]}, "Malformed: offers[0]: must have fields of its own, not be a single value"),
    ({"offers": [None]}, "Malformed: offers[0]: must have fields of its own, not be a single value"),
    ({"offers": [{}]}, "Malformed: offers[0].id: is missing"),
    ({"offers": []}, "Malformed: offers: is an empty list"),
    ({"offers": {}}, "Malformed: offers: is an empty list"),
    ({"offers": "x"}, "Malformed: offers: must be a list"),
    ({"names": {"01": "b"}}, "Malformed: names.01: must have whole numbers as indices, without leading zeros"),
    ({"offers": [{"id": 1, "price": 1}] * 251}, "Malformed: offers: has 251 elements; at most 250 are taken at once"),
    ({"a": [[[[1]]]]}, "Malformed: body: is nested deeper than 4 levels"),
    ({"a": {"b": {"c": {"d": 1}}}}, {}),
    (b"[" * 200_000, "Malformed: body: has more than 2,000 keys"),
    (b"[[[[[", "Malformed: body: is nested deeper than 4 levels"),
    (b'{"custom_id": "[[[[[{{{{{\\"[[["}', {"custom_id": '[[[[[{{{{{"[[['}),
    (b'{"custom_id": "\\ud800"}', "Malformed: custom_id: is not valid Unicode"),
    (b'{"\\ud800": 1}', "Malformed: body: has a name that is not valid Unicode"),
    (b'{"custom_id": "\\ud83d\\ude00"}', {"custom_id": "😀"}),
    (b'{"custom_id": "\\u0000"}', "Malformed: custom_id: must not contain control characters"),
    (b'{"custom_id": "a,b"}', "Malformed: custom_id: must have 1 to 64 characters and no comma"),
    (b'{"custom_id": 400}', {"custom_id": "400"}),
    (b'{"custom_id": "\xff"}', "Malformed: body: is not valid UTF-8"),
    ([1], "Malformed: body: must be a JSON object"),
    (b'"x"', "Malformed: body: must be a JSON object"),
    (b"null", "Malformed: body: must be a JSON object"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "want"), JSON_SHAPES, ids=[str(body)[:60] for body, _ in JSON_SHAPES])
def test_json_means_the_same_as_a_form(body: Any, want: Any) -> None:
    if isinstance(body, bytes) and not body.strip():
        body = b""
    check(asked(body=body, kind=JSON), want)


@pytest.mark.parametrize("text", ["{", "{]", '{"a":}', '{"a":1,}', '{"a":01}', "{'a':1}", '{"a":+1}', '{"a":.5}', '{"a":"\n"}', '{"a":1}x', '{"a":1_0}'])  # fmt: skip
def test_what_is_not_json_is_refused_with_the_place(text: str) -> None:
    assert asked(body=text, kind=JSON).startswith("Malformed: body: is not JSON: ")


def test_a_body_that_begins_with_a_brace_is_json_whatever_its_type() -> None:
    assert asked(body=b' {"id": 7}', kind=FORM).id == 7
    assert asked(body=b'{"id": 7}', kind="").id == 7
    assert asked(body=b'{"id": 7}', kind="application/vnd.api+json; charset=utf-8").id == 7


def test_query_and_body_are_one_set_of_parameters() -> None:
    assert asked("project=dota2", {"id": 7}, JSON) == Asked(Id(7), Project("dota2"))
    assert asked("id=7", {"id": "7"}, JSON).id == 7
    assert asked("id=7", {"id": 8}, JSON) == "Conflicting: id is given more than once, with different values."
    assert asked("names[]=a", {"names": ["b"]}, JSON).startswith("Conflicting: names[] is given")
    assert asked("names=a", "names=b").names == ["a", "b"]


def test_missing_parameters_are_named_as_they_are_documented() -> None:
    assert asked(of=Needy) == "Malformed: steamid: is missing"
    assert asked("steamid=76561198064929874", of=Needy) == "Malformed: offers: is missing"
    found = asked("steamid=76561198064929874&offers[0][id]=1&offers[0][price]=1", of=Needy)
    assert found.offers == [Row(Id(1), Price(100))]


def test_a_row_that_cannot_be_read_leaves_the_others_be() -> None:
    fine, clause = Row(Id(7), Price(100)), "must be a whole number above zero, without leading zeros"
    sent: list[tuple[Any, Any]] = [
        ({"id": 7}, Unread("7", "offers[1].price", "is missing")),
        ({"id": "x", "price": 1}, Unread("x", "offers[1].id", clause)),
        ({"id": "x" * 500, "price": 1}, Unread("x" * 100, "offers[1].id", clause)),
        ({"price": 1}, Unread(None, "offers[1].id", "is missing")),
        ({"id": True, "price": 1}, Unread(None, "offers[1].id", "must be a text or a number")),
        ({"id": [1], "price": 1}, Unread(None, "offers[1].id", "must be a single value, not a list")),
        ({}, Unread(None, "offers[1].id", "is missing")),
    ]
    for row, want in sent:
        got = asked(body={"offers": [{"id": 7, "price": 1}, row]}, kind=JSON, of=Patient)
        assert got.offers == [fine, want], row
    text = "offers[4][id]=7&offers[4][price]=1&offers[6][id]=8&offers[6][price]=%FF".replace("%FF", "0")
    assert asked(text, of=Patient).offers == [fine, Unread("8", "offers[6][price]", "must be at least 0.01")]
    whole: list[tuple[Any, str]] = [
        (7, "offers: must be a list"),
        ([7], "offers[0]: must have fields of its own, not be a single value"),
        ([{}] * 4, "offers: has 4 elements; at most 3 are taken at once"),
        ([], "offers: is an empty list"),
    ]
    for value, said in whole:
        assert asked(body={"offers": value}, kind=JSON, of=Patient) == f"Malformed: {said}"


def test_a_multipart_form_is_a_form() -> None:
    kind = "multipart/form-data; boundary=XyZ"
    part = '--XyZ\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = (
        part.format("id", "7")
        + part.format("names[1]", "a\r\nb")
        + part.format("names[0]", "★")
        + "--XyZ--\r\n"
    )
    assert asked(body=body.replace("a\r\nb", "c"), kind=kind) == Asked(id=Id(7), names=[Name("★"), Name("c")])
    assert asked(body=body, kind=kind) == "Malformed: names[1]: must not contain control characters"
    assert (
        asked(body=body, kind="multipart/form-data")
        == "Malformed: body: is a multipart form without a boundary"
    )
    file = '--XyZ\r\nContent-Disposition: form-data; name="id"; filename="x"\r\n\r\n7\r\n--XyZ--'
    assert asked(body=file, kind=kind) == "Malformed: body: has a part that is not a form's value"
    assert asked(body="--XyZ\r\njunk\r\n--XyZ--", kind=kind).startswith("Malformed: body: has a part")
    many = "".join(part.format("a", index) for index in range(KEYS_MAX + 1)) + "--XyZ--"
    assert asked(body=many, kind=kind) == "Malformed: body: has more than 2,000 keys"


def test_keys_are_bounded_over_query_and_body_together() -> None:
    half = "&".join(f"a{index}=1" for index in range(KEYS_MAX // 2))
    assert asked(half, half + "&id=") == "Malformed: body: has more than 2,000 keys"
    assert asked(half, half) == Asked()
    assert asked(half + "&id=7", {"u": [0] * 1000}, JSON) == "Malformed: body: has more than 2,000 keys"
    one_short = "&".join(f"a{index}=1" for index in range(KEYS_MAX - 1))
    assert asked(one_short, {"names": "a, {b}, c"}, JSON).names == ["a, {b}, c"]  # no key is in a text
    assert asked(one_short, {"names": "a, b, c"}, JSON).names == ["a, b, c"]
    assert asked(one_short, {"names": "a", "u": 0}, JSON) == "Malformed: body: has more than 2,000 keys"
    assert asked(body={"names": ["a"] * KEYS_MAX}, kind=JSON).names == ["a"] * KEYS_MAX
    assert (
        asked(body={"names": ["a"] * (KEYS_MAX + 1)}, kind=JSON)
        == "Malformed: body: has more than 2,000 keys"
    )


HOSTILE = [
    ("query", b"&" * 1_000_000),
    ("query", b"a[" * 300_000),
    ("query", b"a" + b"[0]" * 300_000 + b"=1"),
    ("query", b"%" * 1_000_000),
    ("query", b"states=" + b"active," * 140_000),
    ("query", b"item_ids=" + b"1," * 500_000),
    ("json", b'{"a":"' + b'\\"' * 500_000),
    ("json", b'{"a":"' + b"\\\\" * 500_000 + b'"}'),
    ("json", b"[[]" + b"[]" * 500_000),
    ("json", b"{" * 1_000_000),
    ("json", b'"' * 1_000_000),
    ("json", '"é'.encode() * 300_000),
    ("json", b'{"id":' + b"9" * 1_000_000 + b"}"),
    ("multipart", b"--b\r\n" + b"form-data;" * 100_000),
    ("multipart", b"\r\n--b" * 200_000),
]


@pytest.mark.parametrize(("how", "data"), HOSTILE, ids=[f"{how} {data[:12]!r}" for how, data in HOSTILE])
def test_a_hostile_megabyte_is_refused_or_ignored_at_once(how: str, data: bytes) -> None:
    kind = {"query": FORM, "json": JSON, "multipart": "multipart/form-data; boundary=b"}[how]
    start = time.process_time()
    asked(body=data, kind=kind)
    asked(data.decode("latin-1") if how == "query" else "")
    assert time.process_time() - start < 2  # linear: milliseconds; quadratic: minutes


def test_an_index_orders_and_never_allocates() -> None:
    start = time.process_time()
    text = "&".join(f"names[{10**17 + index}]=n{index}" for index in range(1500))
    assert asked(text).names[-1] == "n1499"
    assert time.process_time() - start < 1


# The types of single values ----------------------------------------------------------------------------------

REFUSED = {
    Price: [
        "NaN", "sNaN", "Infinity", "-Infinity", "-0", "-1", "+1", "0", "0.00", "0.001", "0.005", "1e2", "1E2", "1e400", "1E-400", "1_000", "00.10", "01", "1.", ".5", "1,5", "0x1", "10000000", "10000000.00", "1.234", "1.5.5", "٣", "１２", "１２.５0", "1\n", "\n1", "\t1", "1\x00", "$1", "1$", "1%", "true", "null", "½", "Ⅷ", "²", "1０", "1e0", "1.0e0", "--1", "9999999999999999999999999999", "0.0000001", "", " 1", "1 ", " 1 ", "1 000", " "],
    PriceBound: ["", "-1", "0.001", "NaN", "1e1", "10000000", "１"],
    Id: ["", "0", "-1", "+1", "01", "1.0", "1e3", "9" * 20, "x", " 1", "1\n", "٣", "１", "1_0", "0x10", "NaN"],
    AssetId: ["", "0", "-1", "01", "1.5", "x", "9" * 20, "１"],
    SteamId: ["", "7656119806492987", "765611980649298745", "86561198064929874", "7656119806492987a", "７6561198064929874",
              "76561198064929874\n", " 76561198064929874", "76561190000000000", "0"],
    CustomId: ["", "a,b", "x" * 65, "a\nb", "a\x00b", "a\x7fb"],
    Project: ["", "CSGO", "730", "half-life", "csgo "],
    Whole: ["", "-1", "01", "1.0", "9999999999", "x", "１"],
    Float: ["", "-0.1", "NaN", "inf", "1e5", ".5", "0,5", "0.07 ", "1e-400", "99999", "０.1", "0x1p3"],
    Limit: ["", "0", "-1", "1.5", "ten", "01", "1e3", "１"],
    Offset: ["", "-1", "1.5", "01", "9" * 19],
    Flag: ["", "yes", "2", "True", "on", "-1"],
    Since: ["", "yesterday", "2020-13-01", "2020-02-30", "2020-1-1", "2020-01-01T00:00:00", "2020-01-01 24:00:00",
            "2020-01-01 1:00:00", "0000-01-01", "-1", "1.5", "999999999999", "２020-01-01", "2020-01-01 00:00:00Z"],
}  # fmt: skip
ACCEPTED: list[tuple[Any, str, Any]] = [
    (Price, "0.01", 1), (Price, "3", 300), (Price, "3.1", 310), (Price, "3.14", 314), (Price, "9999999.99", 999_999_999),
    (PriceBound, "0", 0), (PriceBound, "0.00", 0), (PriceBound, "12.3", 1230),
    (Id, "1", 1), (Id, "9223372036854775807", 2**63 - 1), (Id, "9999999999999999999", 9_999_999_999_999_999_999),
    (AssetId, "18720843311", "18720843311"), (SteamId, "76561198064929874", "76561198064929874"),
    (CustomId, "marketplace_73_1585326835", "marketplace_73_1585326835"), (CustomId, "é 漢", "é 漢"),
    (Float, "0", "0"), (Float, "0.070000000298023224", "0.070000000298023224"), (Float, "1e-05", "1e-05"),
    (Limit, "1000000000", 10**9), (Limit, "9" * 18, 10**18 - 1), (Limit, "9" * 5000, 10**18), (Offset, "0", 0), (Flag, "1", 1), (Flag, "false", 0),
    (Since, "0", Since(1970, 1, 1).isoformat()), (Since, "2020-02-29", "2020-02-29T00:00:00"),
    (Since, "2020-02-29 12:13:14", "2020-02-29T12:13:14"), (Since, "1583064794", "2020-03-01T12:13:14"),
    (Until, "2020-02-29", "2020-02-29T23:59:59.999999"), (Until, "2020-02-29 12:13:14", "2020-02-29T12:13:14.999999"),
    (Until, "1583064794", "2020-03-01T12:13:14.999999"), (Until, "9999-12-31", "9999-12-31T23:59:59.999999"),
]  # fmt: skip


def one(kind: Any) -> type[msgspec.Struct]:
    return msgspec.defstruct("One", [("v", kind)])


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in REFUSED.items() for text in texts]
)
def test_a_value_outside_its_grammar_is_refused_by_name(kind: Any, text: str) -> None:
    for got in (
        asked(urlencode({"v": text}), of=one(kind)),
        asked(body=urlencode({"v": text}), of=one(kind)),
        asked(body={"v": text}, kind=JSON, of=one(kind)),
    ):
        assert isinstance(got, str)
        assert got.startswith("Malformed: v: m" if text else "Malformed: v: is missing")


@pytest.mark.parametrize(("kind", "text", "want"), ACCEPTED)
def test_a_value_within_its_grammar_is_read_exactly(kind: Any, text: str, want: Any) -> None:
    for got in (
        asked(urlencode({"v": text}), of=one(kind)),
        asked(body={"v": text}, kind=JSON, of=one(kind)),
    ):
        value = got.v
        assert type(value) is kind
        assert (value.replace(tzinfo=None).isoformat() if isinstance(value, Since | Until) else value) == want


def test_a_trade_token_outside_its_grammar_is_a_wrong_trade_link() -> None:
    for text in ("abcde", "x" * 17, "abc def", "abcdeé", "abcdef\n"):
        with pytest.raises((BuyerTradeUrl, Malformed)) as caught:
            take(one(TradeToken), read_all(f"v={quote(text)}".encode(), b"", ""))
        if "\n" not in text:
            assert caught.type is BuyerTradeUrl
            assert "trade_token" in caught.value.sentence
    assert asked("v=zPvo-jv3", of=one(TradeToken)).v == "zPvo-jv3"


@given(st.integers(1, 999_999_999))
def test_every_price_that_is_written_is_read_as_itself(cents: int) -> None:
    assert asked(f"v={write_cents(cents)}", of=one(Price)).v == cents
    assert asked(body=b'{"v":%s}' % write_cents(cents).encode(), kind=JSON, of=one(Price)).v == cents


@given(st.binary(max_size=200), st.sampled_from([FORM, JSON, "multipart/form-data; boundary=b", ""]))
def test_no_bytes_at_all_make_the_reader_fail(data: bytes, kind: str) -> None:
    asked(body=data, kind=kind)
    asked(body=b'{"offers":' + data + b"}", kind=JSON)


LISTS = st.dictionaries(st.integers(0, 10**6), st.integers(1, 10**9), min_size=1, max_size=20)


@given(LISTS)
def test_a_form_and_json_with_the_same_rows_are_the_same(given_rows: dict[int, int]) -> None:
    form = "&".join(f"offers[{at}][id]={id_}&offers[{at}][price]=1" for at, id_ in given_rows.items())
    listed = [{"id": given_rows[at], "price": 1} for at in sorted(given_rows)]
    assert asked(form) == asked(body={"offers": listed}, kind=JSON)
