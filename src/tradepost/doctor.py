"""The doctor: looks at everything that has to be right around a market, and says what to do where it is not.

Each look is by itself: what cannot be looked at is bad, and keeps nobody from looking at the rest.
"""

import asyncio
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from tradepost.app import Clock
from tradepost.config import Settings, keys
from tradepost.db import Db, migrations
from tradepost.market import beats, checks, seals
from tradepost.market.seals import Place, SealBroken
from tradepost.market.seals import seals as seals_of

LOOK_SECONDS = 10.0  # for one look, whatever hangs
SKEW_SECONDS_MAX = 10.0
SKEW_DATABASE_SECONDS_MAX = 5.0
DISK_FREE_BYTES_MIN = 2 << 30
CHECK_AGE = timedelta(hours=3)
OVERDUE_SECONDS_MAX = 60.0
WIDE_PREFIX = 8  # a network of more addresses than this is hardly anybody's own


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found, and what to do about it."""

    name: str
    is_good: bool
    sentence: str
    remedy: str = ""


Found = tuple[bool, str, str]
Look = Callable[["Patient"], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at."""

    settings: Settings
    db: Db
    clock: Clock


async def examine(settings: Settings, db: Db | None) -> AsyncIterator[Finding]:
    """Look at everything, one thing after another; without a database at what needs none."""
    for name, look in OUTSIDE.items():
        yield await _look(name, lambda look=look: look(settings))  # type: ignore[misc] # a bound look
    if db is None:
        return
    patient = Patient(settings, db, Clock())
    for name, inner in INSIDE.items():
        yield await _look(name, lambda inner=inner: inner(patient))  # type: ignore[misc] # a bound look


async def _look(name: str, look: Callable[[], Awaitable[Found]]) -> Finding:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return Finding(name, *await look())
    except TimeoutError:
        return Finding(
            name, False, f"nothing was heard within {LOOK_SECONDS:.0f} seconds", "see whether it hangs"
        )
    except Exception as error:
        return Finding(
            name, False, f"could not be looked at: {error or type(error).__name__}", "see to that first"
        )


# What needs no database --------------------------------------------------------------------------------------


async def _addresses(settings: Settings) -> Found:
    host = urlsplit(settings.base_url).hostname or ""
    known = any(
        host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in settings.allowed_hosts
    )
    if not known:
        return (
            False,
            f"{host} of base_url is not among allowed_hosts: no page is served there",
            "add it to allowed_hosts",
        )
    is_local = host in ("127.0.0.1", "localhost")
    if not is_local and settings.host in ("127.0.0.1", "::1", "localhost") and not settings.trusted_proxies:
        remedy = "name your proxy in trusted_proxies, or every client has its address"
        return False, f"{host} is served behind a proxy that is not trusted", remedy
    return True, f"mode {settings.mode}, pages at {settings.base_url}", ""


async def _steams_clock(settings: Settings) -> Found:
    url = settings.steam_community_url
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        began = time.monotonic()
        try:
            async with http.get(f"{url}/", allow_redirects=False) as answer:
                took, date = time.monotonic() - began, answer.headers.get("Date", "")
        except (aiohttp.ClientError, OSError) as error:
            return False, f"Steam cannot be reached at {url}: {error}", "let this machine call it, by 443"
    try:
        skew = abs((Clock.real_now() - parsedate_to_datetime(date)).total_seconds()) - took
    except (ValueError, TypeError):
        return False, f"{url} answered without saying what time it is", "see what answers there"
    # A Date has whole seconds.
    if skew > SKEW_SECONDS_MAX:
        return (
            False,
            f"this machine's clock is {skew:.0f} seconds from Steam's",
            "let it follow a time server (NTP)",
        )
    return True, f"Steam answers in {took * 1000:.0f} ms, and the clocks agree", ""


async def _simulator(settings: Settings) -> Found:
    url = settings.steam_control_url
    if not url:
        return True, "none is set: this is the real Steam", ""
    async with aiohttp.ClientSession() as http:
        try:
            async with http.get(f"{url}/_sim/clock") as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError) as error:
            return False, f"the simulator does not answer at {url}: {error}", "start it: tradepost steam-sim"
    return status < 500, f"the simulator answers at {url}", "see its log"  # noqa: PLR2004 - HTTP's own number


