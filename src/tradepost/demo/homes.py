"""The homes of people's programs: one folder a process, written with the agent's own hands instead of thirty pairings.

Pairing by code and signing in through a browser is what a person does; the demo writes what comes of it, and the
market's side of the same pairings goes into its database with everything else.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tradepost.agent.credentials import keep_session, read_session
from tradepost.agent.home import Home, Pairing
from tradepost.demo.papers import write
from tradepost.demo.people import AGENT_PROCESSES, User
from tradepost.market.agents import TOKEN_PREFIX

TOKEN_BYTES = 32
# Whoever tries the demo out is there to see things move, and the simulated Steam shows every offer at once.
PACES_SECONDS = {"poll_seconds_max": 5, "look_again_seconds": 3, "absent_seconds": 10}


@dataclass(frozen=True, slots=True)
class Paired:
    """A seller's program, as the market knows it."""

    steamid: str
    device_id: str
    token: str


def folders(agents_dir: Path) -> list[Path]:
    """Return the home of each process of sellers' programs."""
    return [agents_dir / f"home-{number}" for number in range(AGENT_PROCESSES)]


def furnish(agents_dir: Path, owners: Iterable[User], sessions: Mapping[str, bytes]) -> list[Paired]:
    """Make the homes of those whose program runs, with their Steam sessions; return the pairings."""
    paired = []
    by_process = defaultdict(list)
    for owner in owners:
        if owner.agent_process is not None:
            by_process[owner.agent_process].append(owner.steamid)
    for number, folder in enumerate(folders(agents_dir)):
        home = Home(folder)
        home.prepare()
        device_id = home.device_id()
        for steamid in by_process[number]:
            place = home.place(steamid)
            one = Paired(steamid, device_id, TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES))
            keep_session(place.session_path, read_session(sessions[steamid]))
            # Where the market is, each start says anew: see `direct`.
            place.keep_pairing(Pairing("", one.token, steamid, device_id))
            paired.append(one)
    return paired


def direct(agents_dir: Path, market_url: str, steam_url: str) -> None:
    """Tell the programs where the market and Steam are at this start, and that they may confirm by themselves."""
    for folder in folders(agents_dir):
        lines = [
            f'community_url = "{steam_url}"',
            f'api_url = "{steam_url}"',
            "auto_confirm = true",
            *(f"{name} = {seconds}" for name, seconds in PACES_SECONDS.items()),
        ]
        write(folder / "agent.toml", "\n".join([*lines, ""]).encode())
        for place in Home(folder).places():
            pairing = place.pairing()
            if pairing is not None and pairing.market_url != market_url:
                place.keep_pairing(msgspec.structs.replace(pairing, market_url=market_url))
