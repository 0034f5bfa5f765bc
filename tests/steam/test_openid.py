"""Signing in through Steam: the honest way works once, and each known attack on it fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steam.raw_server import Answer, RawServer, raw_server, reply
from steam.sim import Sim, simulator
from tradepost.steam.answers import RateLimited, Unavailable
from tradepost.steam.client import SteamClient
from tradepost.steam.door import Door
from tradepost.steam.openid import NotSignedIn, SignedIn, SignIn, SteamOpenId, new_state
from tradepost.steam.pacing import Limits

OURS = "https://market.example"
RETURN_TO = f"{OURS}/user/login/return"
STEAMID = "76561198000000001"
STATE = "kept-in-the-session"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NS = "http://specs.openid.net/auth/2.0"
NOBODY = cast("Door", None)  # whoever asks it fails
VALID = reply(f"ns:{NS}\nis_valid:true\n")

HONEST = {
    "state": STATE,
    "openid.ns": NS,
    "openid.mode": "id_res",
    "openid.op_endpoint": "https://steamcommunity.com/openid/login",
    "openid.claimed_id": f"https://steamcommunity.com/openid/id/{STEAMID}",
    "openid.identity": f"https://steamcommunity.com/openid/id/{STEAMID}",
    "openid.return_to": f"{RETURN_TO}?state={STATE}",
    "openid.response_nonce": "2026-11-20T12:00:00Zq5Y1Xx0Ii7",
    "openid.assoc_handle": "1234567890",
    "openid.signed": "signed,op_endpoint,claimed_id,identity,return_to,response_nonce,assoc_handle",
    "openid.sig": "c2lnbmF0dXJlIG9mIFN0ZWFtcw==",
}


class Nonces:
    """The caller's table: what was used, and until when it is kept."""

    def __init__(self) -> None:
        self.used: dict[str, datetime] = {}

    async def claim(self, nonce: str, forget_after: datetime) -> bool:
        new = nonce not in self.used
        self.used.setdefault(nonce, forget_after)
        return new


@asynccontextmanager
async def openid_at(server: Sim | RawServer) -> AsyncIterator[SteamOpenId]:
    limits = Limits(total_seconds=1.5, questions_per_second=1_000)
    async with SteamClient(now=lambda: NOW, community_url=server.base_url, limits=limits) as client:
        yield client.openid


async def judged(
    query: dict[str, str] | str, answer: Answer = VALID, now: datetime = NOW
) -> tuple[SignIn, bool]:
    """What becomes of this query, and whether Steam was asked at all."""
    text = query if isinstance(query, str) else urlencode(query)
    async with raw_server(answer) as server, openid_at(server) as openid:
        nonces = Nonces()
        found = await openid.verify(text, return_to=RETURN_TO, state=STATE, now=now, claim_nonce=nonces.claim)
        assert bool(nonces.used) == isinstance(found, SignedIn)
        return found, bool(server.requests)


async def come_back(sim: Sim, openid: SteamOpenId, return_to: str = RETURN_TO, state: str = STATE) -> str:
    """Sign in on Steam's page as a person would, and return with this query."""
    page = openid.begin(return_to, OURS, state)
    async with sim.http.get(page + f"&steamid={STEAMID}", allow_redirects=False) as response:
        location = response.headers["Location"]
    assert location.startswith(return_to)
    return urlsplit(location).query


# --- the honest way -------------------------------------------------------------------------------------


async def test_who_signs_in_on_steam_is_signed_in_once() -> None:
    async with simulator() as sim, openid_at(sim) as openid:
        await sim.control("POST", f"/_sim/users/{STEAMID}", {"name": "Alice"})
        query = await come_back(sim, openid)
        nonces = Nonces()
        now = datetime.now(UTC)

        async def verify() -> SignIn:
            return await openid.verify(
                query, return_to=RETURN_TO, state=STATE, now=now, claim_nonce=nonces.claim
            )

        assert await verify() == SignedIn(STEAMID)
        assert isinstance(await verify(), NotSignedIn)
        [(nonce, forget_after)] = nonces.used.items()
        assert nonce == dict(parse_qsl(query))["openid.response_nonce"]
        assert forget_after > now


