"""Visits: one request for a page, from the host it names to the answer, errors included.

A `Page` is one path with a handler for each of its methods. A handler gets the visit, and answers with what the visit
makes of a template, a path to go on to, or any other ASGI application.
"""

import hmac
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
from markupsafe import Markup
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.edge import (
    BodyUnread,
    client_address,
    encode,
    header,
    header_values,
    note,
    receive_body,
)
from tradepost.dialects.hosts import is_allowed
from tradepost.dialects.reading import read_body, read_query
from tradepost.dialects.shapes import take
from tradepost.dialects.sheets import misdirected
from tradepost.dialects.tree import Node
from tradepost.dialects.web.addresses import is_own_path
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.visitors import Visitor, visitor
from tradepost.market import bell
from tradepost.market.bell import Bell
from tradepost.rules.refusals import (
    Conflicting,
    Forbidden,
    Malformed,
    NotFound,
    Refusal,
    SteamUnavailable,
    SwitchedOff,
    TooManyRequests,
    UnknownRoute,
)

CSRF = "csrf"  # the field that every form has
FORM_BYTES_MAX = 262_144  # of a page's form, which is far less than what programs may send
PIECES = Markup("<!-- pieces -->")  # where a page's middle is put in, once it comes
STATUSES: tuple[tuple[type[Refusal], int], ...] = (
    (Malformed, 422),
    (Conflicting, 422),
    (NotFound, 404),
    (UnknownRoute, 404),
    (Forbidden, 403),
    (TooManyRequests, 429),
    (SteamUnavailable, 503),
    (SwitchedOff, 503),
    (Refusal, 409),
)

UNKNOWN = "No page has this address: it may be mistyped, or what it led to has gone."
WRONG_ADDRESS = frozenset({404, 422})  # where it was asked for by GET

S = TypeVar("S", bound=msgspec.Struct)

logger = log.get(__name__)


class SignInFirst(Exception):
    """The page is for somebody who is signed in."""


class SignInAgain(Exception):
    """What is asked for needs a sign-in, or a code, of the last minutes."""


