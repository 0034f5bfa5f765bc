"""The user API's document is whole: each call has its answer, an example, and a sentence for each parameter."""

import re

import pytest

from tradepost.dialects.openapi.examples import EXAMPLES
from tradepost.dialects.openapi.parameters import parameters, rows
from tradepost.dialects.openapi.user import TAGS, operation_id, user_document
from tradepost.dialects.openapi.user_sentences import OF_USER_STRUCTS
from tradepost.dialects.user_api import CALLS
from tradepost.dialects.user_api.answers import CSV, REDIRECT, ZIP

EVERY = [(path, name, method) for path, methods in CALLS.items() for name, method in methods.items()]
DOCUMENT = user_document("http://market.example", "1.0")


@pytest.mark.parametrize(("path", "name", "method"), EVERY, ids=[f"{name} {path}" for path, name, _ in EVERY])
def test_every_call_is_told_whole(path: str, name: str, method: object) -> None:
    made = CALLS[path][name]
    told = DOCUMENT["paths"][path][name.lower()]
    assert told["summary"] and not told["summary"].endswith(".")
    assert told["tags"][0] in TAGS
    assert made.answers is not None, "its Method says what it answers"
    for kind in (made.asked, *rows(made.asked)):
        for one in parameters(kind):
            assert re.fullmatch(r"[A-Z0-9`].*[.:].*", one.description, re.DOTALL), (
                f"{kind.__name__}.{one.name} has no sentence"
            )
    if made.answers not in (CSV, REDIRECT, ZIP):
        assert ("user", operation_id(path, name, CALLS[path])) in EXAMPLES


def test_no_table_tells_of_what_there_is_not() -> None:
    kinds = {kind.__name__: kind for _, _, method in EVERY for kind in (method.asked, *rows(method.asked))}
    for struct, sentences in OF_USER_STRUCTS.items():
        assert struct in kinds, struct
        assert sentences.keys() <= {one.name for one in parameters(kinds[struct])}, struct


def test_calls_that_only_look_are_the_only_ones_for_others_data() -> None:
    assert all(name == "GET" for _, name, method in EVERY if method.others)
    assert not any(
        method.who == "anybody" for _, _, method in EVERY if method.others or method.step_up != "no"
    )
    looks = {"/user/exportData"}  # by POST, as it wants a code
    assert all(
        method.scope != "read"
        for path, name, method in EVERY
        if name != "GET" and method.who == "connected" and path not in looks
    )
