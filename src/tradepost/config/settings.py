"""The settings themselves: name, type, default, unit and sentence of each; not how they are read."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit


def _setting(
    default: Any,
    sentence: str,
    *,
    unit: str = "",
    least: int | None = None,
    most: int | None = None,
    check: Callable[[Any], str] | None = None,
    secret: bool = False,
) -> Any:
    """One setting; `check` answers what the value should be, where it is not that."""
    about = {
        "sentence": sentence,
        "unit": unit,
        "least": least,
        "most": most,
        "check": check,
        "secret": secret,
    }
    return field(default=default, metadata=about, repr=not secret)


def _is_url(text: str) -> str:
    good = not text or (_is_plain(text, "http", "https") and not text.endswith("/"))
    return "" if good else "a URL with http(s), a host, no user, no query and no slash at its end"


def _is_token(text: str) -> str:
    return (
        "" if text.isascii() and text.isprintable() and " " not in text else "printable ASCII without blanks"
    )


def _is_database(text: str) -> str:
    good = not text or text.startswith(("postgres://", "postgresql://"))
    return "" if good else "the address of a PostgreSQL, postgresql://user:password@host/database"


def _is_plain(text: str, *schemes: str) -> bool:
    """Whether the text is an address of one of these schemes, and nothing besides."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    extras = parts.username or parts.password or parts.query or parts.fragment or port == 0
    return (
        parts.scheme in schemes
        and bool(parts.hostname)
        and not extras
        and text.isascii()
        and text.isprintable()
    )


def _is_rates_source(text: str) -> str:
    if "://" not in text:
        return "" if text.isprintable() else "the path of a file"
    address, _, query = text.partition("?")
    good = (
        _is_plain(address, "http", "https") and query.isascii() and query.isprintable() and "#" not in query
    )
    return "" if good else "a path, or a URL with http(s), a host and no user"


def _are_hosts(names: tuple[str, ...]) -> str:
    good = all(re.fullmatch(r"(\*\.)?[A-Za-z0-9.-]+|\[?[0-9a-fA-F:]+\]?", name) for name in names)
    return "" if good else "host names without scheme and port, with commas between them"


def _are_mails(texts: tuple[str, ...]) -> str:
    good = all(
        re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+", one)
        for one in texts
    )
    return "" if good else "mail addresses, with commas between them"


def _is_contact(text: str) -> str:
    good = not text or not _are_mails((text,)) or _is_plain(text, "https")
    return "" if good else "a mail address, or a URL with https, a host and no user"


def _is_webhook(text: str) -> str:
    address, _, query = text.partition("?")
    good = not text or (_is_plain(address, "http", "https") and query.isascii() and query.isprintable())
    return "" if good and "#" not in text else "a URL with http(s), a host and no user"


def _is_host(text: str) -> str:
    good = not text or re.fullmatch(r"[A-Za-z0-9.-]{1,253}|[0-9a-fA-F:]{2,45}", text)
    return "" if good else "the name or the address of a host, without scheme and port"


def _is_sender(text: str) -> str:
    name, _, rest = text.rpartition("<")
    address = rest.removesuffix(">") if name else text
    good = not text or (text.isprintable() and '"' not in name and not _are_mails((address,)))
    return "" if good else "a mail address, or a name with the address after it in angle brackets"


