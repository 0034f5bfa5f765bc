"""Every call has a request and an answer in the pages of examples, and the server answers as they say."""

import re

from dialects.examples import Example, tell
from dialects.shop import Shop
from tradepost.dialects.shadowpay import v1, v2
from tradepost.dialects.shadowpay.calls import Method


def complete(prefix: str, calls: dict[str, dict[str, Method]], told: list[Example]) -> set[str]:
    """The calls of a version without an example; v1's, which take GET and POST, need one of both."""
    asked = [(example.method, example.path.partition("?")[0]) for example in told]
    missing = set()
    for path, methods in calls.items():
        form = re.compile(re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(prefix + path)))
        for method in methods:
            either = {"GET", "POST"} if prefix == v1.PREFIX else {method}
            if not any(verb in either and form.fullmatch(where) for verb, where in asked):
                missing.add(f"{method} {prefix}{path}")
    return missing


async def test_v2_answers_as_its_examples_say(story: Shop) -> None:
    assert complete(v2.PREFIX, v2.CALLS, await tell(story, "shadowpay_v2_examples.md")) == set()


async def test_v1_answers_as_its_examples_say(story: Shop) -> None:
    assert complete(v1.PREFIX, v1.CALLS, await tell(story, "shadowpay_v1_examples.md")) == set()
