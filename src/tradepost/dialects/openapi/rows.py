"""Parameters and the fields of answers as rows of a table: a name, what it takes, what it means."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tradepost.dialects.openapi.values import Schema
from tradepost.dialects.reading import KEYS_MAX

DEPTH_MAX = 4  # of the fields that an answer's table shows


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, or a field of an answer."""

    name: str
    kind: str
    required: bool
    description: str
    place: str = ""
    default: Any = None
    example: Any = None


def of_parameters(operation: Schema) -> Iterator[Row]:
    """The parameters of the path, the query and the headers."""
    for one in operation.get("parameters", []):
        schema = one["schema"]
        yield Row(
            one["name"], kind_of(schema), one["required"], one["description"], one["in"],
            schema.get("default"), one.get("example"),
        )  # fmt: skip


def of_body(document: Schema, operation: Schema) -> Iterator[Row]:
    """The fields of a body, those of its rows below them."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        yield from _body_rows(document, schema, "")


def _body_rows(document: Schema, schema: Schema, before: str) -> Iterator[Row]:
    schema = resolved(document, schema)
    for name, given in schema.get("properties", {}).items():
        part = _plainest(resolved(document, given))
        said = given.get("description") or part.get("description", "")
        yield Row(
            before + name, kind_of(part), name in schema.get("required", []), said, "body",
            part.get("default"),
        )  # fmt: skip
        options = [(given, "."), *((option, ".") for option in given.get("anyOf", []))]
        for inner, sign in [*options, (part.get("items", {}), "[].")]:
            if "properties" in resolved(document, inner):
                yield from _body_rows(document, inner, f"{before}{name}{sign}")


def of_answer(document: Schema, schema: Schema, before: str = "", depth: int = 0) -> Iterator[Row]:
    """The fields of an answer, those of its parts below them."""
    schema = resolved(document, schema)
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        shown = resolved(document, part)
        yield Row(before + name, kind_of(shown), name in required, _said(document, part))
        if depth < DEPTH_MAX:
            for inner, sign in _inner(document, shown):
                yield from of_answer(document, inner, f"{before}{name}{sign}.", depth + 1)


def _inner(document: Schema, schema: Schema) -> Iterator[tuple[Schema, str]]:
    """The objects within a schema, each once: a list of rows and an object of the same rows are shown as one."""
    seen = set()
    for given in schema.get("anyOf", [schema]):
        option = resolved(document, given)
        for inner, sign in (
            (option.get("items"), "[]"),
            (option.get("additionalProperties"), "{}"),
            (option, ""),
        ):
            if not isinstance(inner, dict):
                continue
            for one in inner.get("anyOf", [inner]):
                found = resolved(document, one)
                if "properties" in found and id(found) not in seen and not (sign == "" and "items" in option):
                    seen.add(id(found))
                    yield found, sign
                elif "items" in found and sign == "{}":
                    yield resolved(document, found["items"]), "{}[]"


def resolved(document: Schema, schema: Schema) -> Schema:
    """A schema itself, where only its name stands."""
    while "$ref" in schema:
        found: Schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        schema = found
    return schema


def _plainest(schema: Schema) -> Schema:
    """Of several notations of a list the list itself."""
    lists = [one for one in schema.get("anyOf", []) if one.get("type") == "array"]
    return {**lists[0], "description": schema.get("description", "")} if lists else schema


def _said(document: Schema, schema: Schema) -> str:
    if "$ref" in schema:
        return ""
    options = schema.get("anyOf", [])
    said: str = schema.get("description") or next(
        (one["description"] for one in options if "description" in one), ""
    )
    return said


def kind_of(schema: Schema) -> str:
    """What a schema takes, in a few words."""
    if "enum" in schema:
        return " | ".join(json.dumps(one) if not isinstance(one, str) else one for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_of(one) for one in schema["anyOf"]))
    if "$ref" in schema:
        return "object"
    if schema.get("type") == "array":
        most = f", at most {schema['maxItems']:,}" if schema.get("maxItems", KEYS_MAX) != KEYS_MAX else ""
        inner = kind_of(schema.get("items", {}))
        return f"list{most}" if inner == "object" else f"list of {inner}{most}"
    kinds = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    kind: str = schema.get("type", "any")
    return kinds.get(kind, kind)
