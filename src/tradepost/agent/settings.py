"""The agent's own settings, from `agent.toml` in its home: paces, limits, where Steam is."""

import difflib
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from tradepost.agent.errors import AgentError


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """What the seller may choose; each figure is a number above zero."""

    community_url: str = "https://steamcommunity.com"
    api_url: str = "https://api.steampowered.com"
    auto_confirm: bool = False  # confirm own offers by the identity_secret in session.json
    heartbeat_seconds_max: float = (
        30  # the market names a time to live; a beat comes twice in it, or so often
    )
    poll_seconds_min: float = 1  # a look at one trade is never more often than this
    poll_seconds_max: float = 3_600  # nor more seldom, whatever the market thinks
    look_again_seconds: float = 15  # between two readings of the sent offers after an unknown outcome
    absent_seconds: float = 60  # an offer that is not there so long after the attempt was never made
    steam_timeout_seconds: float = 20
    silent_seconds: float = 5  # Steam is left alone for so long after it gave no answer
    market_timeout_seconds: float = 15
    offers_per_partner_max: int = 5  # Steam's own limits
    offers_max: int = 30
    creates_per_cycle_max: int = 20
    cooldown_seconds_min: float = 120  # after Steam said "too many", doubling
    cooldown_seconds_max: float = 1_800


_KNOWN = {field.name: field for field in fields(AgentSettings)}


def load_settings(path: Path) -> AgentSettings:
    """Return the settings of a file, or the defaults where there is none; a wrong one is refused."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return AgentSettings()
    except OSError as error:
        raise AgentError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:  # of TOML or of UTF-8
        raise AgentError(f"{path} is not TOML: {error}.") from None
    for name, value in given.items():
        if fault := _fault(name, value):
            raise AgentError(f"{path}: {name} {fault}")
    return AgentSettings(**given)


def _fault(name: str, value: object) -> str | None:
    if name not in _KNOWN:
        near = difflib.get_close_matches(name, _KNOWN, n=1)
        return f"is no setting{f': is it {near[0]}?' if near else '.'}"
    default = _KNOWN[name].default
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "should be true or false."
    if isinstance(default, str):
        return None if is_url(value) else "should be an address, http(s) and a host, no slash at its end."
    number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    whole = number and (isinstance(value, int) or not name.endswith("_max") or "seconds" in name)
    return None if number and whole else "should be a number above zero."


def is_url(value: object) -> bool:
    """Say whether this is the address of a host, as settings and `--market` want it."""
    if not isinstance(value, str) or value.endswith("/"):
        return False
    try:
        parts = urlsplit(value)
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and not (parts.query or parts.fragment)
        )
    except ValueError:
        return False
