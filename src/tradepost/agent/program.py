"""The command `tradepost agent`: pair a device, sign in to Steam, run, and see how things stand."""

import argparse
import asyncio
import contextlib
import logging
import os
import platform
import re
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path

import aiohttp

from tradepost import __version__
from tradepost.agent import market_wire as wire
from tradepost.agent.credentials import keep_session, load_session, read_session
from tradepost.agent.errors import AgentError, MarketRefused, MarketSilent, SignedOut, SteamSilent, Unpaired
from tradepost.agent.home import FILE_BYTES_MAX, Floors, Home, Pairing, is_steamid, write_private
from tradepost.agent.journal import Journal
from tradepost.agent.market import Market, check_market_url
from tradepost.agent.running import run_all
from tradepost.agent.settings import AgentSettings, is_url, load_settings
from tradepost.agent.steam_session import SteamTradeSession

HOME_VARIABLE = "TRADEPOST_AGENT_HOME"
SETTINGS_FILE = "agent.toml"  # in the home
FLOOR_BPS_MAX = 300_000  # thirty Steam prices, as on the market
_FLOOR = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,2}))?%", re.ASCII)

EPILOG = """\
How it goes:
  tradepost agent pair --market https://market.example --code K7QF-2M9X
  tradepost agent sign-in < session.json     the Steam session; it never leaves this machine but for Steam
  tradepost agent run                        until SIGTERM or Ctrl-C; as a service: docs/tradepost-agent.service
  tradepost agent status                     what was last heard and said
  tradepost agent grants --floor 80%         for whom items are sent, and the least price that is

docs/agent.md says the rest.
"""


def main(argv: Sequence[str]) -> int:
    """Run a command line; return the exit status. What is wrong is said in a sentence on stderr."""
    options = _parser().parse_args(argv)
    verb: Callable[[argparse.Namespace], Awaitable[int]] = options.verb
    try:
        return asyncio.run(_run(verb, options))
    except (AgentError, MarketRefused, SignedOut) as error:
        _complain(str(error))
    except Unpaired as error:
        _complain(f"The market does not know this program: {error}")
    except (MarketSilent, SteamSilent) as error:
        _complain(f"It did not work: {error}. Try again.")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _complain(f"{where}{error.strerror or error}.")
    except sqlite3.Error as error:
        _complain(f"The journal cannot be used: {error}.")
    except KeyboardInterrupt:
        return 130
    return 1


async def _run(verb: Callable[[argparse.Namespace], Awaitable[int]], options: argparse.Namespace) -> int:
    return await verb(options)


# Verbs -----------------------------------------------------------------------------------------------


async def pair(options: argparse.Namespace) -> int:
    """Pair this device with a market, by the code that its page or its operator shows."""
    check_market_url(options.market, insecure=options.insecure)
    home, settings = _home(options)
    home.prepare()
    body = wire.Pair(
        code=options.code,
        device_id=home.device_id(),
        platform=platform.system().lower()[:64],
        version=__version__,
    )
    async with Market(options.market, None, settings.market_timeout_seconds) as market:
        paired = await market.pair(body)
    place = home.place(paired.steamid)
    place.keep_pairing(Pairing(options.market, paired.agent_token, paired.steamid, body.device_id))
    _say(f"Paired with {options.market} for the Steam account {paired.steamid}.")
    _show_grants(paired.grants, place.floors())
    if load_session(place.session_path) is None:
        _say("Next: `tradepost agent sign-in`.")
    return 0


async def sign_in(options: argparse.Namespace) -> int:
    """Try a Steam session, from a file, standard input or the simulator, and keep it for this machine's agent."""
    home, settings = _home(options)
    if options.simulator:
        place = home.the_place(options.steamid)
        raw = await _simulated(options.simulator, place.steamid)
        settings = _directed(home, settings, options.simulator)
    else:
        raw = await asyncio.to_thread(_read_given, options.file)
    session = read_session(raw)
    place = home.the_place(session.steamid if options.steamid is None else options.steamid)
    if session.steamid != place.steamid:
        raise AgentError(f"This session is of {session.steamid}, and {place.steamid} was meant.")
    if options.simulator and not options.identity_secret:
        session = read_session(_without_secret(raw))
    async with SteamTradeSession(
        session,
        community_url=settings.community_url,
        api_url=settings.api_url,
        timeout_seconds=settings.steam_timeout_seconds,
    ) as steam:
        try:
            await steam.check()
        except SteamSilent as error:
            tried = f"It could not be tried: {error}."
        else:
            tried = "Steam takes it."
    keep_session(place.session_path, session)
    _say(f"The session of {session.steamid} is kept in {place.session_path}, readable by you alone. {tried}")
    if session.expires_at is not None:
        _say(f"It says that it ends at {session.expires_at:%Y-%m-%d %H:%M} UTC.")
    return 0


