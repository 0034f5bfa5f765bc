"""Tapfiliate: clicks on affiliates' links are told to it, where its key is set: by the worker, never in a visitor's way.

`POST /1.6/clicks/` with the link's code and nothing of the visitor. Their API knows no idempotency: a click whose answer
was lost may be counted twice there, and once here. A limit that is reached holds for all clicks until it says itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import msgspec

from tradepost import log
from tradepost.app import App
from tradepost.rules import notice
from tradepost.rules.notice import ATTEMPTS_MAX, LADDER

CLAIMED_MAX = 20  # in one turn, one after the other
ANSWER_SECONDS = 10.0  # from asking to the last byte
TURN_SECONDS = 45.0  # less than the ladder's first step, so that nobody else claims them meanwhile
ANSWER_BYTES_MAX = 65_536
ID_CHARS_MAX = 100
PAUSE_SECONDS_MAX = 3_600  # whatever they say: an hour is long enough to ask again
PAUSE_SECONDS = 60  # where they do not say
TOO_MANY = 429

logger = log.get(__name__)


class _Taken(msgspec.Struct):
    """Their answer to a click."""

    id: str | int


@dataclass(frozen=True, slots=True)
class Due:
    """A click that this worker has in its hand."""

    id: int
    ref: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of telling one: its id there, or a fault, and whether that is their last word or a limit."""

    theirs: str | None = None
    fault: str | None = None
    is_final: bool = False
    pause_seconds: int = 0


async def tell_of_clicks(app: App) -> int:
    """Tell Tapfiliate of clicks that are due; return how many it was told of."""
    if not app.settings.tapfiliate_key:
        return 0
    due = await _claim(app)
    if not due:
        return 0
    started, tried = app.real_now(), 0
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        for place, click in enumerate(due):
            if app.real_now() - started > timedelta(seconds=TURN_SECONDS - ANSWER_SECONDS):
                await _let_go(app, due[place:], app.real_now())
                break
            outcome = await _tell(app, http, click.ref)
            if outcome.pause_seconds:
                await _pause(app, due[place:], outcome)
                break
            await _settle(app, click, outcome)
            tried += 1
    return tried


async def _claim(app: App) -> list[Due]:
    now = app.real_now()
    return await app.db.rows(
        Due,
        "UPDATE affiliate_click SET attempts = attempts + 1,"
        " due_at = $1 + coalesce(($3::interval[])[attempts + 1], ($3::interval[])[1])"
        " WHERE id = ANY (ARRAY(SELECT id FROM affiliate_click WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2"
        " FOR NO KEY UPDATE SKIP LOCKED)) RETURNING id, ref, attempts",
        now, CLAIMED_MAX, list(LADDER),
    )  # fmt: skip


async def _tell(app: App, http: aiohttp.ClientSession, ref: str) -> Outcome:
    headers = {"X-Api-Key": app.settings.tapfiliate_key, "Accept": "application/json"}
    url = f"{app.settings.tapfiliate_url}/1.6/clicks/"
    try:
        async with http.post(
            url, json={"referral_code": ref}, headers=headers, allow_redirects=False
        ) as response:
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > ANSWER_BYTES_MAX:
                    break
            return outcome_of(response.status, response.headers, bytes(body), app.real_now())
    except TimeoutError:
        return Outcome(fault=f"No answer came within {ANSWER_SECONDS:g} seconds.")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # Its kind alone: what it says may repeat what was sent, and with it the key.
        return Outcome(fault=f"Tapfiliate was not reached: {type(error).__name__}")


def outcome_of(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Outcome:
    """Return what an answer means."""
    if status == TOO_MANY:
        return Outcome(fault="Tapfiliate answered 429.", pause_seconds=_pause_of(headers, now))
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
        try:
            return Outcome(theirs=str(msgspec.json.decode(body, type=_Taken).id)[:ID_CHARS_MAX])
        except msgspec.DecodeError:
            return Outcome(fault=f"Tapfiliate answered {status} and no click's id.")
    said = notice.excerpt(body)
    # 400 and 404: a code that nobody has there. All else may be mended: a key, a plan, a bad day.
    return Outcome(fault=f"Tapfiliate answered {status}: {said}", is_final=status in (400, 404, 422))


def _pause_of(headers: Mapping[str, str], now: datetime) -> int:
    """For how long they want to be left alone: in seconds, or until a time."""
    wait = headers.get("Retry-After", "")
    until = headers.get("X-Ratelimit-Reset", "")
    seconds = PAUSE_SECONDS
    if wait.isascii() and wait.isdecimal():
        seconds = int(wait[:9])
    elif until.isascii() and until.isdecimal() and len(until) <= 11:  # noqa: PLR2004 - Unix seconds
        seconds = int((datetime.fromtimestamp(int(until), UTC) - now).total_seconds())
    return max(1, min(seconds, PAUSE_SECONDS_MAX))


async def _settle(app: App, click: Due, outcome: Outcome) -> None:
    over = outcome.fault is None or outcome.is_final or click.attempts >= ATTEMPTS_MAX
    await app.db.execute(
        "UPDATE affiliate_click SET theirs = $3, fault = $4, due_at = CASE WHEN $5 THEN NULL ELSE due_at END"
        " WHERE id = $1 AND attempts = $2 AND due_at IS NOT NULL",
        click.id, click.attempts, outcome.theirs, outcome.fault, over,
    )  # fmt: skip
    if outcome.fault is not None:
        tell = logger.error if over and not outcome.is_final else logger.warning
        tell("click_given_up" if over else "click_not_taken", click_id=click.id, why=outcome.fault)


async def _pause(app: App, left: list[Due], outcome: Outcome) -> None:
    """Leave all that is due until they take clicks again; who came too early made no attempt."""
    logger.info("tapfiliate_wants_a_pause", seconds=outcome.pause_seconds)
    until = app.real_now() + timedelta(seconds=outcome.pause_seconds)
    await _let_go(app, left, until)
    await app.db.execute(
        "UPDATE affiliate_click SET due_at = $1 WHERE id = ANY (ARRAY(SELECT id FROM affiliate_click WHERE due_at < $1"
        " FOR NO KEY UPDATE SKIP LOCKED))",
        until,
    )


async def _let_go(app: App, left: list[Due], due_at: datetime) -> None:
    for click in left:
        await app.db.execute(
            "UPDATE affiliate_click SET attempts = attempts - 1, due_at = $3 WHERE id = $1 AND attempts = $2",
            click.id, click.attempts, due_at,
        )  # fmt: skip
