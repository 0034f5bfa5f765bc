"""The browsable pages, rendered from the documents: everything on them can be read without JavaScript."""

import re
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from tradepost.dialects.openapi.recipes import RECIPES
from tradepost.dialects.shadowpay.meanings import MEANINGS
from tradepost.dialects.sheets import templates

_MARK = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")
_JSON = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?)')


def prose(text: str) -> Markup:
    """Paragraphs and lists as HTML."""
    blocks = []
    for block in text.strip().split("\n\n"):
        lines = block.split("\n")
        if all(line.startswith("- ") for line in lines):
            items = Markup("").join(Markup("<li>{}</li>").format(line_of(line[2:])) for line in lines)
            blocks.append(Markup("<ul>{}</ul>").format(items))
        else:
            blocks.append(Markup("<p>{}</p>").format(line_of(block)))
    return Markup("").join(blocks)


def line_of(text: str) -> Markup:
    """One line with `code` and **weight** in it, as HTML."""
    parts, at = [], 0
    for found in _MARK.finditer(text):
        name = "code" if found[1] else "strong"
        parts += [
            escape(text[at : found.start()]),
            Markup("<{0}>{1}</{0}>").format(name, found[1] or found[2]),
        ]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def foldable(text: str) -> Markup:
    """A name that a narrow column may break where it has a joint."""
    joint = Markup("<wbr>")
    return joint.join(escape(part) for part in re.split(r"(?<=[_/.])(?=\w)", text))


def coloured(text: str) -> Markup:
    """JSON with its keys, texts and numbers told apart."""
    parts, at = [], 0
    for found in _JSON.finditer(text):
        parts.append(escape(text[at : found.start()]))
        if found[1]:
            name = "k" if found[2] else "s"
            parts.append(Markup('<span class="{}">{}</span>{}').format(name, found[1], found[2] or ""))
        else:
            parts.append(Markup('<span class="n">{}</span>').format(found[0]))
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


@cache
def _environment() -> Environment:
    made = templates(__package__)
    made.filters |= {"prose": prose, "line": line_of, "coloured": coloured, "foldable": foldable}
    return made


def render(template: str, **values: Any) -> bytes:
    """A page's bytes."""
    return _environment().get_template(template).render(meanings=MEANINGS, recipes=RECIPES, **values).encode()