async def run(options: argparse.Namespace) -> int:
    """Run all accounts that are paired here, until SIGTERM or Ctrl-C."""
    logging.basicConfig(
        level=options.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    home, settings = _home(options)
    places = home.places()
    if not places:
        raise AgentError(f"No account is paired in {home.path}: run `tradepost agent pair` first.")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with home.locked():
        sentences = await run_all(places, settings, stop)
    for sentence in sentences:
        _complain(sentence)
    return 1 if sentences else 0


async def status(options: argparse.Namespace) -> int:
    """Show each account: its market, its session, what was last heard, what is under way."""
    home, _ = _home(options)
    running = "runs" if home.is_running() else "does not run"
    _say(f"The agent {running} in {home.path}.")
    for place in home.places():
        pairing, session = place.pairing(), load_session(place.session_path)
        _say(f"{place.steamid} with {pairing.market_url if pairing else '?'}")
        ends = f", until {session.expires_at:%Y-%m-%d %H:%M} UTC" if session and session.expires_at else ""
        _say(f"  Steam session: {'kept' + ends if session else 'none, run `tradepost agent sign-in`'}")
        with contextlib.closing(Journal(place.journal_path)) as journal:
            heard = journal.noted("heard")
            _say(f"  last heard of the market: {_moment(heard['at']) if heard else 'never'}")
            said = journal.noted("blocking")
            if said:
                _say(f"  nothing is sent: {said}")
            for entry in journal.open():
                _say(f"  trade {entry.trade_id}: it is not known yet whether its offer was made")
    return 0


async def grants(options: argparse.Namespace) -> int:
    """Show for whom items are sent, and set the least price at which this device sends."""
    home, _ = _home(options)
    place = home.the_place(options.steamid)
    if options.merchant is not None and not (options.floor and is_steamid(options.merchant)):
        raise AgentError("--merchant is the 17 digits of a SteamID64, and comes with --floor.")
    if options.floor is not None:
        place.keep_floors(_floors(place.floors(), options.floor, options.merchant))
    with contextlib.closing(Journal(place.journal_path)) as journal:
        noted = journal.noted("grants")
    shown = [wire.Grant(**grant) for grant in noted or []]
    if noted is None:
        _say("The market was not heard of yet; run the agent once.")
    _show_grants(shown, place.floors())
    return 0


async def unpair(options: argparse.Namespace) -> int:
    """Have the market forget this device, and remove its token and the Steam session from here."""
    home, settings = _home(options)
    place = home.the_place(options.steamid)
    pairing = place.pairing()
    if pairing is None:
        raise AgentError(f"{place.steamid} is not paired.")
    async with Market(pairing.market_url, pairing.agent_token, settings.market_timeout_seconds) as market:
        try:
            await market.unpair()
        except Unpaired:
            pass  # it forgot us already
        except MarketSilent:
            if not options.force:
                raise
            _say("The market could not be told: revoke this device on its page.")
    place.forget()
    _say(f"{place.steamid} is not paired any more; its token and its Steam session are removed.")
    return 0


# What they share -------------------------------------------------------------------------------------


def _home(options: argparse.Namespace) -> tuple[Home, AgentSettings]:
    path = options.home or Path(os.environ.get(HOME_VARIABLE) or Path.home() / ".tradepost-agent")
    return Home(path), load_settings(path / SETTINGS_FILE)


def _read_given(path: Path | None) -> bytes:
    if path is None or str(path) == "-":
        return sys.stdin.buffer.read(FILE_BYTES_MAX)
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX)
    except OSError as error:
        raise AgentError(f"{path} cannot be read: {error.strerror}.") from None


async def _simulated(url: str, steamid: str) -> bytes:
    """Return the session that a simulated Steam gives to anybody who asks."""
    if not is_url(url):
        raise AgentError("--simulator should be the simulator's address, no slash at its end.")
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10), trust_env=False) as http,
            http.post(f"{url}/_sim/users/{steamid}/login") as answer,
        ):
            raw = await answer.read()
            if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                raise AgentError(f"The simulator does not sign {steamid} in (status {answer.status}).")
            return raw
    except (aiohttp.ClientError, TimeoutError) as error:
        raise AgentError(f"The simulator cannot be reached ({type(error).__name__}).") from None


