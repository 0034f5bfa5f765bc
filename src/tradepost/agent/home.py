"""The agent's home on the seller's machine: one folder an account, secrets readable by their owner alone.

home/agent.toml                    paces and limits (settings.py); may be missing
home/device                        this device's name, made at the first pairing
home/<steamid>/pairing.json        the market and the token with which it knows this device
home/<steamid>/session.json        the Steam session: it is read here and sent to Steam, never anywhere else
home/<steamid>/floors.json         the least prices that this device sends for
home/<steamid>/journal.sqlite3     what was asked, what was begun, what came of it
"""

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from tradepost.agent.errors import AgentError

FILE_BYTES_MAX = 65_536
_STEAMID = re.compile(r"7656119[0-9]{10}", re.ASCII)
_DEVICE = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)


class Pairing(msgspec.Struct, frozen=True):
    """With which market an account is paired, and the token by which that market knows this device."""

    market_url: str
    agent_token: str
    steamid: str
    device_id: str


class Floors(msgspec.Struct, frozen=True):
    """The least price that is sent, as a share of the Steam price in 1/10000; merchants may have their own."""

    floor_bps: int = 0
    merchants: dict[str, int] = {}

    def of(self, merchant_steamid: str) -> int:
        """Return the floor for what one merchant sells: the higher of the two."""
        return max(self.floor_bps, self.merchants.get(merchant_steamid, 0))


_S = TypeVar("_S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one account."""

    path: Path

    @property
    def steamid(self) -> str:
        """Whose folder it is."""
        return self.path.name

    @property
    def session_path(self) -> Path:
        """Where the Steam session lies."""
        return self.path / "session.json"

    @property
    def journal_path(self) -> Path:
        """Where the journal lies."""
        return self.path / "journal.sqlite3"

    def pairing(self) -> Pairing | None:
        """Return the pairing, or None for an account that is not paired."""
        return read_struct(self.path / "pairing.json", Pairing)

    def keep_pairing(self, pairing: Pairing) -> None:
        """Write the pairing down."""
        write_private(self.path / "pairing.json", msgspec.json.encode(pairing))

    def floors(self) -> Floors:
        """Return the floors that this device keeps."""
        return read_struct(self.path / "floors.json", Floors) or Floors()

    def keep_floors(self, floors: Floors) -> None:
        """Write the floors down."""
        write_private(self.path / "floors.json", msgspec.json.encode(floors))

    def forget(self) -> None:
        """Remove the pairing and the Steam session; the journal stays, it tells what was sent."""
        for name in ("pairing.json", "session.json"):
            (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds all accounts of one device."""

    path: Path

    def prepare(self) -> None:
        """Make the folder, for its owner alone."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def places(self) -> list[Place]:
        """Return the accounts that are paired, by steamid."""
        if not self.path.is_dir():
            return []
        found = [Place(path) for path in sorted(self.path.iterdir()) if is_steamid(path.name)]
        return [place for place in found if (place.path / "pairing.json").is_file()]

    def place(self, steamid: str) -> Place:
        """Return the folder of an account, made if it is new."""
        if not is_steamid(steamid):
            raise AgentError(f"{steamid!r} is not the 17 digits of a SteamID64.")
        place = Place(self.path / steamid)
        place.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def the_place(self, steamid: str | None) -> Place:
        """Return the account that was named, or the only one there is."""
        places = self.places()
        if steamid is not None:
            places = [place for place in places if place.steamid == steamid]
        if not places:
            whose = f"{steamid} is not" if steamid else "No account is"
            raise AgentError(f"{whose} paired in {self.path}: run `tradepost agent pair` first.")
        if len(places) > 1:
            raise AgentError("Several accounts are paired here: say which one with --steamid.")
        return places[0]

    def device_id(self) -> str:
        """Return this device's name, made once."""
        path = self.path / "device"
        if not path.exists():
            write_private(path, f"{os.uname().nodename[:40]}-{secrets.token_hex(6)}".encode())
        name = path.read_text(encoding="utf-8", errors="replace").strip()
        return name if _DEVICE.fullmatch(name) else re.sub(r"[^A-Za-z0-9_.:-]", "-", name)[:64] or "device"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home for this process: two programs with one journal would send twice."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AgentError(f"Another agent runs in {self.path}: stop it first.") from None
            yield
        finally:
            os.close(descriptor)

    def is_running(self) -> bool:
        """Say whether an agent runs in this home."""
        try:
            with self.locked():
                return False
        except AgentError:
            return True
        except FileNotFoundError:
            return False


def is_steamid(text: str) -> bool:
    """Say whether a text is a SteamID64."""
    return bool(_STEAMID.fullmatch(text))


def read_struct(path: Path, kind: type[_S]) -> _S | None:
    """Return a file as a struct; None where there is no file, and AgentError for one that is something else."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AgentError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return msgspec.json.decode(raw[:FILE_BYTES_MAX], type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Not the decoder's own words: they may quote what the file holds.
        raise AgentError(f"{path} is not what it should be: remove it and make it anew.") from None


def write_private(path: Path, raw: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