async def _keys(settings: Settings) -> Found:
    given = keys(settings)
    if not given:
        remedy = "set TRADEPOST_KEY or key_file before anything real is kept here"
        return settings.mode != "production", "no key is set: secrets lie open in this sandbox", remedy
    return True, f"secrets are sealed under {next(iter(given))}, of {len(given)} keys", ""


async def _disk(settings: Settings) -> Found:
    place = settings.data_dir.expanduser()
    free = await asyncio.to_thread(_free_bytes, place)
    sentence = f"{free / 2**30:.1f} GiB are free at {place}"
    return (
        free >= DISK_FREE_BYTES_MIN,
        sentence,
        f"make room: below {DISK_FREE_BYTES_MIN >> 30} GiB is too little",
    )


def _free_bytes(place: Path) -> int:
    there = next(path for path in (place, *place.resolve().parents) if path.exists())
    return shutil.disk_usage(there).free


async def _networks(settings: Settings) -> Found:
    wide = [
        one
        for one in settings.callback_networks
        if ip_network(one).prefixlen < WIDE_PREFIX
        or (ip_network(one).is_loopback and settings.mode == "production")
    ]
    if wide:
        remedy = "name only the networks of your own receivers"
        return False, f"merchants may call {', '.join(wide)} through this market", remedy
    count = len(settings.callback_networks)
    return (
        True,
        f"{count} networks of your own may be called" if count else "only the public internet is called",
        "",
    )


async def _operators(settings: Settings) -> Found:
    ways = [name for name in ("operator_mails", "operator_webhook_url") if getattr(settings, name)]
    remedy = "set operator_mails or operator_webhook_url, or look at /operator/alerts every day"
    return bool(ways), f"operators are told by {' and '.join(ways) or 'nothing'}", remedy


async def _mail(settings: Settings) -> Found:
    """Whether the mail server greets as one; whether it takes our password, the first mail tells."""
    host, port = settings.smtp_host, settings.smtp_port
    if not host:
        if settings.mode == "demo":
            return True, "mails are read on the mailbox page of the demo", ""
        return False, "no mail server is set: users and operators are told nothing by mail", "set smtp_host"
    context = (
        ssl.create_default_context(cafile=settings.smtp_ca_file) if settings.smtp_security == "tls" else None
    )
    try:
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
    except OSError as error:
        return (
            False,
            f"the mail server cannot be reached at {host}:{port}: {error}",
            "let this machine call it",
        )
    try:
        greeting = await reader.readline()
        writer.write(b"QUIT\r\n")
        await writer.drain()
    finally:
        writer.close()
    is_one = greeting.startswith(b"220")
    remedy = "see whether smtp_port and smtp_security fit each other: 587 with starttls, 465 with tls"
    return is_one, f"a mail server {'greets' if is_one else 'does not greet'} at {host}:{port}", remedy


OUTSIDE: dict[str, Callable[[Settings], Awaitable[Found]]] = {
    "addresses": _addresses,
    "keys": _keys,
    "disk": _disk,
    "Steam and its clock": _steams_clock,
    "simulator": _simulator,
    "callback networks": _networks,
    "mail": _mail,
    "operators": _operators,
}


# What the database says --------------------------------------------------------------------------------------


async def _server(patient: Patient) -> Found:
    rows = await patient.db.fetch(
        "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,"
        " current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,"
        " pg_size_pretty(pg_database_size(current_database())) AS size, pg_is_in_recovery() AS is_copy"
    )
    row = rows[0]
    sentence = f"PostgreSQL {row['version'].split()[0]}, {row['size']}"
    if row["is_copy"]:
        return False, f"{sentence}: a copy that cannot be written", "name the primary in DATABASE_URL"
    if row["fsync"] != "on" or row["pages"] != "on":
        return (
            False,
            f"{sentence}: it forgets what it promised when the machine stops",
            "turn on fsync and full_page_writes",
        )
    return True, sentence, ""


async def _migrations(patient: Patient) -> Found:
    names = {step.name for step in migrations()}
    if await patient.db.value("SELECT to_regclass('migration') IS NULL"):
        return False, "there is no market in this database", "run tradepost migrate"
    applied = {row["name"] for row in await patient.db.fetch("SELECT name FROM migration")}
    if more := sorted(applied - names):
        return False, f"the database is newer than this program: {more[-1]}", "start the newer program"
    if missing := sorted(names - applied):
        return False, f"{len(missing)} migrations are missing", "run tradepost migrate"
    return True, f"all {len(names)} migrations are applied", ""


