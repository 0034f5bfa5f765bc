"""The papers are whole and true: every call, parameter, value and code has its place, and examples are what they say."""

import ast
import inspect
import json
import random
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi import definitions

from dialects.papers import Papers, papers
from dialects.shop import Shop
from tradepost.dialects import agent_api, fields, pay
from tradepost.dialects.hosts import is_allowed
from tradepost.dialects.openapi import agent
from tradepost.dialects.openapi.agent import agent_document
from tradepost.dialects.openapi.documents import merchant_document
from tradepost.dialects.openapi.examples import EXAMPLES
from tradepost.dialects.openapi.operator import operator_document
from tradepost.dialects.openapi.outline import calls
from tradepost.dialects.openapi.pages import coloured, line_of, prose
from tradepost.dialects.openapi.parameters import parameters
from tradepost.dialects.openapi.pay import pay_document
from tradepost.dialects.openapi.traits import ETAGS, HEADERS, MORE, WARNINGS, key_of
from tradepost.dialects.openapi.user import user_document
from tradepost.dialects.openapi.values import VALUES, Schema
from tradepost.dialects.openapi.versions import ABOUT, VERSIONS, Version, operations
from tradepost.dialects.operator_api import fields as operators
from tradepost.dialects.shadowpay import words
from tradepost.dialects.shadowpay.meanings import MEANINGS
from tradepost.dialects.user_api import fields as users
from tradepost.rules.refusals import Refusal
from write_papers import PAGES

DOCS = Path(__file__).resolve().parents[2] / "docs"
OTHERS = {"pay": pay_document, "agent": agent_document, "user": user_document, "operator": operator_document}
EVERY = [(version, one) for version in VERSIONS for one in operations(version)]
KINDS = [
    kind
    for module in (fields, users, operators)
    for kind in vars(module).values()
    if inspect.isclass(kind) and hasattr(kind, "read") and kind.__module__ == module.__name__
]
BEYOND_PATTERNS = (users.TradeUrlText,)  # a pattern says only what may stand in it


def document(key: str) -> Schema:
    if key in OTHERS:
        return OTHERS[key]("http://market.example", "1.0")
    return merchant_document(next(one for one in VERSIONS if one.key == key), "http://market.example", "1.0")


def name(value: Any) -> str:
    return f"{value[0].key} {value[1].name} {value[1].path}" if isinstance(value, tuple) else ""


# The documents -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["v1", "v2", *OTHERS])
def test_a_document_is_openapi(key: str) -> None:
    made = json.loads(json.dumps(document(key)))
    Draft202012Validator(definitions.OPENAPI_31).validate(made)
    for schema in made["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    ids = [one["operationId"] for methods in made["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids)) > (0 if key == "pay" else 5)
    refs = set(re.findall(r'"#/components/(\w+)/([\w-]+)"', json.dumps(made)))
    assert {name for _, name in refs} >= set(made["components"]["schemas"])  # nothing that nobody needs
    assert all(name in made["components"][kind] for kind, name in refs)


@pytest.mark.parametrize(("version", "one"), EVERY, ids=[name(pair) for pair in EVERY])
def test_every_call_is_told_whole(version: Version, one: Any) -> None:
    made = document(version.key)["paths"][one.path][one.name.lower()]
    assert made["summary"] and not made["summary"].endswith(".")
    assert one.method.answers is not None
    for parameter in parameters(one.method.asked):
        assert re.fullmatch(r"[A-Z0-9].*[.:].*", parameter.description, re.DOTALL), (
            f"{parameter.name} has no sentence"
        )
    assert (version.key, one.twin or one.id) in EXAMPLES
    assert {"200", "429"} <= made["responses"].keys()


def test_a_link_is_told_whole() -> None:
    made = document("pay")["paths"][pay.ROUTE]["post"]
    for parameter in parameters(pay.LinkAsked):
        assert re.fullmatch(r"[A-Z].*[.]", parameter.description, re.DOTALL), parameter.name
    assert {"200", "413", "429"} == made["responses"].keys()


def test_every_field_that_an_agent_sends_has_a_sentence() -> None:
    made = document("agent")
    for told in agent.CALLS.values():
        if told.asked is not None:
            for field, part in made["components"]["schemas"][told.asked.__name__]["properties"].items():
                assert re.fullmatch(r"\S.*\.", part["description"]), field


