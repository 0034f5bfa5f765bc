"""The operator API's OpenAPI document, made from the structs that its calls are asked with and the types that they answer."""

import inspect
import json
import re
from collections import defaultdict
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tradepost.dialects import operator_api
from tradepost.dialects.fields import Code
from tradepost.dialects.openapi.documents import LICENSE, OPENAPI, answer_schemas, needed
from tradepost.dialects.openapi.examples import EXAMPLES
from tradepost.dialects.openapi.operations import HEADERS, OURS
from tradepost.dialects.openapi.operator_sentences import OF_OPERATORS
from tradepost.dialects.openapi.parameters import form_object, json_object, query_parameters
from tradepost.dialects.openapi.values import VALUES, Schema
from tradepost.dialects.operator_api.calls import Method
from tradepost.dialects.operator_api.manners import CODES
from tradepost.dialects.shadowpay.answers import JSON
from tradepost.dialects.user_api.calls import CODE

TAGS = {
    "Market": "The market itself: how it does, what waits, what is switched off, the audit.",
    "Users": "Looking at people, and acting on them.",
    "Money": "Corrections, deposits, payouts, fees, the check of the ledger.",
}
_TAGS = {"running": "Market", "people": "Users", "money": "Money"}
CAUSES = {
    "unauthenticated": "Nobody is signed in, or a token was sent: none opens this API.",
    "forbidden": "The caller is no admin, or may not decide this himself.",
    "csrf": "The session's token is missing or another's, or another site sent the request.",
    "step_up": "Who it is has to be proven once more: by `code` where there is a second factor, else by a sign-in of the last five minutes.",
    "not_found": "There is no such thing.",
    "unknown_route": "There is no such call, or not by this method.",
    "conflict": "It does not fit how things are.",
    "reference_used": "The reference stands for something else.",
    "too_little_money": "A bucket would fall below zero.",
    "refused": "It cannot be done; the sentence says why.",
    "too_large": "The body is longer than is read.",
    "malformed": "A value cannot be read; `field` names it.",
    "too_many_requests": "Too many requests; `Retry-After` says when to come back.",
    "internal_error": "A fault of ours; it is in our log.",
    "steam_unavailable": "Steam gives no usable answer.",
    "try_again": "Our database does not answer; `Retry-After` says when to come back.",
    "switched_off": "Something is switched off.",
}
_STATUSES = {word: status for status, word in CODES.values()} | {"try_again": 503, "internal_error": 500}
EVERY = (
    "unauthenticated",
    "forbidden",
    "csrf",
    "not_found",
    "too_large",
    "malformed",
    "too_many_requests",
    "internal_error",
    "try_again",
)
OF_ACTS = ("step_up", "conflict", "reference_used", "too_little_money", "refused", "switched_off")
ABOUT = """What admins look at and do, all of it in the audit.

It is for browsers' sessions alone: no token opens it. The cookie `tradepost_session` comes of a sign-in through Steam; a write carries the session's token of `GET /csrf/token` as `X-CSRF-Token`, and asks once more who it is.

Answers are `{"data": ...}`, errors `{"error": {"code", "message"}}`. Times are RFC 3339 in UTC, money is whole cents, lists are the newest first unless said. Keys may be added to answers: ignore those that you do not know."""

SECURITY: Schema = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "tradepost_session",
        "description": "The session of an admin's browser.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "The session's token, of `GET /csrf/token`.",
    },
}
_SHOWN = ("X-Request-Id", "Retry-After")
_MOMENT = re.compile(r"(.*_)?(at|until)")


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What kept something from being done."""

    code: Annotated[str, Meta(description="For programs.")]
    message: Annotated[str, Meta(min_length=1, description="A sentence for a person.")]
    field: Annotated[str, Meta(description="The parameter that is to blame.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class Refused(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What was not done, and why."""

    error: Fault


def operator_document(base_url: str, release: str) -> Schema:
    """The document of the operator API."""
    methods = [method for found in operator_api.CALLS.values() for method in found.values()]
    answers, answered = _answers(methods)
    paths: Schema = {}
    for path, found in operator_api.CALLS.items():
        for name, method in found.items():
            answer = answers[methods.index(method)]
            paths.setdefault(path, {})[name.lower()] = _operation(path, name, method, answer)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Tradepost operator API",
            "version": release,
            "summary": "What admins look at and do.",
            "description": ABOUT,
            "license": LICENSE,
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "security": [{"session": []}],
        "paths": paths,
        "components": {
            "schemas": needed(paths, answered | answer_schemas({Refused})),
            "headers": {
                name: {"description": HEADERS[name][0], "schema": HEADERS[name][1]} for name in _SHOWN
            },
            "securitySchemes": SECURITY,
        },
    }