def _are_networks(names: tuple[str, ...]) -> str:
    try:
        for name in names:
            ipaddress.ip_network(name)
    except ValueError:
        return "addresses or networks such as 10.0.0.0/8, with commas between them"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can choose, each with what it is when he does not."""

    mode: Literal["production", "sandbox", "demo"] = _setting(
        "production",
        "What the server is for: real trades, trying things out with a movable clock, or the demo.",
    )
    # Where it is reached, and what it believes of those who reach it.
    host: str = _setting("127.0.0.1", "The address that the web server listens on.")
    port: int = _setting(8000, "The port that the web server listens on.", least=0, most=65535)
    base_url: str = _setting(
        "http://127.0.0.1:8000",
        "Where users find the market; every absolute URL is made from it.",
        check=_is_url,
    )
    allowed_hosts: tuple[str, ...] = _setting(
        ("127.0.0.1", "localhost"),
        "The hosts for which pages and sign-in are served; APIs answer any.",
        check=_are_hosts,
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "The proxies whose word on a client's address is believed.", check=_are_networks
    )
    body_bytes_max: int = _setting(
        1 << 20, "The longest body of a request that is read.", unit="bytes", least=1024, most=1 << 26
    )
    fast_path: Literal["on", "off"] = _setting(
        "on",
        "Whether pages of items and single items of v2 are answered by a short way through the server; what is answered is the same.",
    )
    requests_per_minute: int = _setting(
        6000, "How many requests one token may make.", unit="requests a minute", least=1, most=10_000_000
    )
    reads_per_minute: int = _setting(
        6000, "Of these, calls that only look.", unit="requests a minute", least=1, most=10_000_000
    )
    sells_per_minute: int = _setting(
        3000, "Of these, calls that change offers.", unit="requests a minute", least=1, most=10_000_000
    )
    buys_per_minute: int = _setting(
        3000, "Of these, calls that buy.", unit="requests a minute", least=1, most=10_000_000
    )
    steam_calls_per_minute: int = _setting(
        300,
        "Of these, calls for which Steam is asked: inventories, and putting items on sale.",
        unit="requests a minute",
        least=1,
        most=10_000_000,
    )
    streams_per_minute: int = _setting(
        60, "Of these, calls that open a stream.", unit="requests a minute", least=1, most=10_000_000
    )
    streams_per_token: int = _setting(
        10,
        "How many streams of events one token may have open in one process.",
        unit="streams",
        least=1,
        most=1000,
    )
    wrong_tokens_per_minute: int = _setting(
        300,
        "How many wrong tokens are looked at from one address, or from one /64 of IPv6.",
        unit="requests a minute",
        least=1,
        most=10_000_000,
    )
    tokens_in_urls: Literal["allowed", "forbidden"] = _setting(
        "allowed",
        "Whether a token may be sent in a query string: each by its own switch, or none.",
    )
    idempotency_days: int = _setting(
        30,
        "How long the answer to a request with an Idempotency-Key is kept; a buy's is kept for good.",
        unit="days",
        least=30,
        most=3650,
    )
    # Pages: who is signed in, and for how long.
    session_days: int = _setting(
        30, "How long a browser stays signed in, however much it is used.", unit="days", least=1, most=365
    )
    session_idle_days: int = _setting(
        14, "How long a browser stays signed in that is not used.", unit="days", least=1, most=365
    )
    user_requests_per_minute: int = _setting(
        600,
        "How many calls of the user API one account may make, and one address where nobody is connected.",
        unit="requests a minute",
        least=1,
        most=10_000_000,
    )
    sign_ins_per_minute: int = _setting(
        60,
        "How often somebody may set out to sign in from one address, or from one /64 of IPv6.",
        unit="requests a minute",
        least=1,
        most=10_000_000,
    )
    # Secrets.
    key: str = _setting(
        "",
        "The keys for secrets at rest: `id:base64` of 32 bytes or more, newest first, commas between.",
        secret=True,
    )
    key_file: Path | None = _setting(
        None, "A file with these keys that only its owner can read, outside data_dir."
    )
    # Notices, to addresses that merchants name.
    callback_networks: tuple[str, ...] = _setting(
        (),
        "The operator's own networks that notices may go to, there also over plain http and to any port.",
        check=_are_networks,
    )
    payment_link_hours: int = _setting(
        24,
        "How long a payment's link can be used while nothing is on sale for it.",
        unit="hours",
        least=1,
        most=24 * 90,
    )
    notices_kept_days: int = _setting(
        90,
        "How long notices and their attempts are kept once they were delivered or set aside; an IPN set aside stays.",
        unit="days",
        least=1,
        most=3650,
    )
    # Mails, to users and operators.
    smtp_host: str = _setting(
        "", "The mail server through which mails go out; without it they are not sent.", check=_is_host
    )
    smtp_port: int = _setting(587, "The port of the mail server.", least=1, most=65535)
    smtp_security: Literal["starttls", "tls", "none"] = _setting(
        "starttls", "How the way to the mail server is guarded."
    )
    smtp_ca_file: Path | None = _setting(
        None, "The certificates that vouch for a mail server of one's own; without it those of the system."
    )
    smtp_user: str = _setting("", "The user name at the mail server; without it none is needed.")
    smtp_password: str = _setting("", "The password at the mail server.", secret=True)
    mail_sender: str = _setting(
        "", "From whom mails are: `Tradepost <market@example.com>`, or the address alone.", check=_is_sender
    )
    mails_kept_days: int = _setting(
        30,
        "How long it is known that a mail was sent or given up; its text is not kept at all.",
        unit="days",
        least=1,
        most=3650,
    )
    # The database.
    database_url: str = _setting(
        "",
        "The PostgreSQL (15 to 18) to use; without it one is run in data_dir.",
        check=_is_database,
        secret=True,
    )
    database_pool_size: int = _setting(
        10, "The most connections that one process opens.", unit="connections", least=2, most=500
    )
    data_dir: Path = _setting(
        Path("var/data"), "Where the market keeps its files, and the database that it runs."
    )
    # Steam.
    steam_community_url: str = _setting(
        "https://steamcommunity.com", "Where Steam's community pages are, sign-in included.", check=_is_url
    )
    steam_image_url: str = _setting(
        "https://community.fastly.steamstatic.com",
        "Where the pictures of items are that pages show.",
        check=_is_url,
    )
    steam_api_url: str = _setting("https://api.steampowered.com", "Where Steam's Web API is.", check=_is_url)
    steam_control_url: str = _setting(
        "", "Where the Steam simulator is controlled, in demo and sandbox.", check=_is_url
    )
    steam_web_api_key: str = _setting(
        "", "A key for Steam's Web API; without it trade holds are not seen in advance.", secret=True
    )
    # Money.
    fee_bps: int = _setting(
        500, "The market's fee, of the price, paid by the seller.", unit="basis points", least=0, most=5000
    )
    price_least_cents: int = _setting(
        2,
        "The least price; the seller must keep a cent of it after the fee.",
        unit="cents",
        least=1,
        most=10_000,
    )
    price_max_cents: int = _setting(
        10_000_000, "The highest price.", unit="cents", least=100, most=999_999_999
    )
    max_price_factor: int = _setting(
        30, "The highest price of an item, in its suggested prices.", unit="times", least=1, most=1000
    )
    rate_max_age_hours: int = _setting(
        48, "An exchange rate older than this is not used.", unit="hours", least=1, most=24 * 90
    )
    rates_source: str = _setting(
        "",
        "A file or an http(s) address with exchange rates in JSON; without it they are set by hand.",
        check=_is_rates_source,
        secret=True,  # many an address has a key in it
    )
    rates_refresh_minutes: int = _setting(
        60, "How often the source of rates is read.", unit="minutes", least=5, most=1440
    )
    rate_jump_percent: int = _setting(
        20,
        "A rate that differs by more from the last one is not taken over.",
        unit="percent",
        least=1,
        most=1000,
    )
    # Affiliates.
    affiliate_bps: int = _setting(
        1_000,
        "What an affiliate earns of the market's fee on the trades of those he brought.",
        unit="basis points",
        least=0,
        most=5_000,
    )
    tapfiliate_key: str = _setting(
        "",
        "A key for Tapfiliate's API, which is told of clicks then; without it they are kept here alone.",
        secret=True,
        check=_is_token,
    )
    tapfiliate_url: str = _setting("https://api.tapfiliate.com", "Where Tapfiliate's API is.", check=_is_url)
    # Payouts.
    payout_least_cents: int = _setting(
        1_000, "The least that is paid out at once.", unit="cents", least=1, most=100_000_000
    )
    payout_most_cents: int = _setting(
        500_000, "The most that is paid out at once.", unit="cents", least=1, most=999_999_999
    )
    payout_two_from_cents: int = _setting(
        100_000,
        "A payout of so much or more has to be approved by two operators.",
        unit="cents",
        least=1,
        most=999_999_999,
    )
    payout_quiet_hours: int = _setting(
        24,
        "After so long operators are told of a payout with which nobody has gone on, such as one that is being sent.",
        unit="hours",
        least=1,
        most=720,
    )
    payout_cooling_hours: int = _setting(
        24,
        "So long after the payout address or the second factor changed nobody asks for a payout.",
        unit="hours",
        least=0,
        most=720,
    )
    # Deposits by a provider of payments.
    stripe_secret_key: str = _setting(
        "", "Stripe's secret key; without it nobody deposits by card.", check=_is_token, secret=True
    )
    stripe_webhook_secret: str = _setting(
        "",
        "The signing secret of the endpoint at Stripe that calls /user/deposit/stripe.",
        check=_is_token,
        secret=True,
    )
    stripe_api_url: str = _setting("https://api.stripe.com", "Where Stripe's API is.", check=_is_url)
    deposit_least_cents: int = _setting(
        500, "The least that is deposited by card at once.", unit="cents", least=50, most=99_999_999
    )
    deposit_most_cents: int = _setting(
        100_000, "The most that is deposited by card at once.", unit="cents", least=50, most=99_999_999
    )
    # A trade's time.
    send_minutes: int = _setting(
        15, "How long the seller's agent has to create the Steam offer.", unit="minutes", least=1, most=1440
    )
    confirm_minutes: int = _setting(
        15, "How much longer the seller has to confirm it.", unit="minutes", least=1, most=1440
    )
    accept_minutes: int = _setting(
        30, "How long the buyer has to accept the Steam offer.", unit="minutes", least=1, most=14 * 1440
    )
    settlement_fallback_days: int = _setting(
        8, "When a trade settles after acceptance, where Steam names no time.", unit="days", least=1, most=60
    )
    # Sellers and their agents.
    presence_minutes: int = _setting(
        60,
        "How old an agent's inventory may be for an item to be sold from it.",
        unit="minutes",
        least=1,
        most=1440,
    )
    heartbeat_ttl_seconds: int = _setting(
        30, "A seller whose agent was silent for so long is offline.", unit="seconds", least=5, most=3600
    )
    lease_seconds: int = _setting(
        120,
        "How long an agent has for a directive before it is asked again.",
        unit="seconds",
        least=10,
        most=3600,
    )
    pairing_minutes: int = _setting(
        10, "How long a pairing code can be used.", unit="minutes", least=1, most=1440
    )
    # Faults.
    strikes_count: int = _setting(
        3, "So many strikes within the window are a ban.", unit="strikes", least=1, most=100
    )
    strikes_window_hours: int = _setting(
        24, "How far back strikes count.", unit="hours", least=1, most=24 * 90
    )
    ban_first_hours: int = _setting(
        24, "The first ban; each further one is double.", unit="hours", least=1, most=720
    )
    ban_max_days: int = _setting(30, "The longest ban for strikes.", unit="days", least=1, most=3650)
    reversal_ban_days: int = _setting(30, "The ban for reversing a trade.", unit="days", least=1, most=3650)
    # Operators.
    contact: str = _setting(
        "",
        "Where people reach who runs this market: a mail address, or an https address; it stands at the foot of every page.",
        check=_is_contact,
    )
    operator_mails: tuple[str, ...] = _setting(
        (),
        "Where operators are told by mail: a trade is stuck, a notice was given up, the ledger does not add up.",
        check=_are_mails,
    )
    operator_webhook_url: str = _setting(
        "",
        "Where operators are told of the same by a call, an address of their own.",
        check=_is_webhook,
        secret=True,  # many such an address has a key in it
    )
    operator_webhook_secret: str = _setting(
        "", "What these calls are signed with (Standard Webhooks); without it they are not.", secret=True
    )
    # How long what is past is kept.
    events_kept_days: int = _setting(
        1_095,
        "How long an ended trade's time line is kept; its last line, and its money, are kept for good.",
        unit="days",
        least=30,
        most=36_500,
    )
    changes_kept: int = _setting(
        200_000,
        "How many changes are kept for those who follow them; who fell further behind begins anew.",
        unit="changes",
        least=1_000,
        most=100_000_000,
    )
    alerts_kept_days: int = _setting(
        365,
        "How long messages and alerts are kept that were read, and operators' alerts that went out.",
        unit="days",
        least=7,
        most=36_500,
    )
    # How it runs.
    worker_idle_milliseconds: int = _setting(
        500, "How long the worker rests when nothing is due.", unit="milliseconds", least=10, most=60_000
    )
    log_format: Literal["console", "json"] = _setting("console", "Logs for a person or for a machine.")
    log_level: Literal["debug", "info", "warning", "error"] = _setting("info", "The least that is logged.")
