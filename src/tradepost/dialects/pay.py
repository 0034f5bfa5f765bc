"""Pay by Steam skins: where a site asks for a link, with a signature instead of a token.

Its callers are PHP programs like those of v1, so it answers HTTP 200 whatever came of it. What was signed is the texts
as they were sent, so nothing is read into a number here and written anew; the payment itself is in `market/payments`,
and the page that the link leads to in `web`.
"""

import hashlib
import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from tradepost.app import App
from tradepost.config import Settings
from tradepost.dialects.edge import Answer, client_address, encode, header, json_answer, note, receive_body
from tradepost.dialects.fields import Amount, OrderId, PayerToken, Signature, SiteAccount, SteamId
from tradepost.dialects.pace import Paces
from tradepost.dialects.reading import read_all
from tradepost.dialects.shadowpay import v1
from tradepost.dialects.shadowpay.answers import Success
from tradepost.dialects.shadowpay.ways import Manners
from tradepost.dialects.shapes import take
from tradepost.dialects.tree import Node
from tradepost.market import payments, switches
from tradepost.market.payments import Asked
from tradepost.rules import payment
from tradepost.rules.refusals import Conflicting, Malformed, NotFound, TooManyRequests, UnknownRoute

ROUTE = "/{lang}/pay/{public_hash}"
LANGUAGES = ("en", "de", "fr", "ru", "pl")  # of the page; the first is for whoever speaks none of them
BODY_BYTES_MAX = (
    65_536  # nobody has shown who he is before it is read, and what is asked for has some hundred
)
SIGNATURE_V2 = "signature_v2"

_PUBLIC_HASH = re.compile(rf"[0-9a-f]{{{payment.TOKEN_CHARS}}}", re.ASCII)
_UNSIGNABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a line's end in a value would be another line's beginning


class LinkAsked(msgspec.Struct):
    """What a site asks a link for."""

    account: SiteAccount
    order_id: OrderId
    security_steam_id: SteamId
    currency: Literal["USD"]
    signature: Signature
    steam_trade_token: PayerToken | None = None
    amount: Amount | None = None
    signature_v2: Signature | None = None


class Link(Success):
    """Where the user is sent to pay."""

    token: Annotated[
        str, Meta(pattern=r"^[0-9a-f]{32}$", description="The payment's token; IPNs have it too.")
    ]
    url: Annotated[str, Meta(description="The page to send the user to, in the language of the address.")]
    success: Annotated[bool, Meta(extra_json_schema={"const": True}, description="Always true.")]


MANNERS = Manners(
    v1.status,
    internal_status=200,
    gone_status=200,
    repeat="send the same again: one order is one payment",
)


class Desk:
    """The one call, as an ASGI application."""

    def __init__(self, app: App, pace: Paces) -> None:
        self._app = app
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await MANNERS.respond(scope, send, ROUTE, self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        app = self._app
        if scope["method"] != "POST":
            raise UnknownRoute("This call wants POST.")
        body = await receive_body(scope, receive, min(BODY_BYTES_MAX, app.settings.body_bytes_max))
        tree = read_all(scope["query_string"], body, header(scope, b"content-type"))
        await switches.refuse_if_off(app, "api")
        asked = take(LinkAsked, tree)
        made = await self._make(scope, asked, {} if asked.signature_v2 is None else signed_parameters(tree))
        url = page_address(app.settings, scope["path_params"]["lang"], made.token)
        link = {"token": made.token, "url": url}
        return json_answer({**link, "status": "success", "success": True})

    async def _make(self, scope: Scope, asked: LinkAsked, parameters: dict[str, str]) -> payments.Payment:
        """The payment of an order; whoever cannot sign is counted with his address, a merchant by what he signed."""
        noted, real_now = note(scope), self._app.real_now()

        def admit(account_id: int) -> None:
            noted.account_id = account_id
            noted.allowance, is_too_many = self._pace.count(("links", account_id), "sell", real_now)
            if is_too_many:
                raise TooManyRequests(noted.allowance.wait_seconds)

        texts = _texts(asked)
        try:
            public_hash = scope["path_params"]["public_hash"]
            if not _PUBLIC_HASH.fullmatch(public_hash):  # nobody's, as one that is merely unknown
                raise NotFound(payments.NO_MERCHANT)
            return await payments.make(self._app, public_hash, texts, parameters, digest(texts), admit=admit)
        except (NotFound, Conflicting, Malformed):
            if noted.account_id is None:
                self._pace.wrong(client_address(scope), real_now)
            raise


def _texts(asked: LinkAsked) -> Asked:
    """What was asked for, as the plain texts that it came as."""
    token, second = asked.steam_trade_token, asked.signature_v2
    return Asked(
        order_id=str(asked.order_id),
        account=str(asked.account),
        steamid=str(asked.security_steam_id),
        currency=str(asked.currency),
        amount=str(asked.amount or ""),
        trade_token=None if token is None else str(token),
        signature=str(asked.signature),
        signature_v2=None if second is None else str(second),
    )


def digest(asked: Asked) -> bytes:
    """What tells an order's parameters from others, in whatever notation they came; how it was signed is none of it."""
    parts = [asked.order_id, asked.account, asked.steamid, asked.currency, asked.amount, asked.trade_token]
    return hashlib.sha256(encode(parts)).digest()


def signed_parameters(tree: Node) -> dict[str, str]:
    """Every parameter but `signature_v2` as it was sent, those that nobody asks for among them; null is left out.

    Raises Malformed for what has no one line of its own: a list, a truth value, a name or a value that could be read
    as the end of one line and the beginning of another.
    """
    found: dict[str, str] = {}
    for name, node in (tree.children or {}).items():
        if name == SIGNATURE_V2:
            continue
        value = node.scalar()
        if value is None:
            continue
        if not isinstance(value, str):
            raise Malformed(node.spelled, f"must be a text or a number where {SIGNATURE_V2} is sent")
        if "=" in name or _UNSIGNABLE.search(name):
            raise Malformed(node.spelled, f"is a name that {SIGNATURE_V2} cannot cover")
        if _UNSIGNABLE.search(value):
            raise Malformed(node.spelled, "must not contain control characters")
        found[name] = value
    return found


def page_address(settings: Settings, lang: str, token: str) -> str:
    """Where a payment is paid, in a language if the page has it."""
    language = lang.lower() if lang.lower() in LANGUAGES else LANGUAGES[0]
    return f"{settings.base_url}/{language}/pay?token={token}"


def routes(app: App, pace: Paces) -> list[BaseRoute]:
    """The way in; it stands behind the pages, which have some paths below `/{lang}/pay` as well."""
    return [Route(ROUTE, Desk(app, pace))]
