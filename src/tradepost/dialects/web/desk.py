"""The desk: templates and files of the pages, and what a browser may do on one."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment
from markupsafe import Markup

from tradepost.config import Settings
from tradepost.dialects.sheets import Static, templates
from tradepost.dialects.web.cookies import is_secure
from tradepost.rules.money import write_cents

STATIC = "/static"
VALVES_PICTURES = ".steamstatic.com"  # avatars come from several hosts below it
HSTS_SECONDS = 31_536_000
MINUS, NONE = "\u2212", "\u2013"  # as print has them
# As sentences for programs write a moment, an amount, and a span of amounts.
_FIGURES = re.compile(
    r"(?P<moment>\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?) UTC"
    r"|(?<![\d.,])(?:(?P<least>\d{1,12}\.\d\d) to )?(?P<cents>\d{1,12}\.\d\d) USD\b",
    re.ASCII,
)


class Desk:
    """What all pages of one server are made with."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def static(self) -> Static:
        """The files that pages need."""
        return Static(__package__, STATIC)

    @cached_property
    def pictures_from(self) -> str:
        """From where pictures are shown, as a policy names it: Steam's own hosts, or the one that stands in for them."""
        parts = urlsplit(self.settings.steam_image_url)
        if (parts.hostname or "").endswith(VALVES_PICTURES):
            return f"https://*{VALVES_PICTURES}"
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @cached_property
    def policy(self) -> str:
        """What a page may load and do; whatever is not named here, a text that slipped through cannot do either."""
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self';"
            f" img-src 'self' {self.pictures_from}".rstrip()
            + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """What every page has, beside what every answer has."""
        headers = {"Content-Security-Policy": self.policy}
        if is_secure(self.settings):
            headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"
        return headers

    def render(self, template: str, block: str = "", /, **values: Any) -> bytes:
        """A page's bytes, or those of one block of it."""
        found = self._environment.get_template(template)
        text = "".join(found.blocks[block](found.new_context(values))) if block else found.render(**values)
        return text.encode("utf-8", "replace")

    def picture(self, icon: str, pixels: int = 96) -> str:
        """Where the picture of an item is, in a square of so many pixels; nothing for an item that has none."""
        base = self.settings.steam_image_url
        return f"{base}/economy/image/{icon}/{pixels}fx{pixels}f" if icon and base else ""

    def avatar(self, address: str) -> str:
        """A person's picture, if it is one that a page may load."""
        parts = urlsplit(address)
        host = f"{parts.scheme}://{parts.netloc}"
        good = (parts.scheme == "https" and parts.netloc.endswith(VALVES_PICTURES)) or (
            host == self.pictures_from
        )
        return address if good else ""

    @cached_property
    def _environment(self) -> Environment:
        made = templates(__package__)
        made.filters |= {"usd": usd, "moment": moment, "told": told, "day": day, "rows": rows}
        made.globals |= {
            "static": self.static.addresses,
            "picture": self.picture,
            "avatar": self.avatar,
            "mode": self.settings.mode,
            "base_url": self.settings.base_url,
        }
        return made


def usd(cents: int | None) -> str:
    """An amount as a person reads it, in thousands; a dash where there is none."""
    if cents is None:
        return NONE
    dollars, _, rest = write_cents(abs(cents)).partition(".")
    return f"{MINUS if cents < 0 else ''}${int(dollars):,}.{rest}"


def day(seconds: int) -> Markup:
    """The day of a moment in Unix seconds, as a person and a program read it."""
    when = datetime.fromtimestamp(seconds, UTC)
    return Markup('<time datetime="{}">{}</time>').format(f"{when:%Y-%m-%d}", f"{when:%Y-%m-%d}")


def seconds_of(when: date) -> int:
    """The beginning of a day, in UTC, as charts have it."""
    return int(datetime.combine(when, time(), UTC).timestamp())


def rows(columns: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Columns of one length as rows."""
    return list(zip(*columns, strict=True))


def moment(when: datetime | None) -> Markup:
    """A moment as a person and a program read it."""
    if when is None:
        return Markup("")
    return Markup('<time datetime="{}">{} UTC</time>').format(
        f"{when:%Y-%m-%dT%H:%M:%SZ}", f"{when:%Y-%m-%d %H:%M:%S}"
    )


def told(sentence: str) -> Markup:
    """A sentence with its moments and amounts as `moment` and `usd` write them; programs get the same sentence as it is."""
    made, last = Markup(""), 0
    for found in _FIGURES.finditer(sentence):
        made += sentence[last : found.start()]
        made += _moment(found["moment"]) if found["moment"] else _amounts(found["least"], found["cents"])
        last = found.end()
    return made + sentence[last:]


def _moment(text: str) -> Markup | str:
    try:
        return moment(datetime.fromisoformat(text).replace(tzinfo=UTC))
    except ValueError:
        return f"{text} UTC"  # it only looks like one


def _amounts(least: str | None, amount: str) -> str:
    written = [
        f"${int(dollars):,}.{cents}"
        for dollars, _, cents in (text.partition(".") for text in (least, amount) if text)
    ]
    return " to ".join(written)
