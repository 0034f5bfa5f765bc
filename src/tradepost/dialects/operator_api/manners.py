"""The operator API's manners: its envelope, and the word and the status for each thing that was not done.

What went well is `{"data": ...}`; what did not `{"error": {"code", "message"}}`, with `field` where a value cannot be
read. Times are RFC 3339, money is whole cents.
"""

from collections.abc import Awaitable

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Send

from tradepost import log
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.edge import Answer, BodyTooLarge, BodyUnread, Header, Note
from tradepost.dialects.user_api.manners import ForeignRequest
from tradepost.market.seals import SealBroken
from tradepost.rules import refusals
from tradepost.rules.refusals import Malformed, Refusal, TooManyRequests

# The status and the word of every refusal; one that has no line of its own has its parent's.
CODES: dict[type[Refusal], tuple[int, str]] = {
    refusals.Refusal: (409, "refused"),
    refusals.Malformed: (422, "malformed"),
    BodyTooLarge: (413, "too_large"),
    refusals.Conflicting: (409, "conflict"),
    refusals.KeyUsed: (409, "reference_used"),
    refusals.TooLittleMoney: (409, "too_little_money"),
    refusals.NotFound: (404, "not_found"),
    refusals.UnknownRoute: (404, "unknown_route"),
    refusals.Unauthenticated: (401, "unauthenticated"),
    refusals.Forbidden: (403, "forbidden"),
    ForeignRequest: (403, "csrf"),
    refusals.StepUpNeeded: (403, "step_up"),
    refusals.TooManyRequests: (429, "too_many_requests"),
    refusals.SteamUnavailable: (502, "steam_unavailable"),
    refusals.SwitchedOff: (503, "switched_off"),
}
OURS = "Something went wrong on our side; it is in our log."
SIGN_IN = "Sign in through Steam: the operator API is for browsers' sessions, no token opens it."


def _plain(value: object) -> object:
    """A parameter that is answered back, as the text or the number that it is."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"a {type(value).__name__} is no answer")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode
logger = log.get(__name__)


async def respond(send: Send, noted: Note, answer: Awaitable[object]) -> None:
    """Send what a call answers, or what kept it from being answered."""
    try:
        made = Answer([_encode({"data": await answer})])
    except ClientDisconnect:
        return  # nobody is there to be answered
    except Refusal as refusal:
        made, noted.word = refused(refusal), word_of(refusal)[1]
    except (DatabaseGone, DatabaseBusy) as error:
        logger.warning("request_lost_the_database", route=noted.route, error=str(error))
        made = _error(503, "try_again", _without_database(error), [(b"retry-after", b"1")])
    except SealBroken as broken:
        logger.error("seal_broken", route=noted.route, reason=str(broken))
        made = _error(500, "internal_error", OURS)
    except Exception:
        logger.exception("request_failed", route=noted.route)
        made = _error(500, "internal_error", OURS)
    await made.send(send)


def word_of(refusal: Refusal) -> tuple[int, str]:
    """The status and the word of a refusal, looked up along its parents."""
    return next(CODES[kind] for kind in type(refusal).__mro__ if kind in CODES)


def refused(refusal: Refusal) -> Answer:
    """A refusal in this dialect's words."""
    status, word = word_of(refusal)
    headers: list[Header] = []
    more = {"field": refusal.field} if isinstance(refusal, Malformed) else {}
    if isinstance(refusal, TooManyRequests):
        headers.append((b"retry-after", b"%d" % refusal.retry_after_seconds))
    if isinstance(refusal, BodyUnread):
        headers.append((b"connection", b"close"))
    sentence = SIGN_IN if isinstance(refusal, refusals.Unauthenticated) else str(refusal)
    return _error(status, word, sentence, headers, **more)


def _error(status: int, word: str, sentence: str, headers: list[Header] | None = None, **more: str) -> Answer:
    return Answer([_encode({"error": {"code": word, "message": sentence, **more}})], status, headers or [])


def _without_database(error: DatabaseGone | DatabaseBusy) -> str:
    if isinstance(error, DatabaseGone) and error.maybe_committed:
        return "Our database went away before it answered, so this may have been done: look before you repeat it."
    return "Our database does not answer at the moment; nothing was done."
