"""The user API's OpenAPI document, made from the structs that its calls are asked with and answer."""

import inspect
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tradepost.dialects import user_api
from tradepost.dialects.fields import SteamId
from tradepost.dialects.openapi.documents import LICENSE, OPENAPI, answer_schemas, needed
from tradepost.dialects.openapi.examples import EXAMPLES
from tradepost.dialects.openapi.operations import HEADERS
from tradepost.dialects.openapi.parameters import form_object, json_object, query_parameters, rows
from tradepost.dialects.openapi.user_sentences import OF_USERS
from tradepost.dialects.openapi.values import VALUES, Schema
from tradepost.dialects.shadowpay.answers import JSON
from tradepost.dialects.user_api.answers import CSV, REDIRECT, ZIP
from tradepost.dialects.user_api.calls import KEY, Method
from tradepost.dialects.user_api.manners import UNCONNECTED
from tradepost.dialects.user_api.ways import USER

LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
TAGS = {
    "Access": "Being connected, and what acts for the account.",
    "Account": "What is known of a user, and what he changes of it.",
    "Second factor": "Codes that are asked for where money or secrets depend on it.",
    "Money": "Payouts, deposits, alerts and disputes.",
    "Sales": "What was sold and bought: figures, histories and exports.",
    "Buy orders": "Buying what somebody offers for a price that was named before.",
}
_TAGS = {
    "access": "Access",
    "sign_in": "Access",
    "factor": "Second factor",
    "money": "Money",
    "sales": "Sales",
    "histories": "Sales",
    "exports": "Sales",
    "affiliates": "Sales",
    "orders": "Buy orders",
}
CAUSES = {
    "300": "It cannot be done: a value that cannot be read (`field` names it), or one that does not fit.",
    "401": f"`{UNCONNECTED}`.",
    "403": "A bad API key, a scope or a role that is lacking; `error` is `CSRF` for a browser's write without its token, `STEP_UP` where who it is has to be proven once more.",
    "404": "There is no such thing of the caller's.",
    "413": "More was sent than is read.",
    "429": "Too many requests; the sentence and `Retry-After` say when to come back.",
    "500": "A fault of ours; no input causes it.",
    "502": "Steam, or another service, gives no usable answer; no input causes it.",
    "503": "Something is switched off or away on our side; no input causes it.",
}
ABOUT = """What users see and manage of their own, in their browsers and by their programs.

A success is `{"err":false,"success":true,"content":...}`; what was not done is `{"err":true,"success":false,"content":SENTENCE,"message":SENTENCE}`. HTTP 300 says that something cannot be done, and never leads anywhere.

Browsers are connected by a session's cookie and send the header `X-CSRF-Token` with what they write; programs send a JWT as `Authorization: Bearer`, which `POST /user/login` makes of an API key.

Amounts are whole cents, times Unix seconds. Parameters come from the query, a form or JSON. Keys may be added to answers: ignore those that you do not know."""

SECURITY: Schema = {
    "jwt": {"type": "http", "scheme": "bearer", "description": "A JWT of `POST /user/login`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "tradepost_session",
        "description": "A browser's session.",
    },
}


