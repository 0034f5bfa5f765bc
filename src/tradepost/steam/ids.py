"""SteamIDs: the 64-bit number of a person on Steam, and the 32-bit account number inside it."""

import re

ACCOUNT_MAX = 2**32 - 1

_FIRST = 76561197960265728  # the SteamID64 of account 0: public universe, individual, desktop
_STEAMID = re.compile(r"7656119[0-9]{10}", re.ASCII)
_ASSETID = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)


def is_steamid(text: str) -> bool:
    """Whether a text is the SteamID64 of a person."""
    return _STEAMID.fullmatch(text) is not None and 0 < int(text) - _FIRST <= ACCOUNT_MAX


def account_id(steamid: str) -> int:
    """The account number in a SteamID64, as trade URLs and offers write it."""
    return int(steamid) - _FIRST


def steamid_of(account: int) -> str:
    """The SteamID64 of an account number."""
    return str(_FIRST + account)


def is_assetid(text: str) -> bool:
    """Whether a text can be the id of an asset: a whole number of 64 bits above zero."""
    return _ASSETID.fullmatch(text) is not None and int(text) < 2**64
