"""One call of the merchant API as an operation of OpenAPI: what it takes, and everything that it can answer."""

import inspect
from collections import defaultdict
from http import HTTPStatus

import msgspec

from tradepost.dialects.openapi.examples import Example
from tradepost.dialects.openapi.parameters import form_object, json_object, query_parameters
from tradepost.dialects.openapi.traits import HEADERS as MORE_HEADERS
from tradepost.dialects.openapi.traits import WARNINGS, key_of, words_of
from tradepost.dialects.openapi.values import Schema
from tradepost.dialects.openapi.versions import Operation, Version
from tradepost.dialects.shadowpay.answers import JSON, media_of
from tradepost.dialects.shadowpay.calls import KEY, Method
from tradepost.dialects.shadowpay.meanings import MEANINGS

SUCCESS, NOT_MODIFIED = "200", "304"
LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
HEADERS: dict[str, tuple[str, Schema]] = {
    "X-Request-Id": ("The request's name in our log.", {"type": "string"}),
    "X-RateLimit-Limit": (
        "How many calls the token may make in a minute: of this kind, or in all, whichever limit is tighter now.",
        {"type": "integer"},
    ),
    "X-RateLimit-Remaining": ("How many of these are left.", {"type": "integer"}),
    "X-RateLimit-Reset": ("After how many seconds all of these are there again.", {"type": "integer"}),
    "Retry-After": ("After how many seconds it is worth trying again.", {"type": "integer"}),
    "ETag": ("The answer's name, to be sent as `If-None-Match` the next time.", {"type": "string"}),
    "Idempotency-Replayed": ("`true` where the answer is that of an earlier request.", {"type": "string"}),
}
OURS = {
    "500": "A fault of ours; no input causes it.",
    "502": "Steam gives no usable answer; no input causes it.",
    "503": "Something is switched off or away on our side; no input causes it.",
}
UNDESCRIBED: Schema = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"const": "success"}},
}
IF_NONE_MATCH = "The `ETag` of the answer that you have: while it still holds, 304 comes without a body."
_UNCOUNTED = {"401", "413"}  # refused before it is known whose call it is
_RETRIED = {"429", "503"}

_KEY_HEADER: Schema = {
    "name": KEY,
    "in": "header",
    "required": False,
    "description": "Your own name for this request: under one key a request is done once and answered alike each time.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def operation(version: Version, one: Operation, example: Example | None) -> Schema:
    """One method of a path as OpenAPI has it."""
    method = one.method
    summary, description = said_of(method)
    made: Schema = {
        "operationId": one.id,
        "summary": summary,
        "description": f"{description}\n\nScope `{method.scope}`; counted as `{method.paced_with}`.",
        "tags": [version.tag(one.path)],
        "x-scope": method.scope,
        "x-limit-kind": method.paced_with,
        **({"x-same-as": one.twin} if one.twin else {}),
    }
    found = list(query_parameters(method.asked, one.in_path))
    if one.has_body:
        found = [parameter for parameter in found if parameter["in"] == "path"]
        made["requestBody"] = body_of(method.asked, one.in_path, example)
    for parameter in found:
        if example is not None and parameter["name"] in example.asked:
            parameter["example"] = example.asked[parameter["name"]]
    if method.scope != "read":
        found.append(_KEY_HEADER)
    if one.has_etag:
        found.append(_header("If-None-Match", IF_NONE_MATCH))
    if more := MORE_HEADERS.get(key_of(method)):
        found.append(_header(*more))
    if found:
        made["parameters"] = found
    made["responses"] = _responses(version, one, example)
    return made


def said_of(method: Method) -> tuple[str, str]:
    """What a handler says of itself, its first sentence and all of it, and what else must be known."""
    first, _, more = (inspect.getdoc(method.handler) or "").partition("\n\n")
    first = " ".join(first.split())
    parts = (first, more, WARNINGS.get(key_of(method), ""))
    return first.rstrip("."), "\n\n".join(part for part in parts if part)


def body_of(asked: type[msgspec.Struct], in_path: frozenset[str], example: Example | None) -> Schema:
    """What a call is asked with, as JSON or as a form."""
    whole: Schema = {"$ref": f"#/components/schemas/{asked.__name__}"}
    as_json: Schema = {"schema": json_object(asked, in_path) if in_path else whole}
    if example is not None:
        as_json["example"] = {name: value for name, value in example.asked.items() if name not in in_path}
    needed = any(one.required for one in msgspec.structs.fields(asked) if one.encode_name not in in_path)
    form: Schema = {"schema": form_object(asked, in_path)}
    return {
        "required": needed,
        "content": {JSON: as_json, "application/x-www-form-urlencoded": form},
    }


def _header(name: str, sentence: str) -> Schema:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": sentence,
        "schema": {"type": "string"},
    }


def _responses(version: Version, one: Operation, example: Example | None) -> Schema:
    """The answers by HTTP status: the success, and each refusal under its own."""
    method = one.method
    words: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words_of(method), key=list(MEANINGS).index):
        for number in version.statuses(word):
            words[str(number)].append(word)
    responses: Schema = {SUCCESS: _success(one, words.pop(SUCCESS, []), example)}
    if one.has_etag:
        about = "Nothing has changed since the answer that `If-None-Match` names."
        responses[NOT_MODIFIED] = {"description": about, "headers": _headers(NOT_MODIFIED, one)}
    for status in sorted(words):
        about = OURS.get(status) or f"{HTTPStatus(int(status)).phrase}."
        responses[status] = {
            "description": f"{about}\n\n{causes(words[status])}",
            "headers": _headers(status, one),
            "content": {JSON: {"schema": refusal(words[status])}},
        }
    return responses


def _success(one: Operation, refused: list[str], example: Example | None) -> Schema:
    """The success; in v1 the refusals have its status too."""
    method = one.method
    media, schema = JSON, UNDESCRIBED
    if method.answers is not None:
        media = media_of(method.answers)
        schema = (
            {"$ref": f"#/components/schemas/{method.answers.__name__}"}
            if media == JSON
            else {"type": "string"}
        )
    about = "It was done."
    if refused:
        schema = {"oneOf": [schema, refusal(refused)]}
        about = f"It was done, or refused: `status` in the body says which.\n\n{causes(refused)}"
    shown: Schema = {"schema": schema}
    if example is not None:
        shown["example"] = example.answered
    return {"description": about, "headers": _headers(SUCCESS, one), "content": {media: shown}}


def _headers(status: str, one: Operation) -> Schema:
    names = ["X-Request-Id"]
    if status not in _UNCOUNTED:
        names += LIMITS
    if status in _RETRIED:
        names.append("Retry-After")
    if status in (SUCCESS, NOT_MODIFIED) and one.has_etag:
        names.append("ETag")
    if status == SUCCESS and one.method.scope != "read":
        names.append("Idempotency-Replayed")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def refusal(words: list[str]) -> Schema:
    """The body of a refusal with one of these codes."""
    codes: Schema = {"type": "object", "properties": {"error_message": {"enum": words}}}
    return {"allOf": [{"$ref": "#/components/schemas/Refused"}, codes]}


def causes(words: list[str]) -> str:
    """What each of these codes means, as a list."""
    return "\n".join(f"- `{word}`: {MEANINGS[word].cause}" for word in words)
