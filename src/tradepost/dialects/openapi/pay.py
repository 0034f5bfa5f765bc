"""The OpenAPI document of Pay by Steam skins: the one call with which a site asks for a link."""

from tradepost.dialects import pay
from tradepost.dialects.openapi.documents import LICENSE, OPENAPI, answer_schemas, needed
from tradepost.dialects.openapi.examples import EXAMPLES
from tradepost.dialects.openapi.operations import HEADERS, LIMITS, SUCCESS, body_of, causes, refusal
from tradepost.dialects.openapi.parameters import json_object
from tradepost.dialects.openapi.values import Schema
from tradepost.dialects.shadowpay.answers import JSON, Refused

PREFIX = "/pay"  # of the document alone: the call's own address begins with a language
WORDS = ["validation_error", "wrong_params", "no_item", "disabled", "internal_error"]
EDGE = {"413": ["validation_error"], "429": ["disabled"]}  # what HTTP tells apart, as in v1
TAG = "Links"
PUBLIC_HASH = "9f86d081884c7d659a2feaa0c55ad015"  # of the example
SUMMARY = "Ask for the link at which an order is paid"
DESCRIPTION = "The same order with the same parameters has the same link, whatever has become of it; with others it is refused, and so is an order whose `order_id`, `amount` and `currency`, run together, are another order's. A link that nobody uses is closed after a day; what was put on sale through it goes on."
ABOUT = """Your site asks for a link, and sends its user there: he signs in through Steam, puts skins on sale, and for each that is sold your site is told by an IPN (`docs/api/pay.md`).

There is no token: a link is signed with the secret hash of your gateway. Parameters come from the query, a form or JSON; what is signed is their texts exactly as they are sent. Whatever came of it, the answer is HTTP 200 but for 413 and 429: read `status` in the body."""


def pay_document(base_url: str, release: str) -> Schema:
    """The document of the links."""
    paths: Schema = {pay.ROUTE: {"post": _operation()}}
    schemas = answer_schemas({pay.Link, Refused}) | {pay.LinkAsked.__name__: json_object(pay.LinkAsked)}
    shown = {name: HEADERS[name] for name in ("X-Request-Id", *LIMITS, "Retry-After")}
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Tradepost Pay by Steam skins",
            "version": release,
            "summary": "Links by which your users pay with their skins.",
            "description": ABOUT,
            "license": LICENSE,
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": TAG, "description": "One for each order of yours."}],
        "paths": paths,
        "components": {
            "schemas": needed(paths, schemas),
            "headers": {
                name: {"description": sentence, "schema": schema}
                for name, (sentence, schema) in shown.items()
            },
        },
    }


def _operation() -> Schema:
    example = EXAMPLES["pay", "link"]
    success: Schema = {"oneOf": [{"$ref": f"#/components/schemas/{pay.Link.__name__}"}, refusal(WORDS)]}
    about = f"It was done, or refused: `status` in the body says which.\n\n{causes(WORDS)}"
    content = {JSON: {"schema": success, "example": example.answered}}
    responses: Schema = {
        SUCCESS: {"description": about, "headers": _headers("X-Request-Id", *LIMITS), "content": content}
    }
    for status, words in EDGE.items():
        more = ("Retry-After",) if status == "429" else ()
        responses[status] = {
            "description": causes(words),
            "headers": _headers("X-Request-Id", *more),
            "content": {JSON: {"schema": refusal(words)}},
        }
    return {
        "operationId": "link",
        "summary": SUMMARY,
        "description": f"{SUMMARY}.\n\n{DESCRIPTION}",
        "tags": [TAG],
        "security": [],
        "parameters": [
            _in_path("lang", "The language of the page; one that is not known gets English.", {"type": "string"}, "en"),
            _in_path(
                "public_hash", "The public hash of your gateway.", {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                PUBLIC_HASH,
            ),
        ],
        "requestBody": body_of(pay.LinkAsked, frozenset(), example),
        "responses": responses,
    }  # fmt: skip


def _in_path(name: str, sentence: str, schema: Schema, example: str) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": sentence,
        "schema": schema,
        "example": example,
    }


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