class Visit:
    """One request for a page, by somebody or nobody."""

    def __init__(self, app: App, desk: Desk, page: "Page", scope: Scope, receive: Receive) -> None:
        self.app = app
        self.desk = desk
        self.scope = scope
        self.receive = receive
        self.visitor: Visitor | None = None
        self.bell: Bell | None = None  # known where a whole page is asked for by who is signed in
        self.typed: Mapping[str, str] = {}  # what a form of ours said, to be shown again where it is refused
        self._page = page

    # What was asked ------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """From where the request comes; nothing where it is not known."""
        return client_address(self.scope)

    @property
    def params(self) -> Mapping[str, str]:
        """The parts of the path that vary, by the names they have in the route."""
        found: Mapping[str, str] = self.scope.get("path_params", {})
        return found

    @property
    def wants_part(self) -> bool:
        """Whether a script asks for a part of a page, to put it into the page that is open already."""
        return (
            header(self.scope, b"hx-request") == "true"
            and header(self.scope, b"hx-request-type") == "partial"
            and not header(self.scope, b"hx-history-restore-request")
        )

    def signed_in(self) -> Visitor:
        """Who this is; whoever is nobody gets a page to sign in instead, and comes back here."""
        if self.visitor is None:
            raise SignInFirst
        return self.visitor

    def fresh(self) -> Visitor:
        """Who this is, if he proved it within the last minutes; else he gets a page to do it again, and comes back.

        By a code where he has a second factor, else by a sign-in through Steam (rules.md 22).
        """
        if not self.signed_in().is_fresh:
            raise SignInAgain
        return self.signed_in()

    def query(self, kind: type[S]) -> S:
        """What the query and the path say, as a struct of `fields`; a refusal names the field."""
        tree = Node()
        read_query(tree, self.scope["query_string"])
        return self._take(kind, tree)

    async def form(self, kind: type[S]) -> S:
        """What a form of ours says, sent by who is signed in; whatever another site made him send is refused."""
        known = self.signed_in()
        self._refuse_foreign()
        bytes_max = min(FORM_BYTES_MAX, self.app.settings.body_bytes_max)
        body = await receive_body(self.scope, self.receive, bytes_max)
        tree = Node()
        # Of the body alone: what is in an address is in a link, which anybody can make somebody follow.
        read_body(tree, body, header(self.scope, b"content-type"), 0)
        sent = tree.children.pop(CSRF, None) if tree.children else None
        token = sent.scalar() if sent is not None else None
        if not isinstance(token, str) or not hmac.compare_digest(token.encode(), known.csrf.encode()):
            raise Forbidden(
                "This form is from another sign-in than yours is now: open the page again, and send it anew."
            )
        said = {name: node.values[-1] for name, node in (tree.children or {}).items() if node.values}
        self.typed = {name: text for name, text in said.items() if isinstance(text, str)}
        return self._take(kind, tree)

    def _take(self, kind: type[S], tree: Node) -> S:
        for parameter, value in self.params.items():
            node = tree.below(parameter, parameter)
            node.values, node.children = [value], None  # the path decides, whatever else has its name
        return take(kind, tree)

    def _refuse_foreign(self) -> None:
        """Refuse what a browser says another site sent; one that says nothing must know the form's token all the same.

        Our pages send no referrer, and therefore a form's Origin may be `null`: that says nothing either.
        """
        sites = header_values(self.scope, b"sec-fetch-site")
        parts = urlsplit(self.app.settings.base_url)
        own = f"{parts.scheme}://{parts.netloc}".lower()
        origins = [origin.lower() for origin in header_values(self.scope, b"origin")]
        if any(site != "same-origin" for site in sites) or any(one not in (own, "null") for one in origins):
            raise Forbidden("This form was sent by another site.")

    # What is answered ----------------------------------------------------------------------------------------

    @property
    def here(self) -> str:
        """The path to come back to: this one, or for a form's path the page that has the form."""
        query = self.scope["query_string"].decode("latin-1")
        path = self.scope["path"] + (f"?{query}" if query else "")
        if "GET" not in self._page.methods:
            path = self._page.home.format(**self.params)
        return path if is_own_path(path) else "/"

    def page(self, template: str, status: int = 200, *, part: str = "", **values: Any) -> Response:
        """A page made from a template, which also knows `visitor`, `bell`, `here`, `csrf_field` and the ways to sign in and give a code.

        Where the page's script asks for a part alone, it gets the template's block of that name and nothing around it.
        """
        field = Markup('<input type="hidden" name="{}" value="{}">')
        known: dict[str, Any] = {
            "visitor": self.visitor,
            "bell": self.bell,
            "here": self.here,
            "contact": self.app.settings.contact,
            "market_now": self.app.now().isoformat(),
            "sign_in_url": self.sign_in_url(),
            "code_url": self.code_url(),
            "csrf_field": field.format(CSRF, self.visitor.csrf) if self.visitor else "",
        }
        block = part if self.wants_part else ""
        body = self.desk.render(template, block, **(known | values))
        headers = {**self.desk.headers, "Vary": "HX-Request, HX-Request-Type"} if part else self.desk.headers
        return Response(body, status, dict(headers), "text/html; charset=utf-8")

    def stream(self, template: str, pieces: AsyncGenerator[str, None], **values: Any) -> Response:
        """A page whose middle comes piece by piece: HTML, put in where the template says `{{ pieces }}`."""
        whole = self.page(template, pieces=PIECES, **values)
        head, _, tail = bytes(whole.body).partition(PIECES.encode())

        async def parts() -> AsyncIterator[bytes]:
            yield head
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece.encode("utf-8", "replace")
            yield tail

        # A proxy that collects an answer before it passes it on would keep the pieces to itself.
        headers = {**self.desk.headers, "X-Accel-Buffering": "no"}
        return StreamingResponse(parts(), 200, headers, "text/html; charset=utf-8")

    def redirect(self, path: str) -> Response:
        """Go on to another page of ours, by GET."""
        return RedirectResponse(path, 303, dict(self.desk.headers))

    def json(self, value: Any, status: int = 200) -> Response:
        """What a page's script asked for."""
        return Response(encode(value), status, media_type="application/json")

    def sign_in_url(self, next_path: str | None = None) -> str:
        """The link to sign in by, that leads back here or to another path of ours."""
        return f"/sign-in?next={quote(next_path or self.here, safe='')}"

    def code_url(self, next_path: str | None = None) -> str:
        """The link to give a code by, that leads back here or to another path of ours."""
        return f"/sign-in/code?next={quote(next_path or self.here, safe='')}"

    def _way_on(self, status: int, field: str) -> str:
        """Where to go on from an error: never to the address that is wrong itself, which would only say so again."""
        if self.scope["method"] == "POST" or status not in WRONG_ADDRESS:
            return self.here
        path = str(self.scope["path"])  # a query that was refused is left away
        return path if field and field not in self.params and is_own_path(path) else ""

    def error(
        self, status: int, title: str, sentence: str, *, field: str = "", template: str = "error.html"
    ) -> Response:
        """A page that says what went wrong; a page's script gets it as JSON."""
        if header(self.scope, b"accept").startswith("application/json"):
            return self.json({"error": sentence, "field": field or None}, status)
        values = {"title": title, "sentence": sentence, "field": field, "back": self._way_on(status, field)}
        if self.wants_part:
            answer = self.page("error_part.html", status, again=template != "error.html", **values)
            answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#said", "innerHTML"
            return answer
        return self.page(template, status, **values)


