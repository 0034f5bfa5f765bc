"""Every JSON example of the seed, held against what our server answers to the request that it belongs to."""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from dialects.shop import Reply, Shop
from golden import scenes_pay, scenes_v1, scenes_v2
from golden.fit import faults
from golden.seed import said

ANSWERS: dict[str, Callable[[Shop], Awaitable[list[Reply]]]] = {
    **scenes_v1.ANSWERS,
    **scenes_v2.ANSWERS,
    **scenes_pay.ANSWERS,
}
REQUESTS: dict[str, Callable[[Shop], Awaitable[Any]]] = {**scenes_v2.REQUESTS}
SHAPES = said().shapes


def test_every_example_has_its_scene() -> None:
    assert ANSWERS.keys() | REQUESTS.keys() == SHAPES.keys()
    assert {name for name in SHAPES if name.endswith(" | request")} == REQUESTS.keys()


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_has_the_shape_of_the_example(shop: Shop, name: str) -> None:
    for reply in await ANSWERS[name](shop):
        assert reply.status == 200, reply.body
        assert reply.body["status"] == "success"
        assert faults(name, SHAPES[name], reply.body) == [], reply.body


@pytest.mark.parametrize("name", REQUESTS)
async def test_the_request_that_is_tried_has_the_shape_of_the_example(shop: Shop, name: str) -> None:
    sent = json.dumps(await REQUESTS[name](shop))
    assert faults(name, SHAPES[name], json.loads(sent, parse_float=Decimal)) == []
