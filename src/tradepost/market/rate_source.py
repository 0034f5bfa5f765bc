"""The source of exchange rates: a file or an address that the operator names, read every so often.

What it says is believed within bounds only: it decides what merchants' prices come to. A rate that jumps is left to
the operator, who can set it himself; meanwhile the last one grows old, and one too old is refused rather than used.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from tradepost import log
from tradepost.app import App
from tradepost.market import rates
from tradepost.rules.exchange import Quotes, Unusable, jump_fault, read_quotes

ANSWER_BYTES_MAX = 262_144  # all the world's currencies take ten thousand
ANSWER_SECONDS = 10.0  # from asking to the last byte
AGAIN_MINUTES = 5  # after a reading that came to nothing
CLOCKS_APART_MINUTES = 5  # at most, between two machines of one market
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "tradepost"}

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source answered, and since when at the latest it can be so, where that is known without reading it."""

    body: bytes
    at: datetime | None = None


async def refresh_rates(app: App) -> int:
    """Read the exchange rates from their source, where one is set and it is time; return how many are new."""
    source = app.settings.rates_source
    if not source or not await _claim(app):
        return 0
    try:
        quotes, at = await _quotes(source, app.real_now())
    except Unusable as fault:
        logger.warning("rates_not_read", source=label(source), why=str(fault))
        return 0
    kept = await _keep(app, label(source), quotes, at)
    await app.db.execute("UPDATE rates_reading SET due_at = $1", app.real_now() + _every(app))
    return kept


def label(source: str) -> str:
    """What a source is called where people see it: its host or its file's name, as the rest may hold a key."""
    return urlsplit(source).hostname or "" if _is_address(source) else Path(source).name


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _every(app: App) -> timedelta:
    return timedelta(minutes=app.settings.rates_refresh_minutes)


async def _claim(app: App) -> bool:
    """Take on the next reading, by putting it off; one that comes to nothing is due again soon."""
    now, every = app.real_now(), _every(app)
    # Farther off than ever a reading was put: the clock was set back, or the setting is another now. Who put it off a
    # moment ago may have a clock that is a little ahead, or have looked at it a little later.
    claimed = await app.db.execute(
        "UPDATE rates_reading SET due_at = $2 WHERE due_at <= $1 OR due_at > $3",
        now, now + min(timedelta(minutes=AGAIN_MINUTES), every), now + every + timedelta(minutes=CLOCKS_APART_MINUTES),
    )  # fmt: skip
    return claimed > 0


async def _quotes(source: str, now: datetime) -> tuple[Quotes, datetime]:
    """What the source says, and since when."""
    answer = await _ask(source) if _is_address(source) else await asyncio.to_thread(_open, Path(source))
    quotes = read_quotes(answer.body, rates.QUOTED, now)
    at = quotes.at or answer.at
    if at is None:
        raise Unusable("it does not say since when its rates are")  # and one that never grows old is a guess
    return quotes, min(at, now)


async def _ask(url: str) -> Answer:
    try:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), auto_decompress=False
            ) as http,
            http.get(url, headers=HEADERS, allow_redirects=False) as response,
        ):
            if response.status != 200:  # noqa: PLR2004 - HTTP's own number
                raise Unusable(f"it answered {response.status}")
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise Unusable("it is compressed, which nobody asked for")
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > ANSWER_BYTES_MAX:
                    raise Unusable(f"it is longer than {ANSWER_BYTES_MAX:,} bytes")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        # Its kind alone: what it says may repeat the address, and with it a key.
        raise Unusable(f"it could not be asked ({type(error).__name__})") from None
    return Answer(bytes(body))


def _open(path: Path) -> Answer:
    try:
        if not path.is_file():
            raise Unusable("there is no such file")
        with path.open("rb") as file:
            body = file.read(ANSWER_BYTES_MAX + 1)
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise Unusable(f"it cannot be read ({error.strerror})") from None
    if len(body) > ANSWER_BYTES_MAX:
        raise Unusable(f"it is longer than {ANSWER_BYTES_MAX:,} bytes")
    return Answer(body, at)


async def _keep(app: App, source: str, quotes: Quotes, at: datetime) -> int:
    """Keep the rates that may be believed, and say which may not; return how many are new."""
    kept = 0
    faults = dict(quotes.faults)
    async with app.db.transaction() as tx:
        rows = await tx.fetch("SELECT currency, millionths, at FROM rate ORDER BY currency FOR UPDATE")
        last = {row["currency"]: row for row in rows}
        for currency, millionths in quotes.millionths.items():
            before = last.get(currency)
            if before is not None and before["at"] >= at:
                continue  # as new as what is known, which may be the operator's own
            fault = jump_fault(
                None if before is None else before["millionths"], millionths, app.settings.rate_jump_percent
            )
            if fault is not None:
                faults[currency] = f"{fault}: set it by hand if it is true"
                continue
            await rates.set_rate(tx, currency, millionths, source, at)
            kept += 1
    for currency, fault in faults.items():
        logger.error("rate_refused", source=source, currency=currency, why=fault)
    return kept