Handler = Callable[[Visit], Awaitable[ASGIApp]]


class Page:
    """One path of the pages, as an ASGI application."""

    def __init__(
        self,
        app: App,
        desk: Desk,
        route: str,
        *,
        get: Handler | None = None,
        post: Handler | None = None,
        home: str = "",
        halfway: bool = False,
    ) -> None:
        self._app = app
        self._desk = desk
        self.route = route
        self.home = home or (
            route if get else "/"
        )  # where somebody is led who has to sign in before a form is taken
        self.halfway = halfway  # it is for those, too, whose code is still awaited
        self.methods = {name: handler for name, handler in (("GET", get), ("POST", post)) if handler}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        noted = note(scope)
        noted.route = self.route
        if not is_allowed(scope, self._app.settings.allowed_hosts):
            await misdirected()(scope, receive, send)
            return
        visit = Visit(self._app, self._desk, self, scope, receive)
        try:
            answer = await self._answer(visit)
        except ClientDisconnect:
            return  # nobody is there to be answered
        await answer(scope, receive, send)

    async def _answer(self, visit: Visit) -> ASGIApp:
        method = visit.scope["method"]
        handler = self.methods.get("GET" if method == "HEAD" else method)
        try:
            if handler is None:
                return self._other_method(visit)
            visit.visitor = await visitor(self._app, visit.scope, halfway=self.halfway)
            if visit.visitor is not None and not visit.wants_part:
                visit.bell = await bell.read(self._app.db, visit.visitor.account_id, self._app.now())
            return await handler(visit)
        except ClientDisconnect:
            raise
        except SignInFirst:
            sentence = "Sign in through Steam to see this page."
            return visit.error(401, "Please sign in", sentence, template="sign_in.html")
        except SignInAgain:
            if visit.signed_in().has_factor:
                sentence = "This changes where money goes, so it needs a code of the last five minutes. You come back here."
                return visit.error(403, "Please give a code", sentence, template="code_first.html")
            sentence = "This changes where money goes, so it needs a sign-in of the last five minutes. You come back here."
            return visit.error(403, "Please sign in again", sentence, template="sign_in.html")
        except Refusal as refusal:
            return self._refused(visit, refusal)
        except (DatabaseGone, DatabaseBusy) as error:
            logger.warning("page_lost_the_database", route=self.route, error=str(error))
            sentence = "Our database does not answer at the moment. Look whether it was done, or try again."
            return visit.error(503, "One moment", sentence)
        except Exception:
            logger.exception("page_failed", route=self.route)
            return visit.error(
                500, "Something went wrong", "Something went wrong on our side; it is in our log."
            )

    def _other_method(self, visit: Visit) -> Response:
        wanted = " or ".join(sorted(self.methods))
        answer = visit.error(405, "There is nothing here", f"This page is asked for by {wanted}.")
        answer.headers["Allow"] = ", ".join(
            [*self.methods, "HEAD"] if "GET" in self.methods else self.methods
        )
        return answer

    def _refused(self, visit: Visit, refusal: Refusal) -> Response:
        note(visit.scope).word = type(refusal).__name__
        status = next(status for kind, status in STATUSES if isinstance(refusal, kind))
        field = refusal.field if isinstance(refusal, Malformed) else ""
        title = {404: "There is nothing here", 429: "Too many requests", 503: "Not at the moment"}.get(
            status, "This cannot be done"
        )
        sentence = say(refusal)
        if field in visit.params and header(visit.scope, b"accept").startswith("text/html"):
            title, sentence = (
                "There is nothing here",
                UNKNOWN,
            )  # a number that nothing has, in whatever spelling
        answer = visit.error(status, title, sentence, field=field)
        if isinstance(refusal, TooManyRequests):
            answer.headers["Retry-After"] = str(refusal.retry_after_seconds)
        if isinstance(refusal, BodyUnread):
            answer.headers["Connection"] = "close"
        return answer


def nowhere(app: App, desk: Desk) -> Page:
    """The page on an address that no page has."""

    async def show(_: Visit) -> ASGIApp:
        raise NotFound(UNKNOWN)

    return Page(app, desk, "unknown", get=show, post=show)
