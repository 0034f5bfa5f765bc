"""One request as the handlers see it, and the answers that they can give."""

from collections.abc import Callable
from email import message_from_bytes
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tradepost.steam.simulator.entities import User
from tradepost.steam.simulator.sessions import user_of_cookie, user_of_key, user_of_token
from tradepost.steam.simulator.world import World

FIELDS_MAX = 2_000
NUMBER_DIGITS_MAX = 19
LIST_DEFAULT, LIST_MAX = 100, 1_000
STEAMID_DIGITS = 17
STEAM_HOSTS = ("steamcommunity.com", "steampowered.com")
HTTP_OK = 200

_encode = msgspec.json.Encoder().encode


class Call:
    """A request to Steam: its parameters, and who is asking."""

    def __init__(self, request: Request, body: bytes, world: World) -> None:
        self.request = request
        self.world = world
        self.body = body
        self.path: dict[str, str] = request.path_params

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The query, each name with its values."""
        return _fields(self.request.scope["query_string"])

    @cached_property
    def form(self) -> dict[str, list[str]]:
        """The body's form fields, each name with its values."""
        kind = self.request.headers.get("content-type", "")
        return _parts(kind, self.body) if kind.startswith("multipart/form-data") else _fields(self.body)

    def field(self, name: str) -> str:
        """A form field's last value, or nothing."""
        return self.form.get(name, [""])[-1]

    def argument(self, name: str) -> str:
        """A parameter of the query or else of the form, or nothing."""
        return self.query.get(name, self.form.get(name, [""]))[-1]

    def number(self, name: str, default: int = 0) -> int:
        """A parameter as a whole number; the default if it is absent or none."""
        found = whole_number(self.argument(name))
        return default if found is None else found

    def flag(self, name: str) -> bool:
        """A parameter as a truth value."""
        return self.argument(name).lower() in {"1", "true"}

    @cached_property
    def cookies(self) -> dict[str, str]:
        """The request's cookies, read as leniently as browsers write them."""
        return self.request.cookies

    @cached_property
    def visitor(self) -> User | None:
        """The account that the steamLoginSecure cookie signs in."""
        return user_of_cookie(self.world, self.cookies.get("steamLoginSecure"))

    @cached_property
    def token_user(self) -> User | None:
        """The account of the access token in the parameters."""
        return user_of_token(self.world, self.argument("access_token"))

    @cached_property
    def key_user(self) -> User | None:
        """The account of the Web API key in the parameters."""
        return user_of_key(self.world, self.argument("key"))

    @property
    def is_csrf_safe(self) -> bool:
        """Whether the form repeats the sessionid cookie."""
        sessionid = self.cookies.get("sessionid", "")
        return bool(sessionid) and self.field("sessionid") == sessionid

    @cached_property
    def community(self) -> str:
        """The origin for links to community pages: nobody is sent from here to the real Steam."""
        host = self.request.headers.get("host", "")
        if host.partition(":")[0].endswith(STEAM_HOSTS):
            return "https://steamcommunity.com"
        return f"{self.request.url.scheme}://{host}"


def answer(body: Any, status: int = HTTP_OK, eresult: int | None = 1) -> Response:
    """A JSON answer, with Steam's result header."""
    headers = {} if eresult is None else {"X-eresult": str(eresult)}
    return Response(_encode(body), status, headers, media_type="application/json; charset=utf-8")


def page(html: str, status: int = HTTP_OK) -> Response:
    """An HTML answer."""
    return HTMLResponse(html, status)


def redirect(address: str) -> Response:
    """Sends the visitor elsewhere."""
    return RedirectResponse(address, 302)


def whole_number(text: str) -> int | None:
    """The number that a text of ASCII digits is; None for anything else."""
    if not text or len(text) > NUMBER_DIGITS_MAX or not (text.isascii() and text.isdigit()):
        return None
    return int(text)


def page_limit(call: Call, name: str = "limit") -> int:
    """How many rows a list of the control API shows."""
    return min(call.number(name, LIST_DEFAULT), LIST_MAX)


def is_steamid(text: str) -> bool:
    """Whether this has the form of an individual account's SteamID64."""
    return len(text) == STEAMID_DIGITS and text.isascii() and text.isdigit() and text.startswith("7656119")


Handler = Callable[[Call], Response]


def route(path: str, handler: Handler, *methods: str) -> Route:
    """A way in, for these methods (GET when none is named)."""

    async def endpoint(request: Request) -> Response:
        state = request.app.state
        return handler(Call(request, request.scope["tradepost.body"], state.world))

    return Route(path, endpoint, methods=list(methods) or ["GET"], name=handler.__name__)


def _parts(kind: str, raw: bytes) -> dict[str, list[str]]:
    """The fields of a multipart form; files are not expected and read as text."""
    fields: dict[str, list[str]] = {}
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace") + raw)
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and len(fields) < FIELDS_MAX:
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            fields.setdefault(name, []).append(text)
    return fields


def _fields(raw: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        return {}
