"""Who is asking: web access tokens, cookies, Web API keys and the secrets of the mobile app.

Everything here is derived from the steamid under a fixed key. That is no secret and need not be: anybody who
reaches the simulator may sign in as anybody through /_sim.
"""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import unquote

from tradepost.steam.simulator.entities import User
from tradepost.steam.simulator.world import World

_KEY = b"the simulated Steam keeps no secret"
TOKEN_SECONDS = 24 * 3600
REFRESH_SECONDS = 200 * 24 * 3600
TOKEN_CHARS_MAX = 2048
CONFIRMATION_SKEW_SECONDS = 300
_CODE_ALPHABET = "23456789BCDFGHJKMNPQRTVWXY"
_CODE_SECONDS = 30
_CODE_LENGTH = 5


def mint_token(world: World, user: User, seconds: int, audience: tuple[str, ...] = ("web:community",)) -> str:
    """A web access token as Steam shapes it: a JWT, valid from now for so many real seconds."""
    now = int(world.real_now())
    body = {
        "iss": "steam" if "renew" in audience else f"r:{_digest('r', user.steamid)[:16].upper()}",
        "sub": user.steamid,
        "aud": list(audience),
        "exp": now + seconds,
        "nbf": now - 10,
        "iat": now,
        "jti": f"{user.session_round:04X}_{_digest('jti', user.steamid, str(now))[:16].upper()}",
        "per": 0,
    }
    head = _segment(json.dumps({"typ": "JWT", "alg": "EdDSA"}, separators=(",", ":")).encode())
    payload = _segment(json.dumps(body, separators=(",", ":")).encode())
    return f"{head}.{payload}.{_sign(f'{head}.{payload}')}"


def user_of_token(world: World, token: str) -> User | None:
    """The account of a live access token; None for one that is forged, expired, or of another use."""
    found = _claims(world, token)
    if found is None or "derive" in found[1] or not {"web", "web:community"} & found[1]:
        return None
    return found[0]


def user_of_audience(world: World, token: str, *audience: str) -> User | None:
    """The account of a live token that is meant for all of these uses."""
    found = _claims(world, token)
    return found[0] if found is not None and found[1].issuperset(audience) else None


def _claims(world: World, token: str) -> tuple[User, set[str]] | None:
    """A live token's account and uses."""
    if len(token) > TOKEN_CHARS_MAX or token.count(".") != 2:  # noqa: PLR2004 - a JWT has three parts
        return None
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_sign(signed).encode(), signature.encode()):
        return None
    body: dict[str, Any] = json.loads(_unsegment(signed.partition(".")[2]))
    user = world.users.get(body["sub"])
    if user is None or body["exp"] <= world.real_now():
        return None
    is_current = int(body["jti"].partition("_")[0], 16) == user.session_round
    return (user, set(body["aud"])) if is_current else None


def user_of_cookie(world: World, cookie: str | None) -> User | None:
    """The account of a steamLoginSecure cookie."""
    if not cookie or len(cookie) > TOKEN_CHARS_MAX:
        return None
    steamid, _, token = unquote(cookie).partition("||")
    user = user_of_token(world, token)
    return user if user is not None and user.steamid == steamid else None


def user_of_key(world: World, key: str) -> User | None:
    """The account whose Web API key this is."""
    if len(key) != 32:  # noqa: PLR2004 - the length of every Web API key
        return None
    return next(
        (
            user
            for user in world.users.values()
            if hmac.compare_digest(api_key(user).encode(), key.upper().encode())
        ),
        None,
    )


def sign_in(world: World, user: User, seconds: int = TOKEN_SECONDS) -> dict[str, Any]:
    """All that a program needs to act as this account."""
    token = mint_token(world, user, seconds)
    sessionid = _digest("sessionid", user.steamid)[:24]
    cookie = f"{user.steamid}%7C%7C{token}"
    return {
        "steamid": user.steamid,
        "access_token": token,
        "refresh_token": mint_token(world, user, REFRESH_SECONDS, ("web", "renew", "derive")),
        "steamLoginSecure": cookie,
        "sessionid": sessionid,
        "cookies": [f"steamLoginSecure={cookie}", f"sessionid={sessionid}"],
        "identity_secret": identity_secret(user),
        "shared_secret": shared_secret(user),
        "api_key": api_key(user),
        "trade_token": user.trade_token,
        "account_name": account_name(user),
        "expires_at": int(world.real_now()) + seconds,
    }


def identity_secret(user: User) -> str:
    """The secret that signs mobile confirmations, in base64."""
    return base64.b64encode(_raw_digest("identity", user.steamid)[:20]).decode()


def shared_secret(user: User) -> str:
    """The secret of the five-letter sign-in codes, in base64."""
    return base64.b64encode(_raw_digest("shared", user.steamid)[:20]).decode()


def api_key(user: User) -> str:
    """The account's Steam Web API key."""
    return _digest("api", user.steamid)[:32].upper()


def account_name(user: User) -> str:
    """The name to sign in with."""
    return f"account{user.accountid}"


def first_trade_token(steamid: str, number: int = 0) -> str:
    """A trade token that depends on the account and on how many it had before."""
    return base64.urlsafe_b64encode(_raw_digest("trade", steamid, str(number)))[:8].decode()


def is_confirmation_key(world: World, user: User, moment: str, tag: str, key: str) -> bool:
    """Whether this is the account's HMAC over the moment and the tag, and the moment is about now."""
    if not (moment.isascii() and moment.isdigit()) or len(moment) > 12:  # noqa: PLR2004 - twelve digits of seconds
        return False
    seconds = int(moment)
    # Phones keep real time; a client that trusts our QueryTime, or the moved clock, is heard as well.
    if min(abs(seconds - int(world.real_now())), abs(seconds - world.now())) > CONFIRMATION_SKEW_SECONDS:
        return False
    message = seconds.to_bytes(8, "big") + tag.encode()[:32]
    secret = base64.b64decode(identity_secret(user))
    expected = base64.b64encode(hmac.digest(secret, message, "sha1"))
    return hmac.compare_digest(expected, key.encode())


def sign_in_codes(world: World, user: User) -> set[str]:
    """The five-letter codes that are good now: this half minute's and its neighbours'."""
    secret = base64.b64decode(shared_secret(user))
    current = int(world.real_now()) // _CODE_SECONDS
    return {_code(secret, step) for step in (current - 1, current, current + 1)}


def _code(secret: bytes, step: int) -> str:
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = digest[19] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    letters = []
    for _ in range(_CODE_LENGTH):
        number, letter = divmod(number, len(_CODE_ALPHABET))
        letters.append(_CODE_ALPHABET[letter])
    return "".join(letters)


def _raw_digest(*parts: str) -> bytes:
    return hmac.digest(_KEY, "/".join(parts).encode(), "sha256")


def _digest(*parts: str) -> str:
    return _raw_digest(*parts).hex()


def _sign(text: str) -> str:
    return _segment(hmac.digest(_KEY, text.encode("utf-8", "surrogatepass"), hashlib.sha512))


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unsegment(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
