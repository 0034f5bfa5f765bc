"""Profiles: the names and pictures of Steam users."""

import re
from collections.abc import Mapping, Sequence

from tradepost.steam import wire
from tradepost.steam.answers import NoAnswer, Profile, Unavailable
from tradepost.steam.door import Door, Reply, api_body
from tradepost.steam.ids import is_steamid

PROFILES_MAX = 100  # that Steam tells at once

_UNIX_MAX = 2**32
_ADDRESS = re.compile(r"https?://[!-~]{1,500}", re.ASCII)


async def read_profiles(
    door: Door, base_url: str, credentials: Mapping[str, str], steamids: Sequence[str]
) -> dict[str, Profile] | NoAnswer:
    """The profiles of up to a hundred users; one that Steam does not know is left out."""
    query = {**credentials, "steamids": ",".join(steamids)}
    reply = await door.get(base_url, "/ISteamUser/GetPlayerSummaries/v2/", query)
    if not isinstance(reply, Reply):
        return reply
    body = api_body(reply)
    if isinstance(body, Unavailable):
        return body
    answer = wire.read(wire.PlayersAnswer, body)
    if answer is None or wire.rows(answer.response.players) is None:
        return Unavailable("Steam's answer on profiles is not one")
    players = wire.entries(wire.Player, answer.response.players)
    found = {profile.steamid: profile for player in players if player and (profile := _profile(player))}
    return {steamid: found[steamid] for steamid in steamids if steamid in found}


def _profile(player: wire.Player) -> Profile | None:
    steamid = str(player.steamid)
    if not is_steamid(steamid):
        return None
    return Profile(
        steamid=steamid,
        name=wire.text(player.personaname) or steamid,
        avatar_url=_address(player.avatarfull),
        profile_url=_address(player.profileurl),
        created_at=wire.whole(player.timecreated, _UNIX_MAX),
    )


def _address(text: str) -> str:
    return text if _ADDRESS.fullmatch(text) else ""