def test_no_table_tells_of_a_call_that_there_is_not() -> None:
    keys = {key_of(one.method) for _, one in EVERY}
    assert MORE.keys() | WARNINGS.keys() | HEADERS.keys() <= keys
    assert keys >= ETAGS
    ids = {(version.key, one.id) for version, one in EVERY} | {("agent", name) for name in agent.CALLS}
    ids.add(("pay", "link"))
    ids |= {
        (key, one["operationId"])
        for key in ("user", "operator")
        for methods in document(key)["paths"].values()
        for one in methods.values()
    }
    assert EXAMPLES.keys() <= ids
    assert agent.CALLS.keys() == {handler.__name__ for _, _, handler in agent_api.CALLS}


@pytest.mark.parametrize(("key", "id_"), EXAMPLES, ids=lambda value: value)
def test_an_example_is_what_its_call_takes_and_answers(key: str, id_: str) -> None:
    example = EXAMPLES[key, id_]
    held = Papers(document(key))
    found = [
        (path, method, one)
        for path, methods in held.document["paths"].items()
        for method, one in methods.items()
        if one["operationId"] == id_ or one.get("x-same-as") == id_
    ]
    assert found
    for path, method, one in found:
        place = ("paths", path, method)
        status = next(iter(one["responses"]))
        (media,) = one["responses"][status]["content"]
        answered = example.answered
        if key == "user":
            answered = {"err": False, "success": True, "content": answered}
        if key == "operator":
            answered = {"data": answered}
        held.validator(*place, "responses", status, "content", media, "schema").validate(answered)
        in_path = set(re.findall(r"\{(\w+)\}", path))
        rest = {name: value for name, value in example.asked.items() if name not in in_path}
        if "requestBody" in one:
            held.validator(*place, "requestBody", "content", "application/json", "schema").validate(rest)
        elif "x-same-as" not in one:
            known = {parameter["name"]: number for number, parameter in enumerate(one.get("parameters", []))}
            for name, value in example.asked.items():
                held.validator(*place, "parameters", str(known[name]), "schema").validate(value)


# Values ------------------------------------------------------------------------------------------------------

TEXTS = [
    "", "0", "1", "00", "01", "1.", ".5", "0.0", "0.00", "0.01", "0.1", "3.14", "3.141", "-1", "+1", " 1", "1 ", "1e3",
    "1e-3", "9999999.99", "10000000", "NaN", "Infinity", "true", "false", "True", "yes", "csgo", "CSGO", "730", "USD",
    "usd", "EUR", "76561198000000002", "76561190000000", "86561198000000002", "tokenabc", "zPvo-jv3", "short", "a" * 64,
    "a" * 65, "a" * 200, "a" * 201, "a" * 300, "a" * 301, "a,b", "é", "１", "٣", "a\x00b", "a\nb", "\x7f", "2026-11-21",
    "2026-1-2", "2026-13-01", "2026-11-21 12:00:00", "2026-11-21T12:00:00Z", "2026-11-21 24:00:00", "1795262400",
    "9" * 9, "9" * 10, "9" * 11, "9" * 12, "9" * 18, "9" * 19, "9" * 20, "9" * 40, "0.07-0.15", "0.07-", "0.1e-5",
    "12345.6", "9999.9", "https://shop.example/hook",
]  # fmt: skip


def reads(kind: Any, text: str) -> bool:
    controls = re.findall(r"[\x00-\x1f\x7f-\x9f]", text)
    if controls and not (getattr(kind, "HAS_LINES", False) and set(controls) <= set("\r\n")):
        return False  # no value of other kinds has one: `shapes` says so before the type is asked
    try:
        kind.read(text)
    except (ValueError, Refusal):
        return False
    return True


@pytest.mark.parametrize(
    "kind", [one for one in KINDS if one not in BEYOND_PATTERNS], ids=lambda kind: kind.__name__
)
def test_a_value_has_the_schema_of_what_is_read(kind: Any) -> None:
    fits: Callable[[Any], bool] = Draft202012Validator(VALUES[kind].text).is_valid
    draw = random.Random(7)
    drawn = ["".join(draw.choices("0123456789.-:e, a", k=draw.randint(1, 20))) for _ in range(3000)]
    for text in TEXTS + drawn:
        if kind in (fields.Since, fields.Until) and re.match(r"\d{4}-(02-(29|3)|(0[469]|11)-31)|0000", text):
            continue  # which days a month has no pattern can say
        assert fits(text) == reads(kind, text), (kind.__name__, text)


