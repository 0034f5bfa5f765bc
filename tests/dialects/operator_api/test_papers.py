"""The operator API's document is whole: each call has its answer, an example, and a sentence for each parameter."""

import re

import pytest

from dialects.operator_api.papers import operator_papers
from tradepost.dialects.openapi.examples import EXAMPLES
from tradepost.dialects.openapi.operator import CAUSES, EVERY, OF_ACTS, TAGS, operator_document
from tradepost.dialects.openapi.operator_sentences import OF_OPERATOR_STRUCTS
from tradepost.dialects.openapi.parameters import parameters
from tradepost.dialects.operator_api import CALLS
from tradepost.dialects.operator_api.manners import CODES

DOCUMENT = operator_document("http://market.example", "1.0")
METHODS = [(path, name, method) for path, found in CALLS.items() for name, method in found.items()]


def test_every_call_is_told_whole() -> None:
    for path, name, method in METHODS:
        told = DOCUMENT["paths"][path][name.lower()]
        assert told["summary"] and not told["summary"].endswith("."), path
        assert told["tags"][0] in TAGS
        for one in parameters(method.asked):
            assert re.fullmatch(r"[A-Z0-9`].*[.:].*", one.description, re.DOTALL), (method.asked, one.name)
        assert ("operator", told["operationId"]) in EXAMPLES, told["operationId"]
        data = told["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["data"]
        assert data.keys() & {"$ref", "type", "anyOf"}, f"{path} answers anything at all"
        assert (
            ("code" in str(told.get("requestBody"))) == method.is_act == ("csrf" in str(told.get("security")))
        )


def test_every_refusal_has_its_cause_and_no_table_tells_of_what_there_is_not() -> None:
    words = {word for _, word in CODES.values()} | {"internal_error", "try_again"}
    assert CAUSES.keys() == words
    assert words - {*EVERY, *OF_ACTS} == {"unknown_route", "steam_unavailable"}, "which no call answers"
    kinds = {method.asked.__name__: method.asked for _, _, method in METHODS}
    for struct, sentences in OF_OPERATOR_STRUCTS.items():
        assert sentences.keys() <= {one.name for one in parameters(kinds[struct])}, struct


def test_a_reply_that_the_papers_do_not_tell_of_is_found() -> None:
    held, headers = operator_papers(), {"X-Request-Id": "r"}
    held.check("GET", "/operator/check", 200, {"data": None}, headers)
    check = {"id": 1, "at": "2026-11-21T12:00:00Z", "milliseconds": 4, "faults": []}
    held.check("GET", "/operator/check", 200, {"data": check}, headers)
    for status, body in (
        (200, {"data": {**check, "more": 1}}),
        (200, {"data": {**check, "id": "1"}}),
        (200, check),
        (409, {"error": {"code": "conflict", "message": "No."}}),
        (403, {"error": {"code": "step_up", "message": "No."}}),
        (403, {"error": {"code": "forbidden"}}),
    ):
        with pytest.raises(AssertionError):
            held.check("GET", "/operator/check", status, body, headers)
