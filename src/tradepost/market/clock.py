"""The market's clock in the database: one row, forward only, moved by the sandbox alone (rules.md 19)."""

from datetime import datetime, timedelta

import aiohttp

from tradepost import log
from tradepost.app import App
from tradepost.market.wakeup import wake
from tradepost.rules.refusals import Malformed, SteamUnavailable, UnknownRoute

ADVANCE_SECONDS_MAX = 366 * 86_400  # in one call
SIMULATOR_SECONDS = 5.0  # for the simulator to set its clock

logger = log.get(__name__)


async def read(app: App) -> None:
    """Take over how far the clock was moved, by whichever process moved it."""
    offset = timedelta(seconds=await app.db.value("SELECT offset_seconds FROM market_clock"))
    # An answer that was under way while this very process moved the clock is older than what it knows by now.
    app.clock.offset = max(app.clock.offset, offset)


async def advance(app: App, seconds: int) -> datetime:
    """Move the clock of market, worker and simulator forward together and return the market's new time.

    The simulator goes first: then no process can look at a Steam that lies behind the market's time.
    """
    if app.settings.mode == "production":
        raise UnknownRoute
    if not 0 <= seconds <= ADVANCE_SECONDS_MAX:
        raise Malformed("advance_seconds", f"must be a whole number from 0 to {ADVANCE_SECONDS_MAX}")
    await read(app)
    await tell_simulator(app, app.now() + timedelta(seconds=seconds))
    offset = await app.db.value(
        "UPDATE market_clock SET offset_seconds = offset_seconds + $1 RETURNING offset_seconds", seconds
    )
    app.clock.offset = max(app.clock.offset, timedelta(seconds=offset))
    await wake(app)
    logger.info("clock_moved", advance_seconds=seconds, offset_seconds=offset)
    return app.now()


async def tell_simulator(app: App, now: datetime) -> None:
    """Set the simulated Steam's clock, where there is one."""
    if not app.settings.steam_control_url:
        return
    url = f"{app.settings.steam_control_url}/_sim/clock"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SIMULATOR_SECONDS)) as http,
            http.post(url, json={"now": int(now.timestamp())}) as answer,
        ):
            if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                raise SteamUnavailable(
                    f"The simulated Steam refused the new time with status {answer.status}."
                )
    except (aiohttp.ClientError, TimeoutError) as error:
        raise SteamUnavailable("The simulated Steam could not be told the new time.") from error