def test_both_notations_of_a_number_are_one_value() -> None:
    for kind, value in VALUES.items():
        if value.json is None or "minimum" not in value.json:
            continue
        number = Draft202012Validator(value.in_json)
        least, most = value.json["minimum"], value.json.get("maximum", 9999)
        for one in (least, most):
            assert number.is_valid(one) and reads(kind, str(one)), (kind, one)
        assert not number.is_valid(least - 1) and not reads(kind, str(least - 1))
        assert "maximum" not in value.json or not number.is_valid(most + 1)


# Codes -------------------------------------------------------------------------------------------------------


def test_every_code_has_its_cause_and_its_remedy() -> None:
    assert MEANINGS.keys() == {*words.CODES.values(), words.INTERNAL_ERROR}
    for meaning in MEANINGS.values():
        assert meaning.cause.endswith(".") and meaning.remedy.endswith(".")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.key)
def test_every_code_is_an_answer_of_some_call_but_of_those_that_there_are_not(version: Version) -> None:
    told = set(re.findall(r"`(\w+)`: ", json.dumps(document(version.key)["paths"])))
    assert told >= MEANINGS.keys() - {"wrong_method"}
    assert version.key in ABOUT


async def test_a_reply_that_the_papers_do_not_tell_of_is_found() -> None:
    held = papers()["/api/v2"]
    good = {"status": "success", "data": {"currency": "USD", "deposit_balance": "1.00", "balance": "0.00"}}
    kind = {"Content-Type": "application/json"}
    held.check("GET", "/account/balance", 200, good, kind)
    faults: list[tuple[int, Any]] = [
        (200, {**good, "more": 1}),
        (200, {**good, "data": {**good["data"], "balance": "0"}}),  # type: ignore[dict-item] # a dict, as above
        (200, {"data": good["data"]}),
        (404, {"status": "error", "error_message": "no_item", "error_details": "There is none."}),
        (403, {"status": "error", "error_message": "no_item", "error_details": "There is none."}),
        (401, {"status": "error", "error_message": "wrong_token"}),
        (500, {"status": "error", "error_message": "internal_error", "error_details": ""}),
    ]
    for status, body in faults:
        with pytest.raises(AssertionError):
            held.check("GET", "/account/balance", status, body, kind)
    with pytest.raises(AssertionError):  # of every 503 it is said when to come back
        held.check("GET", "/account/balance", 503, {"status": "error", "error_message": "disabled",
                   "error_details": "Later."}, kind)  # fmt: skip


# Where they are ----------------------------------------------------------------------------------------------


async def test_the_documents_are_served_to_everybody(shop: Shop) -> None:
    for prefix in ("/api/v1", "/api/v2", "/pay", "/agent/v1", "/user", "/operator"):
        url = f"{shop.url}{prefix}/openapi.json"
        async with shop.http.get(url, headers={"Host": "api.elsewhere.example"}) as answer:
            assert answer.status == 200 and answer.content_type == "application/json"
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            made, tag = await answer.json(), answer.headers["ETag"]
        assert made["servers"][0]["url"].startswith(shop.app.settings.base_url)
        async with shop.http.get(url, headers={"If-None-Match": tag}) as answer:
            assert answer.status == 304 and await answer.read() == b""
        async with shop.http.get(url, headers={"If-None-Match": '"other"'}) as answer:
            assert answer.status == 200