def _directed(home: Home, settings: AgentSettings, url: str) -> AgentSettings:
    """Return settings in which Steam is this simulator: its session is worth nothing at the real one."""
    if (settings.community_url, settings.api_url) == (url, url):
        return settings
    file = home.path / SETTINGS_FILE
    lines = f'community_url = "{url}"\napi_url = "{url}"\n'
    if file.exists():
        wanted = lines.strip().replace("\n", " and ")
        raise AgentError(f"In {file} Steam is elsewhere: it needs {wanted}, and the agent a new start.")
    write_private(file, lines.encode())
    restart = " Start the running agent anew." if home.is_running() else ""
    _say(f"{file} is made: for all accounts in this folder the simulator at {url} is Steam now.{restart}")
    return load_settings(file)


def _without_secret(raw: bytes) -> bytes:
    return re.sub(rb'"identity_secret"\s*:\s*"[^"]*"', b'"identity_secret":null', raw)


def _floors(floors: Floors, text: str, merchant: str | None) -> Floors:
    found = _FLOOR.fullmatch(text.strip())
    floor_bps = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else None
    if floor_bps is None or floor_bps > FLOOR_BPS_MAX:
        raise AgentError("--floor is a share of the Steam price, such as 80% or 95.5%; 0% for none.")
    if merchant is None:
        return Floors(floor_bps, floors.merchants)
    others = {steamid: bps for steamid, bps in floors.merchants.items() if steamid != merchant}
    return Floors(floors.floor_bps, others | ({merchant: floor_bps} if floor_bps else {}))


def _show_grants(shown: Sequence[wire.Grant], floors: Floors) -> None:
    if not shown:
        _say("Nobody but you yourself may sell your items.")
    for grant in shown:
        name = (
            "".join(char for char in grant.merchant_name if char.isprintable()) or "a merchant without a name"
        )
        at_least = f", from {grant.floor_bps / 100:g}% of the Steam price" if grant.floor_bps else ""
        _say(f"{name} ({grant.merchant_steamid}) may sell your items{at_least}.")
    if floors.floor_bps:
        _say(f"This device sends nothing under {floors.floor_bps / 100:g}% of the Steam price.")
    for merchant, floor_bps in floors.merchants.items():
        _say(f"  and nothing for {merchant} under {floor_bps / 100:g}%.")


def _moment(noted: str) -> str:
    return f"{datetime.fromisoformat(noted):%Y-%m-%d %H:%M:%S} UTC"


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _complain(sentence: str) -> None:
    sys.stderr.write(f"tradepost agent: {sentence}\n")


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--home", type=Path, help=f"the agent's folder (${HOME_VARIABLE}, ~/.tradepost-agent)"
    )
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("--steamid", help="which account, where several are paired here")
    parser = argparse.ArgumentParser(
        prog="tradepost agent",
        description="The seller's program: keeps the Steam session here and sends what was sold.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(metavar="VERB", title="verbs", required=True)

    def add(
        name: str, verb: Callable[[argparse.Namespace], Awaitable[int]], *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        sentence = (verb.__doc__ or "").splitlines()[0]
        added = verbs.add_parser(name, parents=[shared, *parents], help=sentence, description=sentence)
        added.set_defaults(verb=verb)
        return added

    pairing = add("pair", pair)
    pairing.add_argument(
        "--market", required=True, help="the market's address, such as https://market.example"
    )
    pairing.add_argument("--code", required=True, help="the pairing code, such as K7QF-2M9X")
    pairing.add_argument("--insecure", action="store_true", help="allow http:// in a network of your own")
    signing = add("sign-in", sign_in, one)
    signing.add_argument("--file", type=Path, help="a JSON file with the session; without it standard input")
    signing.add_argument("--simulator", metavar="URL", help="ask this simulated Steam for one")
    signing.add_argument(
        "--identity-secret",
        action="store_true",
        help="with --simulator: keep the secret that confirms offers",
    )
    running = add("run", run)
    running.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="the least that is said (info)",
    )
    add("status", status)
    granting = add("grants", grants, one)
    granting.add_argument(
        "--floor", metavar="PERCENT", help="send nothing under this share of the Steam price"
    )
    granting.add_argument(
        "--merchant", metavar="STEAMID", help="with --floor: only for what this merchant sells"
    )
    unpairing = add("unpair", unpair, one)
    unpairing.add_argument("--force", action="store_true", help="also when the market cannot be reached")
    return parser
