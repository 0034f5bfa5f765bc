"""The Steam session as the user gives it: cookies, a token, at his wish the secret that confirms.

This is the only module, beside the one that speaks to Steam, that knows these names. Nothing in here is ever
sent to the market, and a test reads that off the source.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from tradepost.agent.errors import AgentError
from tradepost.agent.home import read_struct, write_private

SECRET_BYTES = 20
_JWT_PARTS = 3


class SteamSession(msgspec.Struct, frozen=True):
    """What is needed to act as an account on Steam's pages, for about a day."""

    steamid: str
    steam_login_secure: str
    sessionid: str
    access_token: str
    identity_secret: str | None = None

    def __repr__(self) -> str:
        return f"SteamSession({self.steamid}, ***)"

    @property
    def expires_at(self) -> datetime | None:
        """When the token ends, as it says itself."""
        seconds = _claims(self.access_token).get("exp")
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None

    @property
    def cookie(self) -> str:
        """The header that signs in on the community pages."""
        return f"steamLoginSecure={self.steam_login_secure}; sessionid={self.sessionid}"


class _Given(msgspec.Struct):
    """The words under which browsers, libraries and the simulator write a session down."""

    steam_login_secure: str | None = None
    steamLoginSecure: str | None = None  # the name of the cookie
    sessionid: str | None = None
    access_token: str | None = None
    identity_secret: str | None = None
    steamid: str | None = None


def read_session(raw: bytes) -> SteamSession:
    """Return the session in a JSON text, completed and checked as far as can be done without Steam.

    Raises AgentError. A Web API key is no session: Steam shows no offers to it and says so to nobody, and an
    agent that believes an empty list would send twice.
    """
    try:
        given = msgspec.json.decode(raw, type=_Given)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise AgentError("The session must be a JSON object with steam_login_secure and sessionid.") from None
    cookie = given.steam_login_secure or given.steamLoginSecure or ""
    steamid, _, token = unquote(cookie).partition("||")
    token = given.access_token or token
    if not (cookie and given.sessionid and token):
        raise AgentError("The session needs steam_login_secure (the cookie) and sessionid.")
    for text in (cookie, given.sessionid, token):
        if not text.isascii() or not text.isprintable() or any(char in text for char in ' ;,"\\'):
            raise AgentError("The session has characters that no cookie of Steam has.")
    if _claims(token).get("sub") != steamid or given.steamid not in (None, steamid):
        raise AgentError("The session's cookie, token and steamid are not of one account; copy them anew.")
    if given.identity_secret is not None:
        _check_secret(given.identity_secret)
    return SteamSession(steamid, cookie, given.sessionid, token, given.identity_secret)


def load_session(path: Path) -> SteamSession | None:
    """Return the session that was kept, or None."""
    return read_struct(path, SteamSession)


def keep_session(path: Path, session: SteamSession) -> None:
    """Write a session down for its owner's eyes alone."""
    write_private(path, msgspec.json.encode(session))


def _check_secret(text: str) -> None:
    try:
        if len(base64.b64decode(text, validate=True)) == SECRET_BYTES:
            return
    except binascii.Error:
        pass
    raise AgentError("identity_secret must be 20 bytes in base64, as the mobile app keeps it.")


def _claims(token: str) -> Mapping[str, Any]:
    """What a web token says of itself; nothing for what is none. Steam alone can check its signature."""
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        return {}
    try:
        raw = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return {}
