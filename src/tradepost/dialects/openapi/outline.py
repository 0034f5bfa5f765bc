"""A document's calls as pages and llms.txt speak of them: one a deed, with its rows, its example and its errors."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tradepost.dialects.openapi import snippets
from tradepost.dialects.openapi.rows import Row, of_answer, of_body, of_parameters
from tradepost.dialects.openapi.values import Schema

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Problem:
    """A code that a call can answer."""

    status: str
    word: str


@dataclass(slots=True)
class Call:
    """One call as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    tag: str
    scope: str
    kind: str
    media: str
    others: list[str] = field(default_factory=list)  # methods that do the same
    parameters: list[Row] = field(default_factory=list)
    body: str = ""  # the example's, as JSON
    fields: list[Row] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    answer: str = ""
    status: str = "200"
    problems: list[Problem] = field(default_factory=list)

    @property
    def short(self) -> str:
        """The path without what all paths of its API begin with."""
        return re.sub(r"^/(api|agent)/v[0-9]+", "", self.path) or self.path

    @property
    def can_be_tried(self) -> bool:
        """Whether the page can send it: a stream has no end to wait for."""
        return self.media == "application/json"


def calls(document: Schema, header: str) -> list[Call]:
    """The calls of a document, in its order; those that do the same by another method are one with the first."""
    found: dict[str, Call] = {}
    for path, methods in document["paths"].items():
        twins: dict[str, list[str]] = {}
        for method, operation in methods.items():
            twins.setdefault(operation.get("x-same-as", operation["operationId"]), []).append(method)
        for method, operation in methods.items():
            id_ = operation["operationId"]
            if "x-same-as" not in operation:
                others = [other.upper() for other in twins[id_] if other != method]
                found[id_] = _call(document, path, method, operation, header, others)
    return list(found.values())


def _call(
    document: Schema, path: str, method: str, operation: Schema, header: str, others: list[str]
) -> Call:
    status = next(iter(operation["responses"]))
    content = operation["responses"][status].get(
        "content", {NOTHING: {}}
    )  # a browser that is led on gets none
    media, shown = next(iter(content.items()))
    prefix = urlsplit(document["servers"][0]["url"]).path
    paragraphs = operation["description"].split("\n\n")
    call = Call(
        operation["operationId"],
        method.upper(),
        prefix + path,
        operation["summary"],
        "\n\n".join(one for one in paragraphs[1:] if not one.startswith("Scope `")),
        operation["tags"][0],
        operation.get("x-scope", ""),
        operation.get("x-limit-kind", ""),
        media,
        others,
        status=status,
    )
    call.parameters = [*of_parameters(operation), *of_body(document, operation)]
    call.fields = list(
        of_answer(document, shown.get("schema", {}).get("oneOf", [shown.get("schema", {})])[0])
    )
    call.problems = list(_problems(operation, status))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in body:
        call.body = json.dumps(body["example"], indent=2, ensure_ascii=False)
    if "example" in shown:
        example = shown["example"]
        call.answer = (
            example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
        )
    call.requests = _requests(document, path, call, operation, header)
    return call


def _requests(
    document: Schema, path: str, call: Call, operation: Schema, header: str
) -> list[tuple[str, str]]:
    """The example's request in each language."""
    asked = {
        one.name: one.example
        for one in call.parameters
        if one.place in ("path", "query") and one.example is not None
    }
    if call.body:
        asked |= json.loads(call.body)
    asked_for = snippets.request(
        call.method,
        document["servers"][0]["url"] + path,
        asked,
        header="" if operation.get("security") == [] else header,
        in_query="requestBody" not in operation,
        as_form=bool(call.others) and call.method == "POST",
        is_stream=call.media == "text/event-stream",
    )
    return [
        ("curl", snippets.curl(asked_for)),
        ("Python", snippets.python(asked_for)),
        ("PHP", snippets.php(asked_for)),
    ]


def _problems(operation: Schema, success: str) -> Iterator[Problem]:
    statuses: dict[str, list[str]] = {}
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        refused = schema.get("oneOf", [{}, schema])[1] if status == success else schema
        for part in refused.get("allOf", []):
            properties = part.get("properties", {})
            code = properties.get("error", {}).get("properties", {}).get("code", {})
            for word in properties.get("error_message", code).get("enum", []):
                statuses.setdefault(word, []).append(status)
    return (Problem(", ".join(found), word) for word, found in statuses.items())


def by_tag(document: Schema, found: list[Call]) -> list[tuple[Mapping[str, str], list[Call]]]:
    """The calls under their tags, in the document's order of tags."""
    groups = [(tag, [call for call in found if call.tag == tag["name"]]) for tag in document["tags"]]
    return [(tag, calls) for tag, calls in groups if calls]
