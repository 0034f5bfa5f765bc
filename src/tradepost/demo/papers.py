"""The papers that a demo keeps in its data directory, closed to everybody but their owner, written whole or not.

town.json       what a start needs to know of the town; it says `is_filled` only when all of the town is there
settings.toml   the settings of the demo's processes, and of every command that is given this directory
demo.json       where the running demo is, for programs that use it; gone when it stops
"""

import json
import os
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tradepost.config import Settings
from tradepost.demo.processes import Pids
from tradepost.embedded import Server

TOWN, SETTINGS, ROBOTS, DEMO = "town.json", "settings.toml", "robots.json", "demo.json"
STEAM, AGENTS, SHOP, LOGS = "steam", "agents", "shop", "logs"  # folders


class Account(msgspec.Struct, frozen=True):
    """A Steam account of the town, with the secret by which its owner acts on the market or gets offers."""

    steamid: str
    token: str


class Player(msgspec.Struct, frozen=True):
    """Somebody who plays on the game site."""

    steamid: str
    name: str


class Site(msgspec.Struct, frozen=True):
    """The game site, as the shop that runs it has to know it; with its secrets, which the market shows once."""

    steamid: str
    token: str  # of the merchant API
    shop_url: str = ""  # where the market was told last that the shop is
    public_hash: str = ""
    secret_hash: str = ""
    secret_v2: str = ""
    notice_secret: str = ""
    webhook_secret: str = ""
    players: tuple[Player, ...] = ()  # first the one who can pay at once


class Town(msgspec.Struct, frozen=True):
    """What a start needs to know of a town that was filled before."""

    is_filled: bool = False
    merchant: Account = Account("", "")  # with his API token, as the shops and the self-sellers below
    buyer: Account = Account("", "")  # with his trade token, as the customers
    sellers: tuple[str, ...] = ()  # online, and their items may be listed by the merchant
    online: tuple[str, ...] = ()  # whose programs run
    shops: tuple[Account, ...] = ()
    self_sellers: tuple[Account, ...] = ()
    customers: tuple[Account, ...] = ()
    site: Site = Site("", "")
    operator: str = ""  # the name of an admin; nothing in a town of a version that had none


def read_town(data_dir: Path) -> Town | None:
    """Return what is known of the town in a directory; None where there never was one."""
    try:
        town = msgspec.json.decode((data_dir / TOWN).read_bytes(), type=Town)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError:
        return Town()  # of another version: filled anew
    return town if town.site.public_hash else Town()  # of a version before there was a game site: likewise


def write_town(data_dir: Path, town: Town) -> None:
    """Keep what is known of the town."""
    write(data_dir / TOWN, msgspec.json.format(msgspec.json.encode(town)))


def write_settings(data_dir: Path, settings: Settings) -> None:
    """Keep the settings as a TOML file, without secrets and what depends on who reads it."""
    lines = ["# Written by `tradepost demo` at each start; commands that are given this directory read it."]
    for one in fields(settings):
        value = getattr(settings, one.name)
        if one.name != "data_dir" and not one.metadata["secret"] and value not in (None, one.default):
            # What JSON writes of texts, lists of texts and whole numbers is TOML as well.
            lines.append(f"{one.name} = {json.dumps(_plain(value), ensure_ascii=False)}")
    write(data_dir / SETTINGS, "\n".join([*lines, ""]).encode())


def environ(settings: Settings, dsn: str | None) -> dict[str, str]:
    """Return the environment of a process of the demo: ours without settings, but for those that no file has."""
    found = bare_environ()
    for one in fields(settings):
        if one.metadata["secret"] and getattr(settings, one.name):
            found[f"TRADEPOST_{one.name.upper()}"] = getattr(settings, one.name)
    found.pop("TRADEPOST_DATABASE_URL", None)
    return found | ({"DATABASE_URL": dsn} if dsn else {})


def bare_environ() -> dict[str, str]:
    """Return our environment without any setting of the market."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
    found.pop("DATABASE_URL", None)
    return found | {"PYTHONUNBUFFERED": "1"}


def write_card(
    data_dir: Path, town: Town, settings: Settings, shop_url: str | None, server: Server, pids: Pids
) -> None:
    """Tell programs where the running demo is, and with which secrets it is used."""
    card: dict[str, Any] = {
        "base_url": settings.base_url,
        "steam_url": settings.steam_control_url,
        "merchant_token": town.merchant.token,
        "merchant_steamid": town.merchant.steamid,
        "seller_steamids": town.sellers,
        "buyer_steamid": town.buyer.steamid,
        "buyer_trade_token": town.buyer.token,
        "shop_url": shop_url,  # null where the shop does not run
        "shop_steamid": town.site.steamid,
        "shop_token": town.site.token,
        "public_hash": town.site.public_hash,
        "secret_hash": town.site.secret_hash,
        "secret_v2": town.site.secret_v2,
        "notice_secret": town.site.notice_secret,
        "webhook_secret": town.site.webhook_secret,
        "payer_steamid": town.site.players[0].steamid,
        "pids": pids,
        "supervisor_pid": os.getpid(),
        "data_dir": str(data_dir),
        "database_dir": str(server.cluster_dir),
    }
    if server.moved:
        card["note"] = (
            f"The user of the database cannot reach {data_dir}: the database is in {server.cluster_dir}."
        )
    write(data_dir / DEMO, msgspec.json.format(msgspec.json.encode(card)))


def last_shop_port(data_dir: Path) -> int | None:
    """Return the port of the example shop at the last start, if there was one."""
    town = read_town(data_dir)
    return urlsplit(town.site.shop_url).port if town else None


def last_steam_port(data_dir: Path) -> int | None:
    """Return the port of the simulated Steam at the last start, if there was one."""
    try:
        settings = tomllib.loads((data_dir / SETTINGS).read_text(encoding="utf-8"))
        return urlsplit(str(settings["steam_control_url"])).port
    except (OSError, ValueError, KeyError):
        return None


def write(path: Path, content: bytes) -> None:
    """Put a file in its place in one step, readable for its owner alone; no reader ever sees half of it."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