async def test_every_word_that_steam_signed_is_guarded_by_its_signature() -> None:
    async with simulator() as sim, openid_at(sim) as openid:
        await sim.control("POST", f"/_sim/users/{STEAMID}", {"name": "Alice"})
        other = STEAMID[:-1] + "2"
        query = (await come_back(sim, openid)).replace(STEAMID, other)
        now = datetime.now(UTC)
        found = await openid.verify(
            query, return_to=RETURN_TO, state=STATE, now=now, claim_nonce=Nonces().claim
        )
        assert isinstance(found, NotSignedIn)


async def test_a_return_address_may_have_a_query_of_its_own() -> None:
    async with simulator() as sim, openid_at(sim) as openid:
        await sim.control("POST", f"/_sim/users/{STEAMID}", {"name": "Alice"})
        return_to = f"{RETURN_TO}?next=%2Foffers"
        query = await come_back(sim, openid, return_to)
        now = datetime.now(UTC)
        found = await openid.verify(
            query, return_to=return_to, state=STATE, now=now, claim_nonce=Nonces().claim
        )
        assert found == SignedIn(STEAMID)


async def test_the_honest_query_asks_steam_exactly_what_it_signed() -> None:
    async with raw_server(VALID) as server, openid_at(server) as openid:
        found = await openid.verify(
            urlencode(HONEST), return_to=RETURN_TO, state=STATE, now=NOW, claim_nonce=Nonces().claim
        )
    assert found == SignedIn(STEAMID)
    [request] = server.requests
    head, _, form = request.decode().partition("\r\n\r\n")
    assert head.startswith("POST /openid/login HTTP/1.1\r\n")
    asked = {name: value for name, value in HONEST.items() if name.startswith("openid.")}
    assert dict(parse_qsl(form)) == asked | {"openid.mode": "check_authentication"}


def test_the_way_out_carries_the_state_and_our_names() -> None:
    openid = SteamOpenId(NOBODY, "https://steamcommunity.com")
    address = urlsplit(openid.begin(RETURN_TO, OURS, "a&b"))
    assert (address.scheme, address.netloc, address.path) == ("https", "steamcommunity.com", "/openid/login")
    query = dict(parse_qsl(address.query))
    assert query["openid.return_to"] == f"{RETURN_TO}?state=a%26b"
    assert query["openid.realm"] == OURS
    assert query["openid.mode"] == "checkid_setup"


def test_states_are_long_and_never_the_same() -> None:
    states = {new_state() for _ in range(1_000)}
    assert len(states) == 1_000
    assert min(map(len, states)) >= 40


# --- attacks that are seen before Steam is asked --------------------------------------------------------

