"""The OpenAPI documents of the merchant API, one for each version, made from the structs that its calls are asked with."""

import json
import re
from typing import Any

import msgspec

from tradepost.dialects.openapi.examples import EXAMPLES
from tradepost.dialects.openapi.operations import HEADERS, operation
from tradepost.dialects.openapi.parameters import json_object, rows
from tradepost.dialects.openapi.values import Schema
from tradepost.dialects.openapi.versions import ABOUT, COMMON, TAGS, Version, operations
from tradepost.dialects.shadowpay.answers import Refused

OPENAPI = "3.1.0"
LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
SECURITY: Schema = {
    "token": {"type": "apiKey", "in": "header", "name": "Token", "description": "The API token."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "The API token, as a bearer."},
    "query": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The API token as a parameter, of the query or the body. Addresses end up in logs, so a header is better.",
    },
}

_REF = re.compile(r'"#/components/schemas/(\w+)"')


def merchant_document(version: Version, base_url: str, release: str) -> Schema:
    """The document of one version of the merchant API."""
    paths: Schema = {}
    for one in operations(version):
        made = operation(version, one, EXAMPLES.get((version.key, one.twin or one.id)))
        paths.setdefault(one.path, {})[one.name.lower()] = made
    used = {tag for methods in paths.values() for made in methods.values() for tag in made["tags"]}
    return {
        "openapi": OPENAPI,
        "info": {
            "title": f"Tradepost merchant API {version.key}",
            "version": release,
            "summary": "Buying and selling Steam items for your users.",
            "description": f"{ABOUT[version.key]}\n\n{COMMON}",
            "license": LICENSE,
        },
        "servers": [{"url": base_url + version.prefix}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in used],
        "security": [{name: []} for name in SECURITY],
        "paths": paths,
        "components": {
            "schemas": needed(paths, _schemas(version)),
            "headers": {
                name: {"description": sentence, "schema": schema}
                for name, (sentence, schema) in HEADERS.items()
            },
            "securitySchemes": SECURITY,
        },
    }


def needed(paths: Schema, schemas: dict[str, Schema]) -> dict[str, Schema]:
    """Those of the schemas that the paths refer to, and those that these refer to in turn."""
    found: set[str] = set()
    waiting = set(_REF.findall(json.dumps(paths)))
    while waiting:
        found |= waiting
        waiting = set(_REF.findall(json.dumps([schemas[name] for name in waiting]))) - found
    return {name: schemas[name] for name in sorted(found)}


def answer_schemas(kinds: set[Any]) -> dict[str, Schema]:
    """The schemas of answers; keys may be added to them, so they are open to keys that they do not name."""
    _, found = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for schema in found.values():
        if schema.get("additionalProperties") is False:
            del schema["additionalProperties"]
    return found


def _schemas(version: Version) -> dict[str, Schema]:
    """The bodies of requests and answers, by the names of their structs."""
    methods = [one.method for one in operations(version)]
    schemas = answer_schemas({method.answers for method in methods if method.answers} | {Refused})
    asked = {kind for method in methods for kind in (method.asked, *rows(method.asked))}
    for kind in asked:
        if kind.__name__ in schemas:
            raise ValueError(f"two structs of one document are called {kind.__name__}")
        schemas[kind.__name__] = json_object(kind)
    return schemas