async def _clock(patient: Patient) -> Found:
    # When the server began with this very question: its clock, which nothing of ours decides by.
    theirs: datetime = await patient.db.value(
        "SELECT query_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    )
    skew = abs((Clock.real_now() - theirs).total_seconds())
    sentence = f"this machine's clock and the database's differ by {skew:.1f} seconds"
    return skew <= SKEW_DATABASE_SECONDS_MAX, sentence, "let both follow a time server (NTP)"


async def _secrets(patient: Patient) -> Found:
    """Whether all that lies sealed opens under the keys that are set."""
    ours, shut, count = seals_of(patient.settings), 0, 0
    for table, row, columns in seals.SEALED:
        for found in await patient.db.fetch(f"SELECT {', '.join((*row, *columns))} FROM {table}"):
            key = tuple(found[name] for name in row)
            for column in columns:
                if found[column] is None:
                    continue
                count += 1
                try:
                    ours.open(Place(table, key, column), found[column])
                except SealBroken:
                    shut += 1
    remedy = "put the key that they were sealed with into TRADEPOST_KEY or key_file again"
    return not shut, f"{count - shut} of {count} secrets open", remedy


async def _workers(patient: Patient) -> Found:
    found = await beats.living(patient.db, patient.clock.real_now())
    names = ", ".join(one.name for one in found)
    return bool(found), f"{len(found)} run: {names}" if found else "none was heard of in the last minute", "start one: tradepost worker"  # fmt: skip


async def _overdue(patient: Patient) -> Found:
    offset: int = await patient.db.value("SELECT offset_seconds FROM market_clock")
    now = patient.clock.real_now() + timedelta(seconds=offset)
    due_at: datetime | None = await patient.db.value("SELECT min(due_at) FROM trade WHERE due_at <= $1", now)
    age = (now - due_at).total_seconds() if due_at else 0.0
    return age <= OVERDUE_SECONDS_MAX, f"the oldest due trade waits for {age:.0f} seconds", "start more workers, and look at their log"  # fmt: skip


async def _check(patient: Patient) -> Found:
    last = await checks.newest(patient.db)
    if last is None:
        return (
            False,
            "the ledger was never checked",
            "run tradepost check, and a worker, which does it hourly",
        )
    if last.faults:
        return (
            False,
            f"the ledger does not add up: {last.faults[0]}",
            "run tradepost check, and switch buying off",
        )
    if patient.clock.real_now() - last.at > CHECK_AGE:
        return (
            False,
            f"the ledger was last checked {last.at:%Y-%m-%d %H:%M} UTC",
            "start a worker: it checks hourly",
        )
    return True, f"the ledger adds up, as of {last.at:%Y-%m-%d %H:%M} UTC", ""


async def _admins(patient: Patient) -> Found:
    rows = await patient.db.fetch(
        "SELECT a.steamid, f.since IS NOT NULL AS has_factor FROM role r JOIN account a ON a.id = r.account_id"
        " LEFT JOIN second_factor f ON f.account_id = r.account_id ORDER BY 1"
    )
    if not rows:
        return False, "nobody is an admin", "tradepost admin grant STEAMID"
    bare = [row["steamid"] for row in rows if not row["has_factor"]]
    if bare:
        return False, f"{len(rows)} admins, without a second factor: {', '.join(bare)}", "let them turn it on"
    return True, f"{len(rows)} admins, each with a second factor", ""


async def _switches(patient: Patient) -> Found:
    off = await patient.db.fetch("SELECT name, reason FROM switch WHERE is_off ORDER BY name")
    names = "; ".join(f"{row['name']} ({row['reason']})" for row in off)
    return not off, f"switched off: {names}" if off else "nothing is switched off", "tradepost switch NAME on, once it is time"  # fmt: skip


INSIDE: dict[str, Look] = {
    "database": _server,
    "schema": _migrations,
    "database's clock": _clock,
    "secrets": _secrets,
    "workers": _workers,
    "due work": _overdue,
    "ledger": _check,
    "admins": _admins,
    "switches": _switches,
}
