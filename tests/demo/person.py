"""A person with a browser that runs no script: follows links, fills forms in and presses their buttons."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import aiohttp

Field = tuple[str, str]


@dataclass
class Form:
    """A form of a page: what it sends as it stands, its boxes that are not ticked, and its buttons."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)
    boxes: list[Field] = field(default_factory=list)
    buttons: list[tuple[Field, str]] = field(default_factory=list)  # with the words on each
    ticked: set[Field] = field(default_factory=set)


class _Forms(HTMLParser):
    """Reads a page's forms, their controls within or beside them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._by_id: dict[str, Form] = {}
        self._later: list[tuple[str, str, dict[str, str]]] = []
        self._open: Form | None = None
        self._button: tuple[Form, Field, list[str]] | None = None
        self.feed(text)
        for owner, tag, given in self._later:
            self._control(self._by_id[owner], tag, given)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
            if "id" in given:
                self._by_id[given["id"]] = self._open
        elif tag in {"input", "button"} and "disabled" not in given:
            if "form" in given:
                self._later.append((given["form"], tag, given))
            elif self._open is not None:
                self._control(self._open, tag, given)

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self._button[2].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "button" and self._button is not None:
            form, named, words = self._button
            form.buttons.append((named, " ".join("".join(words).split())))
            self._button = None

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        named = (given.get("name", ""), given.get("value", ""))
        kind = given.get("type", "submit" if tag == "button" else "text")
        if kind == "submit":
            # Of a button beside its form the words have gone by.
            self._button = (form, named, []) if "form" not in given else None
            if self._button is None or tag == "input":
                form.buttons.append((named, named[1]))
                self._button = None
        elif kind in {"checkbox", "radio"}:
            form.boxes.append(named)
            if "checked" in given:
                form.ticked.add(named)
        elif named[0]:
            form.fields.append(named)


@dataclass
class Page:
    """What the browser shows."""

    status: int
    url: str
    text: str
    forms: list[Form]
    referrer_policy: str

    @property
    def words(self) -> str:
        """What a person reads."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())

    def form(self, is_it: Callable[[Form], bool]) -> Form:
        """The one form that is meant."""
        found = [one for one in self.forms if is_it(one)]
        assert len(found) == 1, (len(found), self.url, self.words)
        return found[0]

    def form_with(self, name: str, value: str) -> Form:
        """The form with such a button."""
        return self.form(lambda one: any(button == (name, value) for button, _ in one.buttons))


@dataclass
class Person:
    """Somebody at his browser."""

    http: aiohttp.ClientSession

    async def open(self, url: str) -> Page:
        """Go to an address, wherever it leads."""
        async with self.http.get(url) as answer:
            return await _page(answer)

    async def follow(self, page: Page, begins: str) -> Page:
        """Follow the page's link whose address, without the site, begins so."""
        links = [
            urljoin(page.url, unescape(link)) for link in re.findall(r'<a\b[^>]*\bhref="([^"]*)"', page.text)
        ]
        found = [link for link in links if urlsplit(link).path.startswith(begins)]
        assert found, (begins, links)
        return await self.open(found[0])

    async def send(self, page: Page, form: Form, *more: Field, **filled: str) -> Page:
        """Send a form of the page, with boxes ticked or a button pressed, and fields filled in."""
        fields = [*form.fields, *form.ticked]
        fields = [(name, filled.get(name, value)) for name, value in fields] + list(more)
        url, here = urljoin(page.url, form.action), urlsplit(page.url)
        is_own = urlsplit(url).netloc == here.netloc
        # As browsers do: a page that sends no referrer sends no origin with its forms either, not even to itself.
        is_known = (page.referrer_policy == "same-origin" and is_own) or not page.referrer_policy
        headers = {
            "Origin": f"{here.scheme}://{here.netloc}" if is_known else "null",
            "Sec-Fetch-Site": "same-origin" if is_own else "same-site",
        }
        assert form.method == "post"
        async with self.http.post(url, data=fields, headers=headers) as answer:
            return await _page(answer)


async def _page(answer: aiohttp.ClientResponse) -> Page:
    text = await answer.text()
    policy = answer.headers.get("Referrer-Policy", "")
    return Page(answer.status, str(answer.url), text, _Forms(text).forms, policy)


@asynccontextmanager
async def person() -> AsyncIterator[Person]:
    """Somebody new, whose browser keeps cookies."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=30)) as http:
        yield Person(http)
