"""The agent API's OpenAPI document, made from the structs that its bodies are read into."""

import inspect
import json
from collections import defaultdict
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from tradepost.dialects import agent_answers as answers
from tradepost.dialects import agent_api, agent_wire
from tradepost.dialects.openapi.documents import LICENSE, OPENAPI, answer_schemas, needed
from tradepost.dialects.openapi.examples import EXAMPLES
from tradepost.dialects.openapi.operations import OURS
from tradepost.dialects.openapi.sentences import OF_AGENT, PAIRING_CODE
from tradepost.dialects.openapi.values import Schema
from tradepost.dialects.shadowpay.answers import JSON

EVERY = ("malformed", "unauthenticated", "too_large", "too_many_requests", "try_again")
CAUSES = {
    "malformed": "The body cannot be read; `field` names the place.",
    "too_large": "The body is longer than is read.",
    "unauthenticated": "The token or the pairing code is missing, unknown, used, revoked or too old.",
    "forbidden": "The token belongs to another device.",
    "not_found": "There is no such thing of this account.",
    "conflict": "As many devices are paired as may be.",
    "too_many_requests": "Too many calls, wrong pairing codes or streams; `Retry-After` says when to come back.",
    "try_again": "The market cannot reach its database; `Retry-After` says when to come back.",
}
_STATUSES = {word: status for status, word in agent_api.CODES.values()} | {"try_again": 503}
_RETRY: Schema = {
    "description": "After how many seconds it is worth trying again.",
    "schema": {"type": "integer"},
    "required": True,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a handler does not say of itself: its body, its answer, its codes beside those that every call has."""

    asked: type[msgspec.Struct] | None
    answers: type[msgspec.Struct] | None  # None: a stream of events
    words: tuple[str, ...] = ()
    status: int = 200


CALLS: dict[str, Told] = {
    "pair": Told(agent_wire.Pair, answers.Paired, ("conflict",), 201),
    "heartbeat": Told(agent_wire.Heartbeat, answers.Beaten, ("forbidden",)),
    "results": Told(agent_wire.Results, answers.ResultVerdicts),
    "trade_events": Told(agent_wire.Events, answers.EventVerdicts),
    "inventory": Told(agent_wire.Inventory, answers.InventoryVerdict),
    "offline": Told(agent_wire.Nothing, answers.Done),
    "unpair": Told(None, answers.Done),
    "events": Told(None, None),
}


def agent_document(base_url: str, release: str) -> Schema:
    """The document of the agent API."""
    paths: Schema = {}
    for method, path, handler in agent_api.CALLS:
        name = handler.__name__
        paths.setdefault(path, {})[method.lower()] = _operation(
            name, inspect.getdoc(handler) or "", CALLS[name]
        )
    kinds = {told.asked for told in CALLS.values() if told.asked}
    asked = _plain(msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")[1])
    answered = answer_schemas({told.answers for told in CALLS.values() if told.answers} | {answers.Refused})
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Tradepost agent API v1",
            "version": release,
            "summary": "What a seller's program says to the market and hears from it.",
            "description": "The program keeps the Steam session on the seller's machine; the market never sees it. "
            "Bodies are JSON; ids are texts, money is whole cents, times are RFC 3339. Unknown fields are refused, "
            "so that no Steam credential is ever sent by mistake.",
            "license": LICENSE,
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": "Agent", "description": "Pairing, heartbeats and what is reported."}],
        "security": [{"agent": []}],
        "paths": paths,
        "components": {
            "schemas": needed(paths, answered | asked),
            "headers": {"Retry-After": _RETRY},
            "securitySchemes": {
                "agent": {"type": "http", "scheme": "bearer", "description": "The token that pairing gave."}
            },
        },
    }


def _operation(name: str, doc: str, told: Told) -> Schema:
    made: Schema = {
        "operationId": name,
        "summary": " ".join(doc.partition("\n\n")[0].split()).rstrip("."),
        "description": doc,
        "tags": ["Agent"],
    }
    if name == "pair":
        made["security"] = []
    example = EXAMPLES.get(("agent", name))
    if told.asked is not None:
        content: Schema = {"schema": {"$ref": f"#/components/schemas/{told.asked.__name__}"}}
        if example is not None:
            content["example"] = example.asked
        made["requestBody"] = {"required": True, "content": {JSON: content}}
    made["responses"] = _responses(told, example.answered if example else None)
    return made


def _responses(told: Told, example: object) -> Schema:
    success: Schema = {"text/event-stream": {"schema": {"type": "string"}}}
    if told.answers is not None:
        success = {JSON: {"schema": {"$ref": f"#/components/schemas/{told.answers.__name__}"}}}
    if example is not None:
        next(iter(success.values()))["example"] = example
    responses: Schema = {str(told.status): {"description": "It was done.", "content": success}}
    words: dict[int, list[str]] = defaultdict(list)
    for word in (*EVERY, *told.words):
        words[_STATUSES[word]].append(word)
    for status in sorted(words):
        about = OURS.get(str(status)) or f"{HTTPStatus(status).phrase}."
        causes = "\n".join(f"- `{word}`: {CAUSES[word]}" for word in words[status])
        codes: Schema = {"properties": {"error": {"properties": {"code": {"enum": words[status]}}}}}
        responses[str(status)] = {
            "description": f"{about}\n\n{causes}",
            "content": {JSON: {"schema": {"allOf": [{"$ref": "#/components/schemas/Refused"}, codes]}}},
        }
        if status in (429, 503):
            responses[str(status)]["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return responses


def _plain(schemas: Schema) -> Schema:
    """Schemas of bodies with a sentence for each field; their patterns end as JSON Schema's do, not with `\\Z`."""
    plain: Schema = json.loads(json.dumps(schemas).replace("\\\\Z", "$"))
    for name, schema in plain.items():
        for field, part in schema.get("properties", {}).items():
            part["description"] = (
                PAIRING_CODE if (name, field) == ("Pair", "code") else OF_AGENT.get(field, "")
            )
    return plain
