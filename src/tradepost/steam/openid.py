"""Signing in through Steam: OpenID 2.0 with one provider, whose address is ours and never the visitor's.

Every account takeover of this kind came from believing `op_endpoint` or `claimed_id` of the address that the
visitor came back with. So nothing is discovered here: what comes back must repeat the names written below,
and the one question whether Steam really said it goes to the address from the settings.
"""

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from tradepost.steam.answers import NoAnswer, RateLimited, Unavailable
from tradepost.steam.door import OK, Door, Reply
from tradepost.steam.ids import is_steamid

QUERY_CHARS_MAX = 8_192
PARAMETERS_MAX = 40
ANSWER_BYTES_MAX = 4_096
NONCE_AGE_MAX = timedelta(minutes=5)  # and as far ahead, for clocks differ

_NS = "http://specs.openid.net/auth/2.0"
_SELECT = f"{_NS}/identifier_select"
# Steam's own names for itself and its users: part of the protocol, wherever our questions go.
_OP_ENDPOINT = "https://steamcommunity.com/openid/login"
_IDENTITY = re.compile(r"https://steamcommunity\.com/openid/id/(7656119[0-9]{10})", re.ASCII)
_LOGIN = "/openid/login"

_NONCE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)[!-~]{0,235}", re.ASCII)
_SIGNED_NAME = re.compile(r"[A-Za-z0-9_.]{1,64}", re.ASCII)
# Each of these decides something below, so a word of it that Steam did not sign is not Steam's.
_MUST_BE_SIGNED = frozenset(
    {"op_endpoint", "claimed_id", "identity", "return_to", "response_nonce", "assoc_handle"}
)

ClaimNonce = Callable[[str, datetime], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Steam says that the visitor is this user."""

    steamid: str


@dataclass(frozen=True, slots=True)
class NotSignedIn:
    """The visitor came back without a sign-in of Steam's that is meant for us, fresh and first used."""

    reason: str  # for the log: a visitor sees the same page for all of them


SignIn = SignedIn | NotSignedIn | NoAnswer


class _Refused(Exception):
    """A check failed; it never leaves this module."""


class SteamOpenId:
    """Sends a visitor to Steam's sign-in page, and judges what he comes back with."""

    def __init__(self, door: Door, community_url: str) -> None:
        self._door = door
        self._community_url = community_url

    def begin(self, return_to: str, realm: str, state: str) -> str:
        """The address of Steam's page; the session must remember `state`, for one use within minutes."""
        query = {
            "openid.ns": _NS,
            "openid.mode": "checkid_setup",
            "openid.return_to": _with_state(return_to, state),
            "openid.realm": realm,
            "openid.identity": _SELECT,
            "openid.claimed_id": _SELECT,
        }
        return f"{self._community_url}{_LOGIN}?{urlencode(query)}"

    async def verify(
        self, query_string: str, *, return_to: str, state: str, now: datetime, claim_nonce: ClaimNonce
    ) -> SignIn:
        """Who the visitor is, by the query that he came back with.

        `return_to` and `state` are those given to `begin`; `now` is real time, as Steam knows no other.
        `claim_nonce(nonce, forget_after)` stores a nonce and says whether it was new; it is asked last, so
        that only what Steam signed can fill its table.
        """
        try:
            query = _read_query(query_string)
            steamid, nonce, forget_after = _check(query, return_to, state, now)
        except _Refused as refused:
            return NotSignedIn(str(refused))
        match await self._ask_steam(query):
            case RateLimited() | Unavailable() as no_answer:
                return no_answer
            case False:
                return NotSignedIn("Steam did not sign this, or was asked before")
        if not await claim_nonce(nonce, forget_after):
            return NotSignedIn("this sign-in was used before")
        return SignedIn(steamid)

    async def _ask_steam(self, query: dict[str, str]) -> bool | NoAnswer:
        form = {name: value for name, value in query.items() if name.startswith("openid.")}
        form["openid.mode"] = "check_authentication"
        reply = await self._door.post(self._community_url, _LOGIN, form, ANSWER_BYTES_MAX)
        if not isinstance(reply, Reply):
            return reply
        if reply.status != OK:
            return Unavailable(f"Steam's sign-in answered HTTP {reply.status}")
        lines = reply.body.split(b"\n")
        verdicts = [line for line in lines if line.startswith(b"is_valid")]
        return f"ns:{_NS}".encode() in lines and verdicts == [b"is_valid:true"]


def new_state() -> str:
    """A state that nobody can guess: it ties the way back to the session that set out."""
    return secrets.token_urlsafe(32)


def _check(query: dict[str, str], return_to: str, state: str, now: datetime) -> tuple[str, str, datetime]:
    """Judge all that needs no asking: the SteamID, the nonce, and until when it must be remembered."""
    expected = {
        "openid.ns": _NS,
        "openid.mode": "id_res",
        "openid.op_endpoint": _OP_ENDPOINT,
        "openid.return_to": _with_state(return_to, state),
        "state": state,
    }
    for name, value in expected.items():
        if not hmac.compare_digest(query.get(name, "").encode(), value.encode()):
            raise _Refused(f"{name} is not what we expect")
    identity = _IDENTITY.fullmatch(query.get("openid.claimed_id", ""))
    if not identity or not is_steamid(identity[1]):
        raise _Refused("openid.claimed_id is not one of Steam's")
    if query.get("openid.identity") != identity[0]:
        raise _Refused("openid.identity differs from openid.claimed_id")
    signed = query.get("openid.signed", "").split(",")
    if not all(_SIGNED_NAME.fullmatch(name) and f"openid.{name}" in query for name in signed):
        raise _Refused("openid.signed names what is not there")
    if missing := _MUST_BE_SIGNED.difference(signed):
        raise _Refused(f"not signed: {', '.join(sorted(missing))}")
    if not query.get("openid.sig") or not query["openid.assoc_handle"]:
        raise _Refused("there is no signature")
    nonce = query["openid.response_nonce"]
    made_at = _nonce_time(nonce)
    if made_at is None or abs(now - made_at) > NONCE_AGE_MAX:
        raise _Refused("openid.response_nonce is not of now")
    return identity[1], nonce, made_at + NONCE_AGE_MAX


def _read_query(query_string: str) -> dict[str, str]:
    if len(query_string) > QUERY_CHARS_MAX or not query_string.isascii():
        raise _Refused("the query is too long, or no query")
    try:
        pairs = parse_qsl(
            query_string, keep_blank_values=True, max_num_fields=PARAMETERS_MAX, errors="strict"
        )
    except ValueError:  # too many parameters, or not UTF-8
        raise _Refused("the query is malformed") from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise _Refused("a parameter is there twice")
    return query


def _nonce_time(nonce: str) -> datetime | None:
    found = _NONCE.fullmatch(nonce)
    try:
        return datetime.strptime(found[1], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) if found else None
    except ValueError:  # a 31st of February
        return None


def _with_state(return_to: str, state: str) -> str:
    return f"{return_to}{'&' if urlsplit(return_to).query else '?'}{urlencode({'state': state})}"
