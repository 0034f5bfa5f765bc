"""The user API's manners: its envelope, and how it says that something was not done.

What cannot be done is HTTP 300, as clients of this API expect it: never with a Location, which they would follow.
"""

from collections.abc import Awaitable
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tradepost import log
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.edge import Answer, BodyTooLarge, BodyUnread, Header, json_answer, note
from tradepost.dialects.pace import Allowance
from tradepost.market.seals import SealBroken
from tradepost.rules.refusals import (
    Forbidden,
    Malformed,
    NotFound,
    Refusal,
    SteamUnavailable,
    StepUpNeeded,
    SwitchedOff,
    TooManyRequests,
    Unauthenticated,
    UnknownRoute,
)

BUSINESS = 300
STATUSES: tuple[tuple[type[Refusal], int], ...] = (
    (BodyTooLarge, 413),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (UnknownRoute, 404),
    (TooManyRequests, 429),
    (SteamUnavailable, 502),
    (SwitchedOff, 503),
    (Refusal, BUSINESS),
)
UNCONNECTED = "You need to be connected to access this resource"
AGAIN_SECONDS = 1

logger = log.get(__name__)


class ForeignRequest(Forbidden):
    """A write by a cookie that does not carry its session's token, so that another site may have sent it."""

    sentence = "The header X-CSRF-Token is missing or is not that of your session: get it from /csrf/token."


ERRORS: dict[type[Refusal], str] = {ForeignRequest: "CSRF", StepUpNeeded: "STEP_UP"}


async def respond(
    scope: Scope, receive: Receive, send: Send, route: str, answer: Awaitable[Answer | Response]
) -> None:
    """Send an answer, or what kept it from being made."""
    noted = note(scope)
    noted.route = route
    made: Answer | Response
    try:
        made = await answer
    except ClientDisconnect:
        return  # nobody is there to be answered
    except Refusal as refusal:
        noted.word = type(refusal).__name__
        made = refused(refusal)
    except (DatabaseGone, DatabaseBusy) as error:
        logger.warning("request_lost_the_database", route=route, error=str(error))
        made = _failed(503, _without_database(error), [(b"retry-after", b"%d" % AGAIN_SECONDS)])
    except SealBroken as broken:
        logger.error("seal_broken", route=route, reason=str(broken))
        made = _failed(500, "Something went wrong on our side; it is in our log.")
    except Exception:
        logger.exception("request_failed", route=route)
        made = _failed(500, "Something went wrong on our side; it is in our log.")
    limits = [] if noted.allowance is None else _limit_headers(noted.allowance)
    if isinstance(made, Response):
        made.raw_headers += limits
        await made(scope, receive, send)
        return
    made.headers += limits
    await made.send(send)


def refused(refusal: Refusal) -> Answer:
    """A refusal in the API's words."""
    status = next(status for kind, status in STATUSES if isinstance(refusal, kind))
    headers: list[Header] = []
    more: dict[str, Any] = {}
    match refusal:
        case Unauthenticated():
            sentence = UNCONNECTED
        case Malformed():
            sentence = str(refusal)
            more["field"] = refusal.field
        case TooManyRequests():
            sentence = f"Too many requests. Try again in {refusal.retry_after_seconds} seconds"
            headers.append((b"retry-after", b"%d" % refusal.retry_after_seconds))
        case _:
            sentence = refusal.sentence
    if isinstance(refusal, SwitchedOff):
        headers.append((b"retry-after", b"%d" % AGAIN_SECONDS))
    if isinstance(refusal, BodyUnread):
        headers.append((b"connection", b"close"))
    if (
        error := next((word for kind, word in ERRORS.items() if isinstance(refusal, kind)), None)
    ) is not None:
        more["error"] = error
    return _failed(status, sentence, headers, **more)


def _failed(status: int, sentence: str, headers: list[Header] | None = None, **more: Any) -> Answer:
    content = {"err": True, "success": False, "content": sentence, "message": sentence, **more}
    return json_answer(content, status, headers or [])


def _without_database(error: DatabaseGone | DatabaseBusy) -> str:
    if isinstance(error, DatabaseGone) and error.maybe_committed:
        return "Our database went away before it answered, so this may have been done: look before you repeat it."
    return "Our database does not answer at the moment; nothing was done."


def _limit_headers(allowance: Allowance) -> list[Header]:
    return [
        (b"x-ratelimit-limit", b"%d" % allowance.limit),
        (b"x-ratelimit-remaining", b"%d" % allowance.remaining),
        (b"x-ratelimit-reset", b"%d" % allowance.full_seconds),
    ]