async def test_the_pages_are_for_the_hosts_that_are_allowed(shop: Shop) -> None:
    for path in ("/docs", "/docs/v1", "/docs/v2", "/docs/pay", "/docs/agent", "/docs/user", "/docs/operator"):
        async with shop.http.get(shop.url + path) as answer:
            assert answer.status == 200 and answer.content_type == "text/html"
            policy, page = answer.headers["Content-Security-Policy"], await answer.text()
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert not re.search(r"<style|<script(?![^>]* src=)|\son\w+=|\sstyle=|javascript:", page)
        linked = re.findall(r'(?:href|src)="([^"#]+)[^"]*"', page)
        assert all(link.startswith("/") for link in linked), linked  # nothing comes from anywhere else
        for link in {link.partition("#")[0] for link in linked}:
            async with shop.http.get(shop.url + link) as answer:
                assert answer.status == 200, link
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
        for host in ("evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example"):
            async with shop.http.get(shop.url + path, headers={"Host": host}) as answer:
                assert answer.status in (400, 421), host
                assert "<html" not in await answer.text()


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("market.example", True), ("MARKET.example:8000", True), ("a.shop.example", True), ("[::1]:8000", True),
        ("[::1]", True), ("market.example.evil", False), ("evilmarket.example", False), ("shop.example", False),
        (".shop.example", False), ("xshop.example", False), ("a.shop.example:x", False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_a_page_is_asked_for_under_a_name_of_ours(host: str | None, is_ours: bool) -> None:
    headers = [] if host is None else [(b"host", host.encode())]
    allowed = ("market.example", "*.shop.example", "::1")
    assert is_allowed({"headers": headers}, allowed) is is_ours
    assert not is_allowed({"headers": [*headers, (b"host", b"market.example")]}, allowed) or not headers


async def test_a_file_of_the_pages_is_kept_and_no_other_is_there(shop: Shop) -> None:
    async with shop.http.get(f"{shop.url}/docs/static/docs.css") as answer:
        assert answer.status == 200 and answer.content_type == "text/css"
        assert "immutable" in answer.headers["Cache-Control"]
    for path in ("nothing.css", "..%2fpages.py", "%2e%2e/pages.py", "templates%2findex.html"):
        async with shop.http.get(f"{shop.url}/docs/static/{path}") as answer:
            assert answer.status == 404


async def test_a_page_shows_every_call_and_every_code(shop: Shop) -> None:
    for version in VERSIONS:
        async with shop.http.get(f"{shop.url}/docs/{version.key}") as answer:
            page = await answer.text()
        for one in operations(version):
            assert one.twin or f'id="{one.id}"' in page
        for word in MEANINGS:
            assert f'id="error-{word}"' in page
        assert (
            page.count("<h4>Parameters</h4>") > 5
            and "stream_context_create" in page
            and "import requests" in page
        )


@pytest.mark.parametrize("key", ["v1", "v2", *OTHERS])
def test_the_requests_that_a_page_shows_are_programs(key: str) -> None:
    for call in calls(document(key), "Token: $TOKEN"):
        shown = dict(call.requests)
        parsed = ast.parse(shown["Python"])
        (asked,) = (node for node in ast.walk(parsed) if isinstance(node, ast.Call) and ast.unparse(node.func) == f"requests.{call.method.lower()}")  # fmt: skip
        (url,) = (ast.literal_eval(one) for one in asked.args)
        assert url.startswith("http://market.example/") and "{" not in url
        words = shlex.split(shown["curl"].replace("\\\n", " "))
        assert words[0] == "curl" and url in words
        assert shown["PHP"].count("[") == shown["PHP"].count("]") and url in shown["PHP"]
        sent = [json.loads(words[at + 1]) for at, word in enumerate(words) if word == "-d"]
        assert all(one == json.loads(call.body) for one in sent)


def test_what_is_shown_is_never_markup() -> None:
    hostile = "a `<b>` **<i>** <script>&\"' `x"
    assert str(line_of(hostile)) == (
        "a <code>&lt;b&gt;</code> <strong>&lt;i&gt;</strong> &lt;script&gt;&amp;&#34;&#39; `x"
    )
    assert "<b>" not in str(prose(f"- {hostile}\n- b\n\n{hostile}"))
    assert re.sub(r"</?span[^>]*>", "", str(coloured('{"<b>": "<i>\\"", "n": -1.5, "t": true}'))) == (
        "{&#34;&lt;b&gt;&#34;: &#34;&lt;i&gt;\\&#34;&#34;, &#34;n&#34;: -1.5, &#34;t&#34;: true}"
    )


# On paper ----------------------------------------------------------------------------------------------------


async def test_llms_txt_is_the_file_in_the_docs(shop: Shop) -> None:
    async with shop.http.get(f"{shop.url}/llms.txt") as answer:
        assert answer.status == 200 and answer.content_type == "text/plain"
        text = await answer.text()
    assert text == (DOCS / "llms.txt").read_text(encoding="utf-8")
    for version in VERSIONS:
        for path in version.calls:
            assert f"{version.prefix}{path}`" in text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_is_made_from_tables_is_as_they_are(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page](), "make it anew: make papers"
