"""The agent's parts by themselves: what Steam's complaints mean, whose offer it is, what is kept and how."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tradepost.agent import steam_wire
from tradepost.agent.credentials import keep_session, load_session, read_session
from tradepost.agent.errors import AgentError, SteamSilent
from tradepost.agent.home import Floors, Home, Pairing
from tradepost.agent.journal import KEPT_SECONDS, Journal
from tradepost.agent.market import check_market_url
from tradepost.agent.market_wire import Directive, Item
from tradepost.agent.matching import find, is_of_trade, is_received_of_trade
from tradepost.agent.pressure import Cooldown, too_many
from tradepost.agent.sending import searched_since
from tradepost.agent.settings import AgentSettings, load_settings
from tradepost.agent.steam_answers import Asset, Refused, SteamOffer, Unknown, read_complaint

STEAMID = "76561198000000001"
PARTNER = "76561198000000002"


# Steam's complaints ----------------------------------------------------------------------------------

ERROR = "There was an error sending your trade offer.  Please try again later. ({})"


@pytest.mark.parametrize(
    ("text", "kind", "cause"),
    [
        (ERROR.format(15), Refused, "bad_token"),
        (ERROR.format(25), Refused, "account_limit"),
        (ERROR.format(26), Refused, "items_gone"),
        (ERROR.format(50), Refused, "partner_unavailable"),
        (ERROR.format(16), Unknown, "timeout_unknown"),
        (ERROR.format(11), Unknown, "timeout_unknown"),
        (ERROR.format(2), Unknown, "timeout_unknown"),
        (ERROR.format(20), Unknown, "service_down"),
        (ERROR.format(999), Unknown, "timeout_unknown"),
        ("You have sent too many trade offers, or have too many outstanding trade offers with X.", Refused, "partner_limit"),
        ("You cannot trade with X because they have a trade ban.", Refused, "trade_ban"),
        ("X is not available to trade. More information will be shown to X if they invite you to trade.", Refused, "partner_unavailable"),
        ("You have logged in from a new device. In order to protect the items <br>in your inventory", Refused, "new_device"),
        ("We were unable to contact the game's item server.", Unknown, "timeout_unknown"),
        ("", Unknown, "timeout_unknown"),
        ("(16) is what it said first (15) then", Unknown, "timeout_unknown"),
    ],
)  # fmt: skip
def test_a_complaint_is_sure_only_where_steam_surely_made_nothing(text: str, kind: type, cause: str) -> None:
    found = read_complaint(text, 500)
    assert (type(found), found.cause) == (kind, cause)


def test_a_complaints_markup_and_control_characters_are_not_passed_on() -> None:
    found = read_complaint("a<b>bold</b>\x00\x1b[31m \u202etext" + "x" * 1000, 500)
    assert found.text.startswith("a bold") and "\x00" not in found.text and "\x1b" not in found.text
    assert len(found.text) <= 400


# Whose offer it is -----------------------------------------------------------------------------------

ITEM = Item(appid=730, contextid="2", assetid="7")
OURS = SteamOffer("1", PARTNER, True, "#5", 2, None, (Asset(730, "2", "7"),), ())


@pytest.mark.parametrize(
    "change",
    [
        {"is_ours": False}, {"partner_steamid": STEAMID}, {"message": "#55"}, {"message": ""},
        {"mine": ()}, {"mine": (Asset(730, "2", "8"),)}, {"mine": (Asset(730, "16", "7"),)},
        {"mine": (Asset(730, "2", "7"), Asset(730, "2", "8"))}, {"mine": (Asset(730, "2", "7", 2),)},
        {"theirs": (Asset(730, "2", "9"),)},
    ],
)  # fmt: skip
def test_an_offer_that_differs_in_anything_is_another(change: dict[str, Any]) -> None:
    assert is_of_trade(OURS, PARTNER, [ITEM], "#5")
    assert not is_of_trade(replace(OURS, **change), PARTNER, [ITEM], "#5")


def test_of_several_offers_of_a_trade_the_newest_counts() -> None:
    older = replace(OURS, id="9", state=6)
    assert find([replace(OURS, id="10"), older], PARTNER, [ITEM], "#5") == replace(OURS, id="10")
    assert find([], PARTNER, [ITEM], "#5") is None


def test_what_comes_in_is_recognized_by_its_other_side() -> None:
    incoming = replace(OURS, is_ours=False, mine=(), theirs=OURS.mine)
    assert is_received_of_trade(incoming, PARTNER, [ITEM])
    assert not is_received_of_trade(replace(incoming, mine=OURS.mine), PARTNER, [ITEM])


# Limits ----------------------------------------------------------------------------------------------


def test_five_live_offers_to_a_partner_or_thirty_in_all_are_enough() -> None:
    settings = AgentSettings()
    four = [replace(OURS, id=str(n)) for n in range(4)]
    assert too_many(four, PARTNER, settings) is None
    assert too_many([*four, OURS], PARTNER, settings) == "partner_limit"
    assert too_many([*four, replace(OURS, state=6)], PARTNER, settings) is None
    others = [replace(OURS, id=str(n), partner_steamid=str(n)) for n in range(30)]
    assert too_many(others, PARTNER, settings) == "account_limit"


def test_a_silence_doubles_up_to_its_most_and_begins_small_after_a_success() -> None:
    cooldown = Cooldown(120, 1_800)
    assert [cooldown.begin(0) for _ in range(6)] == [120, 240, 480, 960, 1_800, 1_800]
    assert cooldown.left(100) == 1_700
    cooldown.end()
    assert cooldown.begin(0) == 120


def test_a_search_reaches_back_to_the_oldest_purchase_or_to_the_beginning() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    known = [Directive(directive_id="a", action="x", bought_at=now - timedelta(days=d)) for d in (1, 2)]
    assert searched_since(known) == now - timedelta(days=2, hours=1)
    assert searched_since([*known, Directive(directive_id="b", action="x")]) is None


# Steam's answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"<html>", b'{"response":{}}', b'{"response":{"trade_offers_sent":{}}}',
     b'{"response":{"trade_offers_sent":[{"tradeofferid":"x","accountid_other":1,"trade_offer_state":2}]}}',
     b'{"response":{"trade_offers_sent":[{"tradeofferid":"1","accountid_other":99999999999,"trade_offer_state":2}]}}',
     b'{"response":{"trade_offers_sent":[{"tradeofferid":"1"}]}}'],
)  # fmt: skip
def test_an_answer_that_is_not_one_is_never_an_empty_list(body: bytes) -> None:
    with pytest.raises(SteamSilent):
        page = steam_wire.response(steam_wire.Offers, body, "offers")
        if not page.trade_offers_sent:
            raise SteamSilent("nothing said")
        list(steam_wire.offers(page.trade_offers_sent))


# What is kept ----------------------------------------------------------------------------------------


def test_a_journal_survives_and_an_intent_is_unknown_after_a_start(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = Journal(path)
    journal.intend("a", "1", {"directive_id": "a"}, 10.0)
    journal.done("b", "cancel_offer", "2", {"status": "success"}, 11.0)
    journal.close()
    journal = Journal(path)
    assert journal.woken(20.0) == 1
    (entry,) = journal.open()
    assert (entry.id, entry.state, entry.attempted_at) == ("a", "unknown", 20.0)
    assert [each.id for each in journal.untold()] == ["b"]
    journal.told(["b"])
    assert journal.untold() == []
    journal.tell_again("b")
    assert [each.id for each in journal.untold()] == ["b"]
    journal.tell_again("a")  # not done: there is nothing to tell
    assert [each.id for each in journal.untold()] == ["b"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    journal.close()


def test_a_journal_forgets_what_was_told_long_ago_and_nothing_else(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    journal.intend("open", "1", {}, 0.0)
    journal.done("untold", "cancel_offer", "2", {}, 0.0)
    journal.done("told", "cancel_offer", "3", {}, 0.0, is_told=True)
    journal.forget_old(KEPT_SECONDS + 1.0)
    assert [journal.get(name) is not None for name in ("open", "untold", "told")] == [True, True, False]
    journal.close()


def test_a_settlement_is_remembered_when_steam_has_forgotten_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    at = datetime(2026, 11, 28, 7, tzinfo=UTC)
    journal.keep_settlement("1", at, 0.0)
    assert journal.settlement("1") == at and journal.settlement("2") is None
    journal.close()


def test_a_broken_journal_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"not a database, and long enough to be seen as none" * 100)
    with pytest.raises(AgentError, match="cannot be used"):
        Journal(path)


def jwt(**claims: object) -> str:
    import base64

    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({}, claims)
    ]
    return ".".join([*parts, "signature"])


def given(**changes: Any) -> bytes:
    token = changes.pop("token", jwt(sub=STEAMID, exp=2_000_000_000))
    words = {"steam_login_secure": f"{STEAMID}%7C%7C{token}", "sessionid": "abc123"} | changes
    return json.dumps({name: value for name, value in words.items() if value is not None}).encode()


def test_a_session_is_completed_from_its_cookie_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    session = read_session(given())
    assert session.steamid == STEAMID and session.access_token.count(".") == 2
    assert session.expires_at == datetime.fromtimestamp(2_000_000_000, UTC)
    path = tmp_path / "new" / "session.json"
    keep_session(path, session)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_session(path) == session
    assert [each.name for each in path.parent.iterdir()] == ["session.json"]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"null", b"\xff", b"{}",
        given(sessionid=None), given(steam_login_secure=None), given(sessionid="a;b"), given(sessionid="a\r\nX: y"),
        given(access_token="0123456789ABCDEF0123456789ABCDEF"),
        given(access_token=jwt(sub=PARTNER)), given(steamid=PARTNER), given(token="nonsense"),
        given(identity_secret="short"), given(identity_secret="not base64!"),
    ],
)  # fmt: skip
def test_what_is_no_session_is_refused_in_a_sentence_that_does_not_quote_it(raw: bytes) -> None:
    with pytest.raises(AgentError) as refused:
        read_session(raw)
    assert "0123456789ABCDEF" not in str(refused.value)


def test_a_home_has_one_folder_an_account(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with pytest.raises(AgentError, match="No account is paired"):
        home.the_place(None)
    home.prepare()
    first = home.place(STEAMID)
    first.keep_pairing(Pairing("https://market.example", "agt_x", STEAMID, home.device_id()))
    assert home.the_place(None).steamid == STEAMID
    home.place(PARTNER).keep_pairing(Pairing("https://market.example", "agt_y", PARTNER, home.device_id()))
    with pytest.raises(AgentError, match="--steamid"):
        home.the_place(None)
    assert home.the_place(PARTNER).steamid == PARTNER
    with pytest.raises(AgentError, match="17 digits"):
        home.place("../../etc")
    assert home.device_id() == home.device_id()
    first.forget()
    assert [place.steamid for place in home.places()] == [PARTNER]


def test_two_programs_do_not_share_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert not home.is_running()
    with home.locked():
        assert home.is_running()
        with pytest.raises(AgentError, match="Another agent"), home.locked():
            pass
    assert not home.is_running()


def test_a_merchants_floor_can_only_raise_the_general_one() -> None:
    floors = Floors(8_000, {PARTNER: 9_000, STEAMID: 5_000})
    assert [floors.of(who) for who in (PARTNER, STEAMID, "x")] == [9_000, 8_000, 8_000]


def test_a_file_of_ours_that_is_none_is_refused_without_quoting_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.place(STEAMID).path / "pairing.json").write_text('{"agent_token": ["agt_secret"]}')
    with pytest.raises(AgentError) as refused:
        home.place(STEAMID).pairing()
    assert "agt_secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("poll_second_max = 3", "is it poll_seconds_max"),
        ("poll_seconds_max = 0", "above zero"),
        ("poll_seconds_max = true", "above zero"),
        ("offers_max = 2.5", "above zero"),
        ("auto_confirm = 1", "true or false"),
        ('community_url = "steamcommunity.com"', "an address"),
        ("= 3", "is not TOML"),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    with pytest.raises(AgentError, match=sentence):
        load_settings(path)


def test_settings_are_read_and_may_be_missing(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == AgentSettings()
    path = tmp_path / "agent.toml"
    path.write_text("poll_seconds_max = 2\nauto_confirm = true\n")
    assert load_settings(path) == AgentSettings(poll_seconds_max=2, auto_confirm=True)


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("https://market.example", True), ("https://market.example:8443", True), ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True), ("http://[::1]:8000", True), ("http://market.example", False),
        ("https://market.example/", False), ("ftp://market.example", False), ("market.example", False),
        ("https://market.example?x=1", False), ("http://127.0.0.1.example", False), ("", False),
    ],
)  # fmt: skip
def test_the_agents_token_travels_in_the_clear_to_this_machine_alone(url: str, is_fine: bool) -> None:
    if is_fine:
        check_market_url(url)
    else:
        with pytest.raises(AgentError):
            check_market_url(url)


def test_what_goes_into_the_journal_comes_out_as_the_same_directive(tmp_path: Path) -> None:
    directive = Directive(
        directive_id="a",
        action="create_offer",
        trade_id="1",
        items=[ITEM],
        bought_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    journal = Journal(tmp_path / "journal.sqlite3")
    journal.intend("a", "1", msgspec.to_builtins(directive), 1.0)
    entry = journal.get("a")
    assert entry is not None and msgspec.convert(entry.body, Directive, strict=False) == directive
    journal.close()


def test_every_setting_verb_and_reason_stands_in_the_agents_page() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "agent.md").read_text(encoding="utf-8")
    for name in AgentSettings.__dataclass_fields__:
        assert f"`{name}`" in page, name
    for verb in ("pair", "sign-in", "run", "status", "grants", "unpair"):
        assert f"`tradepost agent {verb}" in page, verb
    source = "".join(path.read_text(encoding="utf-8") for path in (root / "src/tradepost/agent").glob("*.py"))
    for word in ("no_steam_session", "account_mismatch", "new_device", "offer_replaced"):
        assert f'"{word}"' in source and f"`{word}`" in page, word


def test_an_odd_entry_of_steams_is_read_as_far_as_it_matters() -> None:
    raw = msgspec.Raw(
        b'[{"tradeofferid":7,"accountid_other":"1","trade_offer_state":2,"is_our_offer":true,"message":null,'
        b'"tradeid":"0","items_to_give":[{"appid":730,"currencyid":"1","amount":"5"}],"items_to_receive":null}]'
    )
    (offer,) = steam_wire.offers(raw)
    assert (offer.id, offer.message, offer.tradeid, offer.theirs) == ("7", "", None, ())
    assert offer.mine[0].key == (730, "0", "0", 5)
