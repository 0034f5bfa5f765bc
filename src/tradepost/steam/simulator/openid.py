"""Steam as an OpenID 2.0 provider: a page to choose who signs in, a signature, and one check of it."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, page, redirect, route
from tradepost.steam.simulator.entities import User
from tradepost.steam.simulator.persons import remember
from tradepost.steam.simulator.world import World

NAMESPACE = "http://specs.openid.net/auth/2.0"
ENDPOINT = "https://steamcommunity.com/openid/login"
CLAIMED = "https://steamcommunity.com/openid/id/"
SIGNED = ("signed", "op_endpoint", "claimed_id", "identity", "return_to", "response_nonce", "assoc_handle")
ASSOC_HANDLE = "1234567890"
NONCE_SECONDS = 300
CHOICES_MAX = 500
ADDRESS_CHARS_MAX = 4_000


def endpoint(call: Call) -> Response:
    """GET and POST /openid/login: what the mode asks for."""
    match call.argument("openid.mode"):
        case "check_authentication":
            return check_authentication(call)
        case "checkid_setup" | "checkid_immediate":
            return sign_in(call)
    return _sorry("openid.mode is neither checkid_setup nor check_authentication")


def sign_in(call: Call) -> Response:
    """Asks who signs in; with `steamid` sends that account back to the site, signed."""
    return_to, realm = call.argument("openid.return_to"), call.argument("openid.realm")
    if call.argument("openid.ns") != NAMESPACE:
        return _sorry("openid.ns is not OpenID 2.0")
    if not _is_within(return_to, realm or return_to):
        return _sorry("openid.return_to is no address under openid.realm")
    user = call.world.users.get(call.argument("steamid"))
    if user is None:
        return page(_chooser(call, return_to))
    response = redirect(_extended(return_to, _assertion(call, user, return_to)))
    remember(call, response, user)
    return response


def check_authentication(call: Call) -> Response:
    """Whether a signature is ours and was never checked before."""
    fields = call.form if "openid.sig" in call.form else call.query
    values = {name: fields.get(f"openid.{name}", [""])[-1] for name in (*SIGNED, "sig")}
    valid = hmac.compare_digest(_signature(call.world, values), values["sig"].encode())
    valid = valid and call.world.nonces.pop(values["response_nonce"], 0) > call.world.real_now()
    return PlainTextResponse(f"ns:{NAMESPACE}\nis_valid:{'true' if valid else 'false'}\n")


def discovery(_: Call) -> Response:
    """GET /openid and /openid/id/{steamid}: the XRDS document of the provider."""
    document = (
        '<?xml version="1.0" encoding="UTF-8"?><xrds:XRDS xmlns:xrds="xri://$xrds" xmlns="xri://$xrd*($v*2.0)">'
        f'<XRD><Service priority="0"><Type>{NAMESPACE}/server</Type><URI>{ENDPOINT}</URI></Service></XRD>'
        "</xrds:XRDS>"
    )
    return Response(document, media_type="application/xrds+xml")


def _assertion(call: Call, user: User, return_to: str) -> dict[str, str]:
    now = int(call.world.real_now())
    nonces = call.world.nonces
    for old in [nonce for nonce, end in nonces.items() if end <= now]:
        del nonces[old]
    nonce = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}{secrets.token_urlsafe(18)}"
    nonces[nonce] = now + NONCE_SECONDS
    values = {
        "op_endpoint": ENDPOINT,
        "claimed_id": CLAIMED + user.steamid,
        "identity": CLAIMED + user.steamid,
        "return_to": return_to,
        "response_nonce": nonce,
        "assoc_handle": ASSOC_HANDLE,
        "signed": ",".join(SIGNED),
    }
    values = {"ns": NAMESPACE, "mode": "id_res"} | values | {"sig": _signature(call.world, values).decode()}
    return {f"openid.{name}": value for name, value in values.items()}


def _signature(world: World, values: dict[str, str]) -> bytes:
    text = "".join(f"{name}:{values[name]}\n" for name in SIGNED)
    return base64.b64encode(hmac.digest(world.secret, text.encode("utf-8", "surrogateescape"), hashlib.sha1))


def _is_within(address: str, realm: str) -> bool:
    """Whether an address lies under a realm: same scheme and host, and a path below it."""
    if len(address) > ADDRESS_CHARS_MAX:
        return False
    try:
        inner, outer = urlsplit(address), urlsplit(realm)
    except ValueError:
        return False
    if inner.scheme not in {"http", "https"} or not inner.netloc or "@" in inner.netloc:
        return False
    base = outer.path.rstrip("/")
    return (inner.scheme, inner.netloc) == (outer.scheme, outer.netloc) and (
        inner.path == base or inner.path.startswith(f"{base}/")
    )


def _extended(address: str, fields: dict[str, str]) -> str:
    address = address.partition("#")[0]
    return f"{address}{'&' if '?' in address else '?'}{urlencode(fields)}"


def _chooser(call: Call, return_to: str) -> str:
    fields = "".join(
        f'<input type="hidden" name="openid.{name}" value="{escape(call.argument(f"openid.{name}"))}">'
        for name in ("ns", "mode", "return_to", "realm", "identity", "claimed_id")
    )
    users = list(call.world.users.values())[:CHOICES_MAX]
    choices = "".join(
        f'<li><button name="steamid" value="{user.steamid}"><b>{escape(user.name)}</b> '
        f"<small>{user.steamid}</small></button></li>"
        for user in users
    )
    site = escape(urlsplit(return_to).netloc)
    return (
        "<!DOCTYPE html><html><head><title>Sign In</title><meta name=viewport content='width=device-width'>"
        "<style>body{font:16px sans-serif;background:#1b2838;color:#c7d5e0;max-width:40em;margin:2em auto}"
        "ul{list-style:none;padding:0}button{width:100%;margin:2px 0;padding:.6em;text-align:left;border:0;"
        "background:#2a475e;color:inherit;cursor:pointer}button:hover{background:#417a9b}small{opacity:.6}</style>"
        f"</head><body><h1>Simulated Steam</h1><p>Sign in to <b>{site}</b> as:</p>"
        f'<form method="post" action="/openid/login">{fields}<ul>{choices}</ul></form></body></html>'
    )


def _sorry(sentence: str) -> Response:
    return page(
        f"<html><head><title>Error</title></head><body><h1>Sorry!</h1><h3>{sentence}</h3></body></html>", 400
    )


ROUTES: list[Route] = [
    route("/openid/login", endpoint, "GET", "POST"),
    route("/openid", discovery),
    route("/openid/id/{steamid}", discovery),
]
