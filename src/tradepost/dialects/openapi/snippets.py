"""A call's example as a request of a program: curl, Python, PHP."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

_VARIABLE = re.compile(r"\$([A-Z]+)$")  # where it stands, the line ends
_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,:-/")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, and how it is passed."""

    method: str
    url: str
    header: str  # those that say who calls, a line each, with $TOKEN where the token stands
    query: Mapping[str, Any]
    body: Mapping[str, Any] | None = None
    as_form: bool = False
    is_stream: bool = False


def request(
    method: str,
    url: str,
    asked: Mapping[str, Any],
    *,
    header: str,
    in_query: bool,
    as_form: bool,
    is_stream: bool,
) -> Request:
    """A request that puts each value where it belongs: into the path, the query or the body."""
    rest = {name: value for name, value in asked.items() if f"{{{name}}}" not in url}
    for name, value in asked.items():
        url = url.replace(f"{{{name}}}", quote(str(value), safe=""))
    if in_query:
        return Request(method, url, header, rest, is_stream=is_stream)
    return Request(method, url, header, {}, rest, as_form=as_form)


# curl --------------------------------------------------------------------------------------------------------


def curl(asked: Request) -> str:
    """The request for a shell."""
    pairs = [f"{name}={_plain(value)}" for name, value in _flat(asked.query)]
    parts = [f"curl{' -N' if asked.is_stream else ''}{' -G' if pairs else ''} {asked.url}"]
    if asked.method not in ("GET", "POST") or (asked.method == "POST" and not asked.body):
        parts.append(f"-X {asked.method}")
    parts += [f'-H "{line}"' for line in asked.header.splitlines()]
    if asked.body and asked.as_form:
        pairs = [f"{name}={_plain(value)}" for name, value in _flat(asked.body)]
    elif asked.body is not None:
        body = json.dumps(asked.body, indent=2, ensure_ascii=False).replace("'", "'\\''")
        parts += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    parts += [f"--data-urlencode {_quoted(pair)}" for pair in pairs]
    return " \\\n  ".join(parts)


def _quoted(text: str) -> str:
    return text if set(text) <= _BARE | {"="} else "'" + text.replace("'", "'\\''") + "'"


def _flat(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The names and values of a form, in PHP's notation."""
    pairs: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            pairs += [
                (f"{name}[{number}][{key}]", part)
                for number, row in enumerate(value)
                for key, part in row.items()
            ]
        elif isinstance(value, list):
            pairs += [(f"{name}[]", part) for part in value]
        else:
            pairs.append((name, value))
    return pairs


def _plain(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


# Python ------------------------------------------------------------------------------------------------------


def python(asked: Request) -> str:
    """The request for Python, with `requests`."""
    lines = [f'"{asked.url}",']
    if asked.header:
        lines.append(f"headers={{{', '.join(map(_python_header, asked.header.splitlines()))}}},")
    if asked.query:
        lines.append(f"params={_python(_lists(asked.query), 1)},")
    if asked.body is not None and asked.as_form:
        lines.append(f"data={_python(_form(asked.body), 1)},")
    elif asked.body is not None:
        lines.append(f"json={_python(asked.body, 1)},")
    if asked.is_stream:
        lines.append("stream=True,")
    call = "\n    ".join(lines)
    read = (
        "for line in answer.iter_lines():\n    print(line.decode())"
        if asked.is_stream
        else "answer = response.json()"
    )
    name = "answer" if asked.is_stream else "response"
    return f"import requests\n\n{name} = requests.{asked.method.lower()}(\n    {call}\n)\n{read}"


def _python_header(line: str) -> str:
    name, _, value = line.partition(": ")
    value = _VARIABLE.sub(lambda found: f"{{{found[1].lower()}}}", value)
    shown = value[1:-1] if re.fullmatch(r"\{\w+\}", value) else f'f"{value}"'
    return f'"{name}": {shown}'


def _form(values: Mapping[str, Any]) -> dict[str, Any]:
    """A form as `requests` takes it: a name that comes several times has a list."""
    form: dict[str, Any] = {}
    for name, value in _flat(values):
        form[name] = [*form.get(name, []), value] if name.endswith("[]") else value
    return form


def _lists(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}[]" if isinstance(value, list) else name: value for name, value in values.items()}


def _python(value: Any, depth: int) -> str:
    pad, end = "    " * (depth + 1), "    " * depth
    if isinstance(value, Mapping):
        rows = [f"{pad}{json.dumps(key)}: {_python(one, depth + 1)},\n" for key, one in value.items()]
        return "{\n" + "".join(rows) + end + "}" if rows else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_python(one, depth) for one in value) + "]"
    if isinstance(value, bool) or value is None:
        return str(value)
    return json.dumps(value, ensure_ascii=False)


# PHP ---------------------------------------------------------------------------------------------------------


def php(asked: Request) -> str:
    """The request for PHP, which needs no extension."""
    url = f"'{asked.url}'"
    if asked.query:
        url = f"'{asked.url}?' . http_build_query({_php(asked.query, 0)})"
    headers = [_php_header(line) for line in asked.header.splitlines()]
    options = [] if asked.method == "GET" else [f"'method' => '{asked.method}',"]
    if asked.body and asked.as_form:
        headers.append("'Content-Type: application/x-www-form-urlencoded'")
        options.append(f"'content' => http_build_query({_php(asked.body, 1)}),")
    elif asked.body is not None:
        headers.append("'Content-Type: application/json'")
        options.append(f"'content' => json_encode({_php(asked.body, 1)}),")
    if headers:
        rows = "".join(f"\n        {one}," for one in headers)
        shown = f"[{rows}\n    ]" if len(headers) > 1 else f"[{headers[0]}]"
        options.insert(0, f"'header' => {shown},")
    options.append("'ignore_errors' => true,  // what is refused has an answer too")
    lines = "\n".join(f"    {one}" for one in options)
    context = f"$context = stream_context_create(['http' => [\n{lines}\n]]);\n"
    if asked.is_stream:  # byte by byte: whole lines would wait until a buffer has come
        read = "while (($byte = fgetc($stream)) !== false) {\n    echo $byte;\n}"
        return f"{context}$stream = fopen({url}, 'r', false, $context);\n{read}"
    return f"{context}$answer = json_decode(file_get_contents({url}, false, $context), true);"


def _php_header(line: str) -> str:
    fixed = _VARIABLE.sub("", line)
    named = _VARIABLE.search(line)
    return f"{_php_text(fixed)} . ${named[1].lower()}" if named else _php_text(fixed)


def _php(value: Any, depth: int) -> str:
    pad, end = "    " * (depth + 1), "    " * depth
    if isinstance(value, Mapping):
        rows = [f"{pad}{_php_text(str(key))} => {_php(one, depth + 1)},\n" for key, one in value.items()]
        return "[\n" + "".join(rows) + end + "]" if rows else "(object) []"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_php(one, depth) for one in value) + "]"
    if isinstance(value, str):
        return _php_text(value)
    return json.dumps(value)


def _php_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