EVIL = "https://evil.example/openid/login"
ATTACKS: dict[str, dict[str, str]] = {
    "another mode": {"openid.mode": "cancel"},
    "the mode of the question": {"openid.mode": "check_authentication"},
    "another namespace": {"openid.ns": "http://openid.net/signon/1.1"},
    "a provider of one's own": {"openid.op_endpoint": EVIL},
    "a provider with a likely name": {"openid.op_endpoint": "https://steamcommunity.com.evil/openid/login"},
    "a provider without TLS": {"openid.op_endpoint": "http://steamcommunity.com/openid/login"},
    "a provider with a query": {"openid.op_endpoint": "https://steamcommunity.com/openid/login?x"},
    "another site's sign-in": {"openid.return_to": f"https://other.example/login?state={STATE}"},
    "a sign-in for a page of a likely name": {"openid.return_to": f"{RETURN_TO}.evil?state={STATE}"},
    "a sign-in that set out elsewhere": {
        "openid.return_to": f"{RETURN_TO}?state=another",
        "state": "another",
    },
    "a sign-in without our state": {"openid.return_to": RETURN_TO},
    "another state beside": {"state": "another"},
    "no state beside": {"state": ""},
    "an identity at an address": {"openid.claimed_id": f"http://83.97.20.218:9291/openid/id/{STEAMID}"},
    "an identity of a likely host": {
        "openid.claimed_id": f"https://steamcommunity.com.evil/openid/id/{STEAMID}"
    },
    "an identity without TLS": {"openid.claimed_id": f"http://steamcommunity.com/openid/id/{STEAMID}"},
    "an identity with a dot that is any": {
        "openid.claimed_id": f"https://steamcommunityXcom/openid/id/{STEAMID}"
    },
    "an identity and a line end": {"openid.claimed_id": f"https://steamcommunity.com/openid/id/{STEAMID}\n"},
    "an identity and more": {"openid.claimed_id": f"https://steamcommunity.com/openid/id/{STEAMID}/"},
    "an identity before the end": {
        "openid.claimed_id": f"{EVIL}?https://steamcommunity.com/openid/id/{STEAMID}"
    },
    "an identity of other digits": {
        "openid.claimed_id": "https://steamcommunity.com/openid/id/7656119800000000\uff11"
    },
    "an identity of nobody": {"openid.claimed_id": "https://steamcommunity.com/openid/id/76561190000000000"},
    "an identity that is two": {"openid.identity": "https://steamcommunity.com/openid/id/76561198000000002"},
    "a nonce of yesterday": {"openid.response_nonce": "2026-11-19T12:00:00Zabc"},
    "a nonce six minutes old": {"openid.response_nonce": "2026-11-20T11:54:00Zabc"},
    "a nonce of the future": {"openid.response_nonce": "2026-11-20T12:06:00Zabc"},
    "a nonce of no day": {"openid.response_nonce": "2026-02-31T12:00:00Zabc"},
    "a nonce without time": {"openid.response_nonce": "abc"},
    "a nonce without end": {"openid.response_nonce": "2026-11-20T12:00:00Z" + "a" * 300},
    "a nonce and a line end": {"openid.response_nonce": "2026-11-20T12:00:00Zabc\n"},
    "no signature": {"openid.sig": ""},
    "no handle": {"openid.assoc_handle": ""},
    "nothing signed": {"openid.signed": ""},
    "signed what is not there": {"openid.signed": HONEST["openid.signed"] + ",email"},
    "signed by an odd name": {"openid.signed": HONEST["openid.signed"] + ",a b"},
}
MUST_BE_SIGNED = ("op_endpoint", "claimed_id", "identity", "return_to", "response_nonce", "assoc_handle")


async def test_an_honest_query_passes_so_that_each_attack_fails_for_its_own_reason() -> None:
    assert await judged(HONEST) == (SignedIn(STEAMID), True)


@pytest.mark.parametrize("name", ATTACKS)
async def test_the_attack_fails_without_asking_steam(name: str) -> None:
    attack = ATTACKS[name]
    if "openid.claimed_id" in attack:  # both alike, so that it is not their difference that is seen
        attack = attack | {"openid.identity": attack["openid.claimed_id"]}
    found, asked = await judged(HONEST | attack)
    assert isinstance(found, NotSignedIn)
    assert not asked


@pytest.mark.parametrize("name", MUST_BE_SIGNED)
async def test_what_steam_did_not_sign_is_not_steams(name: str) -> None:
    signed = [word for word in HONEST["openid.signed"].split(",") if word != name]
    found, asked = await judged(HONEST | {"openid.signed": ",".join(signed)})
    assert isinstance(found, NotSignedIn)
    assert not asked


@pytest.mark.parametrize("name", HONEST)
async def test_a_parameter_that_is_missing_ends_it(name: str) -> None:
    found, asked = await judged({key: value for key, value in HONEST.items() if key != name})
    assert isinstance(found, NotSignedIn)
    assert not asked


