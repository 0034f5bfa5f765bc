"""Accounts on the wire: summaries, bans, the XML profile, the clock of the mobile app, and web tokens."""

from html import escape
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, answer, redirect, route
from tradepost.steam.simulator.econ import with_viewer
from tradepost.steam.simulator.entities import User
from tradepost.steam.simulator.exchange import NEVER
from tradepost.steam.simulator.sessions import TOKEN_SECONDS, account_name, api_key, mint_token
from tradepost.steam.simulator.trading import is_banned

STEAMIDS_MAX = 100
PUBLIC, PRIVATE = 3, 1


def avatar_hash(user: User) -> str:
    """Forty hex digits that belong to this account."""
    return f"{user.accountid:08x}" * 5


def avatar(call: Call, user: User, size: str = "") -> str:
    """An avatar's address; under another host than Steam's it is served here."""
    is_steam = call.community == "https://steamcommunity.com"
    folder = "https://avatars.steamstatic.com" if is_steam else f"{call.community}/avatars"
    return f"{folder}/{avatar_hash(user)}{size}.jpg"


def get_player_summaries(call: Call, _: User) -> Response:
    """ISteamUser/GetPlayerSummaries: those of the accounts asked for that exist, in no order."""
    users = _users(call)
    players = [
        {
            "steamid": user.steamid,
            "communityvisibilitystate": PUBLIC,
            "profilestate": 1,
            "personaname": user.name,
            "commentpermission": 1,
            "profileurl": f"{call.community}/profiles/{user.steamid}/",
            "avatar": avatar(call, user),
            "avatarmedium": avatar(call, user, "_medium"),
            "avatarfull": avatar(call, user, "_full"),
            "avatarhash": avatar_hash(user),
            "lastlogoff": user.created,
            "personastate": 1,
            "primaryclanid": "103582791429521408",
            "timecreated": user.created,
            "personastateflags": 0,
        }
        for user in users
    ]
    return answer({"response": {"players": players}})


def get_player_bans(call: Call, _: User) -> Response:
    """ISteamUser/GetPlayerBans."""
    now = call.world.now()
    players = [
        {
            "SteamId": user.steamid,
            "CommunityBanned": False,
            "VACBanned": False,
            "NumberOfVACBans": 0,
            "DaysSinceLastBan": 0,
            "NumberOfGameBans": 0,
            "EconomyBan": ("banned" if user.banned_until == NEVER else "probation")
            if is_banned(user, now)
            else "none",
        }
        for user in _users(call)
    ]
    return answer({"players": players})


def query_time(call: Call) -> Response:
    """ITwoFactorService/QueryTime: the real time, by which codes and confirmation keys are made."""
    body: dict[str, Any] = {
        "server_time": str(int(call.world.real_now())),
        "skew_tolerance_seconds": "60",
        "large_time_jink": "86400",
        "probe_frequency_seconds": 3600,
        "adjusted_time_probe_frequency_seconds": 300,
        "hint_probe_frequency_seconds": 60,
        "sync_timeout": 60,
        "try_again_seconds": 900,
        "max_attempts": 3,
    }
    return answer({"response": body})


def async_config(call: Call) -> Response:
    """GET /pointssummary/ajaxgetasyncconfig: a web API token for whoever is signed in."""
    if call.visitor is None:
        return answer({"success": 1, "data": []}, eresult=None)
    token = mint_token(call.world, call.visitor, TOKEN_SECONDS)
    return answer({"success": 1, "data": {"webapi_token": token}}, eresult=None)


def client_token(call: Call) -> Response:
    """GET /chat/clientjstoken: who is signed in."""
    user = call.visitor
    if user is None:
        return answer({"logged_in": False, "steamid": "", "accountid": 0, "account_name": "", "token": ""})
    token = mint_token(call.world, user, TOKEN_SECONDS, ("client",))
    body = {"logged_in": True, "steamid": user.steamid, "accountid": user.accountid}
    return answer(body | {"account_name": account_name(user), "token": token}, eresult=None)


def notification_counts(_: Call) -> Response:
    """GET /actions/GetNotificationCounts."""
    return answer({"notifications": {str(number): 0 for number in range(1, 12)}}, eresult=None)


def my_profile(call: Call) -> Response:
    """GET /my and below: the profile of whoever is signed in, or the sign-in page."""
    if call.visitor is None:
        return redirect(f"{call.community}/login/home/?goto=%2Fmy")
    rest = call.path.get("rest", "")
    return redirect(f"{call.community}/profiles/{call.visitor.steamid}{f'/{rest}' if rest else ''}")


def request_key(call: Call) -> Response:
    """POST /dev/requestkey: every account here has its Web API key already."""
    if call.visitor is None or not call.is_csrf_safe:
        return answer({"success": 15}, eresult=None)
    body = {"success": 1, "api_key": api_key(call.visitor), "request_id": "0", "requires_confirmation": 0}
    return answer(body, eresult=None)


def xml_profile(call: Call, user: User | None) -> Response:
    """A profile as `?xml=1` writes it."""
    if user is None:
        text = "<response><error><![CDATA[The specified profile could not be found.]]></error></response>"
    else:
        ban = "Banned" if is_banned(user, call.world.now()) else "None"
        text = (
            f"<profile><steamID64>{user.steamid}</steamID64><steamID>{escape(user.name)}</steamID>"
            "<onlineState>online</onlineState><stateMessage>Online</stateMessage>"
            f"<privacyState>public</privacyState><visibilityState>{PUBLIC}</visibilityState>"
            f"<avatarIcon>{avatar(call, user)}</avatarIcon>"
            f"<avatarMedium>{avatar(call, user, '_medium')}</avatarMedium>"
            f"<avatarFull>{avatar(call, user, '_full')}</avatarFull>"
            f"<vacBanned>0</vacBanned><tradeBanState>{ban}</tradeBanState>"
            "<isLimitedAccount>0</isLimitedAccount><customURL></customURL>"
            "<memberSince>January 1, 2020</memberSince></profile>"
        )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return Response(head + text, media_type="text/xml; charset=utf-8")


def _users(call: Call) -> list[User]:
    steamids = call.argument("steamids").split(",")[:STEAMIDS_MAX]
    known = (call.world.users.get(steamid.strip()) for steamid in dict.fromkeys(steamids))
    return [user for user in known if user is not None]


ROUTES: list[Route] = [
    route("/ISteamUser/GetPlayerSummaries/{version}", with_viewer(get_player_summaries)),
    route("/ISteamUser/GetPlayerBans/{version}", with_viewer(get_player_bans)),
    route("/ITwoFactorService/QueryTime/{version}", query_time, "GET", "POST"),
    route("/pointssummary/ajaxgetasyncconfig", async_config),
    route("/chat/clientjstoken", client_token),
    route("/actions/GetNotificationCounts", notification_counts),
    route("/my", my_profile),
    route("/my/{rest:path}", my_profile),
    route("/dev/requestkey", request_key, "POST"),
]
