"""The ways to the papers: the documents themselves, the pages made from them, and llms.txt."""

import asyncio
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tradepost.app import App
from tradepost.dialects import agent_api, operator_api
from tradepost.dialects.edge import encode, note
from tradepost.dialects.hosts import is_allowed
from tradepost.dialects.openapi import agent, operator, pages
from tradepost.dialects.openapi.agent import agent_document
from tradepost.dialects.openapi.documents import merchant_document
from tradepost.dialects.openapi.llms import llms
from tradepost.dialects.openapi.operator import operator_document
from tradepost.dialects.openapi.outline import Call, by_tag, calls
from tradepost.dialects.openapi.pay import PREFIX as PAY_PREFIX
from tradepost.dialects.openapi.pay import pay_document
from tradepost.dialects.openapi.user import user_document
from tradepost.dialects.openapi.values import Schema
from tradepost.dialects.openapi.versions import VERSIONS, statuses_of
from tradepost.dialects.shadowpay.meanings import MEANINGS
from tradepost.dialects.sheets import Sheet, Static, misdirected, respond

DOCUMENT = "openapi.json"
STATIC = "/docs/static"
SESSION = "Cookie: tradepost_session=$SESSION\nX-CSRF-Token: $CSRF"  # what an admin's browser sends
USERS = "/user"  # below which most of the user API's calls are
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Paper:
    """One API's document, and how its pages speak of it."""

    key: str
    short: str
    about: str
    prefix: str
    header: str  # those that say who calls, a line each; nothing where there are none
    document: Schema
    below: str = ""  # what its paths begin with, where that is not the prefix of its document

    @property
    def where(self) -> str:
        """Where its calls lie."""
        return self.below or self.prefix

    @property
    def title(self) -> str:
        """The API's name."""
        name = str(self.document["info"]["title"]).removeprefix("Tradepost ")
        return name[0].upper() + name[1:]

    @cached_property
    def calls(self) -> list[Call]:
        """The calls as pages show them."""
        return calls(self.document, self.header)

    @property
    def count(self) -> int:
        """How many calls there are."""
        return len(self.calls)


class Desk:
    """All papers of one server; made when they are first asked for, and kept."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._sheets: dict[str, Sheet] = {}

    @cached_property
    def papers(self) -> list[Paper]:
        """The documents, in the order in which they are shown."""
        release = metadata.version("tradepost")
        found = {version.key: merchant_document(version, self.base_url, release) for version in VERSIONS}
        prefixes = {version.key: version.prefix for version in VERSIONS}
        merchants = (
            ("v2", "Merchant v2", "For new programs: REST paths, pages with metadata, HTTP statuses that mean what they say."),
            ("v1", "Merchant v1", "For clients that were written for it: calls by name, GET and POST alike."),
        )  # fmt: skip
        papers = [
            Paper(key, short, about, prefixes[key], "Token: $TOKEN", found[key])
            for key, short, about in merchants
        ]
        about = "For sites whose users pay with their skins: one call for a link, an IPN for each skin that is sold."
        links = pay_document(self.base_url, release)
        papers.append(Paper("pay", "Pay by skins", about, PAY_PREFIX, "", links, "/en/pay"))
        about = "For programs of sellers, which keep the Steam session and send the items."
        document = agent_document(self.base_url, release)
        bearer = "Authorization: Bearer $TOKEN"
        papers.append(Paper("agent", "Agent", about, agent_api.PREFIX, bearer, document))
        about = "For users, in their browsers and by their programs: balance, sales, buy orders, payouts."
        papers.append(Paper("user", "User", about, USERS, bearer, user_document(self.base_url, release)))
        about = "For the market's admins, in their browsers: people, money, cases, switches, the audit."
        document = operator_document(self.base_url, release)
        return [*papers, Paper("operator", "Operator", about, operator_api.PREFIX, SESSION, document)]

    @cached_property
    def static(self) -> Static:
        """The files that pages need."""
        return Static(__package__, STATIC)

    async def look(self, name: str) -> Sheet:
        """A document, a page or llms.txt; it is made beside the event loop, as it takes a tenth of a second."""
        found = self._sheets.get(name)
        return await asyncio.to_thread(self.sheet, name) if found is None else found

    def sheet(self, name: str) -> Sheet:
        """The same, made at once where it is not there yet."""
        if name not in self._sheets:
            self._sheets[name] = self._made(name)
        return self._sheets[name]

    def _made(self, name: str) -> Sheet:
        if name == "llms.txt":
            rows = [(one.title, one.key, one.prefix, one.document, one.calls) for one in self.papers]
            return Sheet(llms(rows).encode(), "text/plain; charset=utf-8")
        if name == "index":
            return self._page("index.html", here="")
        kind, _, key = name.partition(":")
        paper = next(one for one in self.papers if one.key == key)
        if kind == "document":
            return Sheet(encode(paper.document), "application/json")
        return self._page(
            "dialect.html",
            here=key,
            paper=paper,
            document=paper.document,
            header=paper.header,
            groups=by_tag(paper.document, paper.calls),
            causes=operator.CAUSES if key == "operator" else agent.CAUSES,
        )

    def _page(self, template: str, **values: Any) -> Sheet:
        static = self.static.addresses
        statuses = {word: ", ".join(map(str, statuses_of(word))) for word in MEANINGS}
        body = pages.render(
            template, papers=self.papers, static=static, statuses=statuses, base_url=self.base_url, **values
        )
        return Sheet(body, "text/html; charset=utf-8")


def routes(app: App) -> list[BaseRoute]:
    """The ways to all papers; the documents are for any host, as the APIs are, the pages for those allowed."""
    desk = Desk(app.settings.base_url)
    prefixes = {version.key: version.prefix for version in VERSIONS}
    prefixes |= {"pay": PAY_PREFIX, "agent": agent_api.PREFIX, "user": USERS, "operator": operator_api.PREFIX}
    names = {f"{prefix}/{DOCUMENT}": f"document:{key}" for key, prefix in prefixes.items()}
    names |= {f"/docs/{key}": f"page:{key}" for key in prefixes}
    names |= {"/docs": "index", "/llms.txt": "llms.txt"}

    async def paper(request: Request) -> Response:
        path = request.url.path
        note(request.scope).route = path
        is_page = path.startswith("/docs")
        if is_page and not is_allowed(request.scope, app.settings.allowed_hosts):
            return misdirected()
        headers = {"Cache-Control": "no-cache"}
        if is_page:
            headers["Content-Security-Policy"] = POLICY
        else:
            headers["Access-Control-Allow-Origin"] = "*"  # tools in a browser read documents from elsewhere
        return respond(request, await desk.look(names[path]), headers)

    async def file(request: Request) -> Response:
        note(request.scope).route = f"{STATIC}/{{name}}"
        if not is_allowed(request.scope, app.settings.allowed_hosts):
            return misdirected()
        return desk.static.respond(request, POLICY)

    return [
        *(Route(path, paper, methods=["GET"]) for path in names),
        Route(f"{STATIC}/{{name}}", file, methods=["GET"]),
    ]
