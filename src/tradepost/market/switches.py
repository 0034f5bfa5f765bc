"""Switches: what an operator turned off for now, with the reason that callers are told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market.recent import Recent
from tradepost.rules.refusals import BuyingOff, SwitchedOff

SECONDS = 0.5  # how long a switch may be believed to stand as it stood
REASON_CHARS_MAX = 200

Switch = Literal["buying", "api"]

_REFUSED: dict[Switch, type[SwitchedOff]] = {"buying": BuyingOff, "api": SwitchedOff}
_recent: Recent[None, dict[str, str]] = Recent(SECONDS, 1)


async def refuse_if_off(app: App, name: Switch) -> None:
    """Raise BuyingOff or SwitchedOff, with the operator's reason, if he turned this off."""
    off = await _recent.get(app, None, lambda: _read(app))
    if name in off:
        raise _REFUSED[name](off[name] or None)


def known_on(app: App, name: Switch) -> datetime | None:
    """Return until when this may be believed to be on, where it was looked up a moment ago."""
    found = _recent.known(app, None)
    return None if found is None or name in found[0] else found[1]


async def renew(app: App) -> None:
    """Look again what is off, so that it stays known while it is asked for."""
    await _recent.renew(app, None, lambda: _read(app))


@dataclass(frozen=True, slots=True)
class SwitchState:
    """What can be turned off, and whether it is."""

    name: str
    is_off: bool
    reason: str


async def states(tx: Reader) -> list[SwitchState]:
    """Return all switches as they stand."""
    return await tx.rows(SwitchState, "SELECT name, is_off, reason FROM switch ORDER BY name")


async def set_switch(tx: Tx, name: Switch, off: bool, reason: str = "") -> None:
    """Turn something off, or on again; every process follows within half a second."""
    await tx.execute(
        "UPDATE switch SET is_off = $2, reason = $3 WHERE name = $1", name, off, reason[:REASON_CHARS_MAX]
    )


async def _read(app: App) -> dict[str, str]:
    """The reasons of what is off, by switch."""
    return {
        row["name"]: row["reason"]
        for row in await app.db.fetch("SELECT name, reason FROM switch WHERE is_off")
    }