class Failure(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What was not done, and why."""

    err: Literal[True]
    success: Literal[False]
    content: Annotated[str, Meta(min_length=1, description="A sentence for a person.")]
    message: Annotated[str, Meta(min_length=1, description="The same.")]
    field: Annotated[str, Meta(description="The parameter that is to blame.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    error: Literal["CSRF", "STEP_UP"] | msgspec.UnsetType = msgspec.UNSET


def user_document(base_url: str, release: str) -> Schema:
    """The document of the user API."""
    paths: Schema = {}
    for path, methods in user_api.CALLS.items():
        for name, method in methods.items():
            id_ = operation_id(path, name, methods)
            paths.setdefault(path, {})[name.lower()] = _operation(path, name, method, id_)
            if method.others:
                of_user = f"{path}/{{{USER}}}"
                paths.setdefault(of_user, {})[name.lower()] = _operation(
                    of_user, name, method, f"{id_}_of_user"
                )
    used = {made["tags"][0] for methods in paths.values() for made in methods.values()}
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Tradepost user API",
            "version": release,
            "summary": "Users see and manage what is theirs.",
            "description": ABOUT,
            "license": LICENSE,
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in used],
        "security": [{"jwt": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": needed(paths, _schemas()),
            "headers": {
                name: {"description": sentence, "schema": schema}
                for name, (sentence, schema) in HEADERS.items()
                if name in {"X-Request-Id", "Retry-After", "Idempotency-Replayed", *LIMITS}
            },
            "securitySchemes": SECURITY,
        },
    }


def operation_id(path: str, name: str, methods: Any) -> str:
    """The name of one method of a path."""
    plain = "_".join(part for part in path.replace("{", "").replace("}", "").split("/") if part)
    return plain if name == next(iter(methods)) else f"{plain}_by_{name.lower()}"


def _operation(path: str, name: str, method: Method, id_: str) -> Schema:
    first, _, more = (inspect.getdoc(method.handler) or "").partition("\n\n")
    first = " ".join(first.split())
    asked, in_path = method.asked, frozenset(part[1:-1] for part in path.split("/") if part.startswith("{"))
    made: Schema = {
        "operationId": id_,
        "summary": first.rstrip("."),
        "description": "\n\n".join(part for part in (first, more, *_rules(method)) if part),
        "tags": [_TAGS.get(method.handler.__module__.rpartition(".")[2], "Account")],
        "x-scope": method.scope,
    }
    if method.who == "anybody":
        made["security"] = [{}, {"jwt": []}, {"session": []}]
    found = list(query_parameters(asked, in_path))
    if name != "GET" and method.reads_body:
        found = [one for one in found if one["in"] == "path"]
        if msgspec.structs.fields(asked):
            made["requestBody"] = _body(asked, in_path, id_)
    if USER in in_path:
        schema = VALUES[SteamId].text
        found.append(
            {"name": USER, "in": "path", "required": True, "description": OF_USERS[USER], "schema": schema}
        )
    if name != "GET":
        schema = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        sentence = "Your own name for this request, where the call does something once."
        found.append(
            {"name": KEY, "in": "header", "required": False, "description": sentence, "schema": schema}
        )
    asked_for = example.asked if (example := EXAMPLES.get(("user", id_))) is not None else {}
    for parameter in found:
        if parameter["name"] in asked_for:
            parameter["example"] = asked_for[parameter["name"]]
    if found:
        made["parameters"] = found
    made["responses"] = _responses(name, method, USER in in_path, id_)
    return made


def _rules(method: Method) -> list[str]:
    said = []
    if method.who == "connected":
        said.append(f"Scope `{method.scope}` where it is called with a JWT.")
    if method.step_up != "no":
        whose = "" if method.step_up == "yes" else "Called with a JWT it "
        said.append(
            f"{whose or 'It '}asks once more who it is: by `code` where the second factor is on, else by a sign-in through Steam of the last five minutes."
        )
    if method.per_minute is not None:
        said.append(f"At most {method.per_minute} a minute.")
    return said


def _body(asked: type[msgspec.Struct], in_path: frozenset[str], id_: str) -> Schema:
    whole: Schema = {"$ref": f"#/components/schemas/{asked.__name__}"}
    as_json: Schema = {"schema": json_object(asked, in_path) if in_path else whole}
    if (example := EXAMPLES.get(("user", id_))) is not None:
        as_json["example"] = {name: value for name, value in example.asked.items() if name not in in_path}
    required = any(one.required for one in msgspec.structs.fields(asked) if one.encode_name not in in_path)
    form: Schema = {"schema": form_object(asked, in_path)}
    return {"required": required, "content": {JSON: as_json, "application/x-www-form-urlencoded": form}}


def _responses(name: str, method: Method, names_user: bool, id_: str) -> Schema:
    responses: Schema = {}
    if method.answers == REDIRECT:
        responses["302"] = {"description": "The browser is led on.", "headers": _headers("302")}
    else:
        responses["200"] = _success(name, method, id_)
    statuses = ["300", "404", "429", "500", "502", "503"]
    statuses += ["401"] if method.who == "connected" else []
    statuses += ["401", "403"]
    statuses += ["413"]
    for status in sorted(set(statuses)):
        refused = {"schema": {"$ref": "#/components/schemas/Failure"}}
        about = f"{HTTPStatus(int(status)).phrase}.\n\n{CAUSES[status]}"
        responses[status] = {"description": about, "headers": _headers(status), "content": {JSON: refused}}
    return responses


def _success(name: str, method: Method, id_: str) -> Schema:
    headers = _headers("200") | (
        {} if name == "GET" else {"Idempotency-Replayed": _ref("Idempotency-Replayed")}
    )
    if method.answers in (CSV, ZIP):
        return {
            "description": "The rows.",
            "headers": headers,
            "content": {method.answers: {"schema": {"type": "string"}}},
        }
    content: Schema = {}
    if method.answers is not None:
        content = {"$ref": f"#/components/schemas/{method.answers.__name__}"}
    envelope: Schema = {
        "type": "object",
        "required": ["err", "success", "content"],
        "properties": {"err": {"const": False}, "success": {"const": True}, "content": content},
    }
    shown: Schema = {"schema": envelope}
    if (example := EXAMPLES.get(("user", id_))) is not None:
        shown["example"] = {"err": False, "success": True, "content": example.answered}
    return {"description": "It was done.", "headers": headers, "content": {JSON: shown}}


def _headers(status: str) -> Schema:
    names = ["X-Request-Id"]
    if status not in ("401", "413"):
        names += LIMITS
    if status in ("429", "503"):
        names.append("Retry-After")
    return {name: _ref(name) for name in names}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/headers/{name}"}


def _schemas() -> dict[str, Schema]:
    methods = [method for found in user_api.CALLS.values() for method in found.values()]
    kinds = {method.answers for method in methods if isinstance(method.answers, type)}
    schemas = answer_schemas(kinds | {Failure})
    for kind in {kind for method in methods for kind in (method.asked, *rows(method.asked))}:
        if kind.__name__ in schemas:
            raise ValueError(f"two structs of one document are called {kind.__name__}")
        schemas[kind.__name__] = json_object(kind)
    return schemas