@pytest.mark.parametrize("name", HONEST)
async def test_a_parameter_that_comes_twice_ends_it(name: str) -> None:
    found, asked = await judged(f"{urlencode(HONEST)}&{urlencode({name: HONEST[name]})}")
    assert isinstance(found, NotSignedIn)
    assert not asked


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&&&",
        urlencode(HONEST) + "&a=" + "x" * 9_000,
        urlencode(HONEST) + "".join(f"&a{n}=1" for n in range(50)),
        urlencode(HONEST) + "&a=%ff",
        urlencode(HONEST) + "&a=\ud800",
        urlencode(HONEST) + "&a=é",
        urlencode(HONEST).replace("openid.", "openid%2e") + "&openid.mode=id_res",
        quote(urlencode(HONEST)),
    ],
    ids=lambda query: query[-20:].encode("ascii", "replace").decode(),
)
async def test_a_query_that_is_none_ends_it(query: str) -> None:
    found, asked = await judged(query)
    assert isinstance(found, NotSignedIn)
    assert not asked


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    openid = SteamOpenId(NOBODY, "https://steamcommunity.com")
    found = asyncio.run(
        openid.verify(text, return_to=RETURN_TO, state=STATE, now=NOW, claim_nonce=Nonces().claim)
    )
    assert isinstance(found, NotSignedIn)


# --- attacks on the question itself ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        f"ns:{NS}\nis_valid:false\n",
        "is_valid:true\n",
        f"ns:{NS}\n",
        f"ns:{NS}\nis_valid:true \n",
        f"ns:{NS}\nis_valid:True\n",
        f"ns:{NS}\n is_valid:true\n",
        f"ns:{NS}\nis_valid:true\nis_valid:false\n",
        f"ns:{NS}\nis_valid:false\nis_valid:true\n",
        f"ns:{NS}\nerror:is_valid:true\n",
        f"ns:{NS}\u2028is_valid:true\n",
        "ns:http://openid.net/signon/1.0\nis_valid:true\n",
        "<html>is_valid:true</html>",
        "",
    ],
)
async def test_only_steams_plain_yes_is_a_yes(body: str) -> None:
    found, asked = await judged(HONEST, reply(body))
    assert isinstance(found, NotSignedIn)
    assert asked


@pytest.mark.parametrize(
    "answer",
    [
        reply(f"ns:{NS}\nis_valid:true\n", 302, Location="http://127.0.0.1:1/"),
        reply(f"ns:{NS}\nis_valid:true\n", 500),
        reply(f"ns:{NS}\nis_valid:true\n", 403),
        reply(f"ns:{NS}\nis_valid:true\n" + "x" * 5_000),
        reply("", 204),
    ],
)
async def test_a_yes_in_a_wrong_wrapping_is_no_answer(answer: Answer) -> None:
    found, asked = await judged(HONEST, answer)
    assert isinstance(found, Unavailable)
    assert asked


async def test_a_tired_steam_is_told_apart_from_a_false_signature() -> None:
    assert await judged(HONEST, reply("null", 429, Retry_After="9")) == (RateLimited(9), True)


async def test_of_one_sign_in_that_comes_twice_at_once_one_wins() -> None:
    """Steam itself may say yes to both: the caller's table decides."""
    nonces = Nonces()
    async with raw_server(VALID) as server, openid_at(server) as openid:
        found = await asyncio.gather(
            *(
                openid.verify(
                    urlencode(HONEST), return_to=RETURN_TO, state=STATE, now=NOW, claim_nonce=nonces.claim
                )
                for _ in range(8)
            )
        )
    assert sum(isinstance(each, SignedIn) for each in found) == 1
    assert sum(isinstance(each, NotSignedIn) for each in found) == 7


@pytest.mark.parametrize("age", [timedelta(minutes=-5), timedelta(0), timedelta(minutes=5)])
async def test_a_nonce_is_remembered_for_as_long_as_it_could_be_used(age: timedelta) -> None:
    nonces = Nonces()
    now = NOW + age
    async with raw_server(VALID) as server, openid_at(server) as openid:
        await openid.verify(
            urlencode(HONEST), return_to=RETURN_TO, state=STATE, now=now, claim_nonce=nonces.claim
        )
    [forget_after] = nonces.used.values()
    just_after = forget_after + timedelta(seconds=1)
    found, asked = await judged(HONEST, now=just_after)
    assert isinstance(found, NotSignedIn)
    assert not asked
