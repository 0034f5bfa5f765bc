"""How settings are read: from the environment, or from a TOML file which that overrules; all or none.

A name that is not a setting is an error: one that was misspelt must not be without effect in silence.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from tradepost.config.keys import KeysRefused, keys
from tradepost.config.settings import Settings

PREFIX = "TRADEPOST_"
CONFIG = "TRADEPOST_CONFIG"
NOT_OURS = ("TRADEPOST_AGENT_",)  # what the seller's agent reads for itself

SETTINGS: tuple["Field[Any]", ...] = fields(Settings)
_KNOWN = {one.name: one for one in SETTINGS}
_TYPES = get_type_hints(Settings)


class ConfigRefused(Exception):
    """Settings are wrong or contradict each other; each sentence names one and says what it should be."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(self.sentences))


def load(environ: Mapping[str, str], config: Path | None = None, **chosen: Any) -> Settings:
    """The settings of this process: the file's, then the environment's, then those `chosen` in code."""
    faults: list[str] = []
    if config is None and environ.get(CONFIG):
        config = Path(environ[CONFIG])
    given = _of_file(config, faults) if config else {}
    given |= _of_environment(environ, faults)
    values: dict[str, Any] = {}
    for name, (label, value) in given.items():
        try:
            values[name] = _judged(_KNOWN[name], _read(_TYPES[name], value))
        except ValueError as error:
            faults.append(f"{label} should be {error}")
    if faults:
        raise ConfigRefused(faults)
    settings = Settings(**(values | chosen))
    if faults := list(_contradictions(settings)):
        raise ConfigRefused(faults)
    return settings


def settings_table() -> str:
    """All settings as a table in Markdown, for the documentation."""
    lines = ["| setting | default | unit | what it is |", "|---|---|---|---|"]
    for one in SETTINGS:
        default = f"`{_text(one.default)}`" if _text(one.default) else ""
        choices = get_args(_TYPES[one.name]) if get_origin(_TYPES[one.name]) is Literal else ()
        sentence = one.metadata["sentence"] + (f" One of {', '.join(choices)}." if choices else "")
        lines.append(f"| `{one.name}` | {default} | {one.metadata['unit']} | {sentence} |")
    return "\n".join(lines) + "\n"


def shown(settings: Settings) -> dict[str, str]:
    """The settings in force as text, without the secret ones: what a person is shown."""
    texts = {one.name: _text(getattr(settings, one.name)) for one in SETTINGS}
    return {name: "***" if text and _KNOWN[name].metadata["secret"] else text for name, text in texts.items()}


def _of_file(path: Path, faults: list[str]) -> dict[str, tuple[str, Any]]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigRefused([f"{path} cannot be read: {error.strerror}"]) from None
    except ValueError as error:  # of TOML or of UTF-8
        raise ConfigRefused([f"{path} is not TOML: {error}"]) from None
    faults += [f"{path} has {_unknown(name)}" for name in found if name not in _KNOWN]
    return {name: (f"{name} in {path}", value) for name, value in found.items() if name in _KNOWN}


def _of_environment(environ: Mapping[str, str], faults: list[str]) -> dict[str, tuple[str, Any]]:
    given: dict[str, tuple[str, Any]] = {}
    if environ.get("DATABASE_URL"):
        given["database_url"] = ("DATABASE_URL", environ["DATABASE_URL"])
    for label, value in environ.items():
        if not label.startswith(PREFIX) or label == CONFIG or label.startswith(NOT_OURS):
            continue
        name = label.removeprefix(PREFIX).lower()
        if name not in _KNOWN:
            faults.append(f"the environment has {_unknown(name, label)}")
        elif name in given and given[name][1] != value:
            faults.append(f"{label} and {given[name][0]} differ: keep one of them")
        else:
            given[name] = (label, value)
    return given


def _unknown(name: str, label: str = "") -> str:
    near = difflib.get_close_matches(name, _KNOWN, n=1)
    hint = f": is it {PREFIX + near[0].upper() if label else near[0]}?" if near else ""
    return f"{label or name}, which is no setting{hint}"


def _read(kind: Any, value: Any) -> Any:
    """The value as its type; ValueError says what it should have been."""
    if type(None) in get_args(kind):
        kind = next(option for option in get_args(kind) if option is not NoneType)
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ValueError(f"one of {', '.join(get_args(kind))}")
        return value
    if get_origin(kind) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise ValueError("a list of texts")
        return tuple(part.strip() for part in parts if part.strip())
    if kind is int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value):
            return int(value)
        if type(value) is not int:
            raise ValueError("a whole number")
        return value
    if not isinstance(value, str):
        raise ValueError("a text")
    return Path(value) if kind is Path else value


def _judged(one: "Field[Any]", value: Any) -> Any:
    """The value, if it is within what its setting allows."""
    least, most, check = one.metadata["least"], one.metadata["most"], one.metadata["check"]
    if least is not None and not least <= value <= most:
        raise ValueError(
            f"between {least} and {most}{' ' if one.metadata['unit'] else ''}{one.metadata['unit']}"
        )
    if check is not None and (wanted := check(value)):
        raise ValueError(wanted)
    return value


def _contradictions(settings: Settings) -> Iterator[str]:
    """What settings that are each in order may not be together."""
    try:
        if not keys(settings) and settings.mode == "production":
            yield "production needs TRADEPOST_KEY, or a key_file, for its secrets at rest"
    except KeysRefused as error:
        yield str(error)
    if settings.mode == "production":
        for name in ("base_url", "steam_community_url", "steam_api_url", "stripe_api_url", "tapfiliate_url"):
            if urlsplit(getattr(settings, name)).scheme != "https":
                yield f"production needs an https:// address as {name}"
        if settings.rates_source.startswith("http://"):
            yield "production needs an https:// address, or a file, as rates_source"
        if settings.stripe_secret_key.startswith(("sk_test_", "rk_test_")):
            yield "production knows no test key of Stripe: what is paid with one is worth nothing"
        if settings.steam_control_url:
            yield "production knows no steam_control_url: a simulator's items are worth nothing"
    if bool(settings.stripe_secret_key) != bool(settings.stripe_webhook_secret):
        yield "stripe_secret_key and stripe_webhook_secret belong together: one is missing"
    for least, most in (
        ("payout_least_cents", "payout_most_cents"),
        ("deposit_least_cents", "deposit_most_cents"),
    ):
        if getattr(settings, least) > getattr(settings, most):
            yield f"{least} is above {most}"
    if settings.smtp_host and not settings.mail_sender:
        yield "smtp_host needs mail_sender: mails are from somebody"
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        yield "smtp_user and smtp_password belong together: one is missing"
    if settings.mode == "production" and settings.smtp_password and settings.smtp_security == "none":
        yield "production sends smtp_password over a guarded way alone: set smtp_security to starttls or tls"
    # The seller keeps a cent at least: the fee is rounded up, so the least price must leave one (rules.md 11).
    fee_cents = -(-settings.price_least_cents * settings.fee_bps // 10_000)
    if settings.price_least_cents - fee_cents < 1:
        yield f"price_least_cents leaves the seller nothing after a fee of {settings.fee_bps} basis points"
    if settings.price_least_cents > settings.price_max_cents:
        yield "price_least_cents is above price_max_cents"
    if settings.ban_first_hours > settings.ban_max_days * 24:
        yield "ban_first_hours is longer than ban_max_days"


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value)
