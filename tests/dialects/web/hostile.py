"""Texts that try to be more than text on a page that shows them, and how one sees that none of them was."""

import re
from html import unescape
from html.parser import HTMLParser

TEXTS: tuple[str, ...] = (
    "<script>document.title='taken'</script>",
    "\"><img src=x onerror=document.title='taken'>",
    "' autofocus onfocus=document.title='taken' x='",
    "</title></textarea></style></script><svg onload=document.title='taken'>",
    "javascript:document.title='taken'",
    "{{7*7}}{% raw %}${7*7}",
    "<a href=javascript:alert(1)>x</a>",
    "<!--><iframe srcdoc='<b>'>",
    "\u202e]]>&lt;b&gt;&#x3c;i&#x3e;",
)

_OWN_SCRIPT = re.compile(r"/static/[a-zA-Z0-9_.-]+\?v=[0-9a-f]+")


class _Reader(HTMLParser):
    """Reads a page as a browser does, and keeps what no template of ours would write."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Judge one element."""
        for name, value in attrs:
            text = (value or "").strip().lower()
            leads_out = name in ("href", "src", "action") and text.startswith(("javascript:", "data:", "x"))
            if name.startswith("on") or name in ("srcdoc", "style") or leads_out:
                self.faults.append(f"<{tag} {name}={value!r}>")
        if tag in ("iframe", "object", "embed", "base"):
            self.faults.append(f"<{tag}>")
        if tag == "script" and not _OWN_SCRIPT.fullmatch(dict(attrs).get("src") or ""):
            self.faults.append(f"<script {attrs}>")


def faults(page: str) -> list[str]:
    """What a page has that no template of ours wrote: elements and attributes that a text became."""
    reader = _Reader()
    reader.feed(page)
    return reader.faults


def shows(page: str, text: str) -> bool:
    """Whether a page shows a text as it is, letter by letter."""
    return text in unescape(page)