def _operation(path: str, name: str, method: Method, answer: Schema) -> Schema:
    first, _, more = (inspect.getdoc(method.handler) or "").partition("\n\n")
    first, id_ = " ".join(first.split()), method.handler.__name__
    asked, in_path = method.asked, frozenset(part[1:-1] for part in path.split("/") if part.startswith("{"))
    if method.is_act:
        rule = "It asks once more who it is, and is written into the audit with what it does."
    else:
        rule = "Each look is written into the audit before anything is shown."
    made: Schema = {
        "operationId": id_,
        "summary": first.rstrip("."),
        "description": "\n\n".join(part for part in (first, more, rule) if part),
        "tags": [_TAGS[method.handler.__module__.rpartition(".")[2]]],
    }
    example = EXAMPLES.get(("operator", id_))
    parameters = list(query_parameters(asked, in_path))
    if method.is_act:
        made["security"] = [{"session": [], "csrf": []}]
        parameters = [one for one in parameters if one["in"] == "path"]
        made["requestBody"] = _body(asked, in_path, example.asked if example else None)
    for one in parameters:
        if example is not None and one["name"] in example.asked:
            one["example"] = example.asked[one["name"]]
    if parameters:
        made["parameters"] = parameters
    made["responses"] = _responses(method, answer, example.answered if example else None)
    return made


def _body(asked: type[msgspec.Struct], in_path: frozenset[str], example: dict[str, Any] | None) -> Schema:
    """What an act is asked with: its parameters and, as any act, a code of the second factor."""
    code = {**VALUES[Code].text, "description": OF_OPERATORS[CODE]}
    content: Schema = {}
    for media, schema in (
        (JSON, json_object(asked, in_path)),
        ("application/x-www-form-urlencoded", form_object(asked, in_path)),
    ):
        schema["properties"] = {**schema["properties"], CODE: code}
        content[media] = {"schema": schema}
    if example is not None:
        content[JSON]["example"] = {name: value for name, value in example.items() if name not in in_path}
    required = any(one.required for one in msgspec.structs.fields(asked) if one.encode_name not in in_path)
    return {"required": required, "content": content}


def _responses(method: Method, answer: Schema, example: object) -> Schema:
    success: Schema = {
        "schema": {"type": "object", "required": ["data"], "properties": {"data": answer}},
        "example": {"data": example},
    }
    responses: Schema = {
        "200": {
            "description": "It was done." if method.is_act else "It is shown.",
            "headers": _headers(200),
            "content": {JSON: success},
        }
    }
    words: dict[int, list[str]] = defaultdict(list)
    for word in (*EVERY, *(OF_ACTS if method.is_act else ())):
        words[_STATUSES[word]].append(word)
    for status in sorted(words):
        about = OURS.get(str(status)) or f"{HTTPStatus(status).phrase}."
        causes = "\n".join(f"- `{word}`: {CAUSES[word]}" for word in words[status])
        codes: Schema = {"properties": {"error": {"properties": {"code": {"enum": words[status]}}}}}
        responses[str(status)] = {
            "description": f"{about}\n\n{causes}",
            "headers": _headers(status),
            "content": {JSON: {"schema": {"allOf": [{"$ref": "#/components/schemas/Refused"}, codes]}}},
        }
    return responses


def _headers(status: int) -> Schema:
    names = _SHOWN if status in (429, 503) else _SHOWN[:1]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _answers(methods: list[Method]) -> tuple[list[Schema], dict[str, Schema]]:
    """The schema of each method's `data`, and those that they refer to; words for states stand where they are used."""
    found = msgspec.json.schema_components(
        [method.answers for method in methods], ref_template="#/components/schemas/{name}"
    )
    text = json.dumps(found)
    for name, schema in found[1].items():
        if "enum" in schema:
            words = json.dumps({"type": "string", "enum": schema["enum"]})
            text = text.replace(json.dumps({"$ref": f"#/components/schemas/{name}"}), words)
    data, schemas = json.loads(text)
    for schema in schemas.values():
        if schema.get("additionalProperties") is False:  # keys may be added
            del schema["additionalProperties"]
        for name, part in schema.get("properties", {}).items():
            for one in part.get("anyOf", [part]):
                if one.get("type") == "string" and _MOMENT.fullmatch(name):
                    one["format"] = "date-time"
    return data, {name: schema for name, schema in schemas.items() if "enum" not in schema}
