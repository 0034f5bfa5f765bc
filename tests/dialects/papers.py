"""The server held to its own papers: every reply of every dialect's test is checked against the OpenAPI document."""

import json
import re
from functools import cache
from typing import Any

import referencing
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing.jsonschema import DRAFT202012

from tradepost.dialects.openapi.agent import agent_document
from tradepost.dialects.openapi.documents import merchant_document, needed
from tradepost.dialects.openapi.pay import pay_document
from tradepost.dialects.openapi.versions import VERSIONS

LINK = re.compile(r"/[^/]+/pay/[^/]+")
ROWS = 20  # of a long list only the first and the last so many are looked at


class Papers:
    """A document, and whether a reply is one that it tells of."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = closed(document)
        resource = DRAFT202012.create_resource(self.document)
        self._registry: Any = referencing.Registry().with_resource("urn:papers", resource)
        self._paths = {_pattern(path): path for path in self.document["paths"]}
        self._validators: dict[str, Draft202012Validator] = {}

    def validator(self, *place: str) -> Draft202012Validator:
        """What holds a value against the schema at a place of the document."""
        pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
        if pointer not in self._validators:
            schema = {"$ref": f"urn:papers#/{pointer}"}
            self._validators[pointer] = Draft202012Validator(schema, registry=self._registry)
        return self._validators[pointer]

    def check(self, method: str, path: str, status: int, body: Any, headers: dict[str, str]) -> None:
        """Fail with what is wrong with a reply; `path` is that below the server's address."""
        name = next((template for pattern, template in self._paths.items() if pattern.fullmatch(path)), "")
        operation = self.document["paths"].get(name, {}).get("get" if method == "HEAD" else method.lower())
        if operation is None:
            self._fits(body, "components", "schemas", "Refused")
            word = body["error"]["code"] if "error" in body else body["error_message"]
            assert word in ("wrong_method", "unknown_route"), (method, path, body)
            return
        said = operation["responses"].get(str(status))
        assert said is not None, f"{method} {path} answered {status}, which its papers do not tell of: {body}"
        refused = method != "HEAD" and isinstance(body, dict) and body.get("status") == "error"
        wanted = {"Retry-After"} if refused else {"ETag"}
        for header in wanted & said.get("headers", {}).keys():
            assert header.title() in headers, f"{method} {path} answered {status} without {header}"
        (media,) = said.get("content", {"": None})
        if media != "application/json" or method == "HEAD":
            return
        assert headers.get("Content-Type") == media, (method, path, headers)
        place = ("paths", name, method.lower(), "responses", str(status), "content", media, "schema")
        self._fits(body, *place)

    def _fits(self, body: Any, *place: str) -> None:
        error = best_match(self.validator(*place).iter_errors(_shortened(body)))
        assert error is None, f"{'/'.join(place)}: {error.json_path}: {error.message}\n{str(body)[:2000]}"


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """A document whose answers have no keys but those that it names; the one that is served leaves room for more."""
    shut: dict[str, Any] = json.loads(json.dumps(document))
    schemas = shut["components"]["schemas"]
    answers = {
        path: {
            method: operation["responses"]
            for method, operation in methods.items()
            if isinstance(operation, dict)
        }
        for path, methods in shut["paths"].items()
    }
    for schema in needed(answers, schemas).values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return shut


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{\w+\}", template)))


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(one) for key, one in value.items()}
    return value[:ROWS] + value[-ROWS:] if isinstance(value, list) and len(value) > 2 * ROWS else value


@cache
def agent_papers() -> Papers:
    """The papers of the agent API."""
    return Papers(agent_document("", "0"))


@cache
def pay_papers() -> Papers:
    """The papers of the links."""
    return Papers(pay_document("", "0"))


@cache
def papers() -> dict[str, Papers]:
    """The papers of every dialect, by its prefix."""
    return {version.prefix: Papers(merchant_document(version, "", "0")) for version in VERSIONS}


def check(method: str, path: str, status: int, body: Any, headers: dict[str, str]) -> None:
    """Hold a reply against the papers of the dialect that its path belongs to, if it belongs to one."""
    path = path.partition("?")[0]
    for prefix, found in papers().items():
        if path.startswith(prefix + "/"):
            found.check(method, path.removeprefix(prefix), status, body, headers)
    if LINK.fullmatch(path) and headers.get("Content-Type") == "application/json":
        pay_papers().check(method, path, status, body, headers)
