"""Trade URLs: what is one, whose it is, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.steam.ids import account_id, is_assetid, is_steamid, steamid_of
from tradepost.steam.trade_url import TradeUrl, is_trade_token, read_trade_url

URL = "https://steamcommunity.com/tradeoffer/new/?partner=906285305&token=Ab_-1234"
OWNER = "76561198866551033"


def test_a_trade_url_names_its_owner_and_token() -> None:
    url = read_trade_url(URL)
    assert url == TradeUrl(906285305, "Ab_-1234")
    assert url.steamid == OWNER
    assert url.belongs_to(OWNER)
    assert not url.belongs_to("76561198866551034")
    assert str(url) == URL


@pytest.mark.parametrize(
    "text",
    [
        f"  {URL} ",
        URL.replace("https", "http"),
        URL.replace("https://", "https://www."),
        URL.replace("/new/?", "/new?"),
        URL.replace("steamcommunity.com", "SteamCommunity.com"),
        "https://steamcommunity.com/tradeoffer/new/?token=Ab_-1234&partner=906285305",
        URL + "&for_item=730_2_1",
        URL + "#top",
    ],
)
def test_the_ways_people_paste_it_are_all_the_same_url(text: str) -> None:
    assert read_trade_url(text) == TradeUrl(906285305, "Ab_-1234")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "906285305",
        URL.replace("steamcommunity.com", "steamcommunity.com.evil.example"),
        URL.replace("steamcommunity.com", "steamcommunity.com@evil.example"),
        URL.replace("steamcommunity.com", "evil.example/steamcommunity.com"),
        URL.replace("steamcommunity.com", "steamcommunity.com:8443"),
        URL.replace("steamcommunity", "steamcommun\u0131ty"),
        URL.replace("https", "javascript"),
        URL.replace("/new/", "/new/../new/"),
        URL.replace("906285305", "0"),
        URL.replace("906285305", "0906285305"),
        URL.replace("906285305", "4294967296"),
        URL.replace("906285305", "-1"),
        URL.replace("906285305", "\uff1906285305"),
        URL.replace("906285305", "906285305%0A"),
        URL.replace("Ab_-1234", "short"),
        URL.replace("Ab_-1234", "a" * 17),
        URL.replace("Ab_-1234", "Ab_-123!"),
        URL.replace("Ab_-1234", "Ab_-1234%00"),
        URL.replace("&token=Ab_-1234", ""),
        URL.replace("partner=906285305&", ""),
        URL.replace("&", "&amp;"),
        URL + "&token=Zz_-1234",
        URL + "&partner=1",
        URL + "".join(f"&a{n}=1" for n in range(50)),
        URL + "&pad=" + "x" * 600,
        URL + "\n",
        URL + "\x00",
    ],
)
def test_what_only_looks_like_a_trade_url_is_none(text: str) -> None:
    assert read_trade_url(text) is None


@given(st.integers(1, 2**32 - 1), st.from_regex(r"[A-Za-z0-9_-]{6,16}", fullmatch=True))
def test_every_trade_url_reads_back_as_itself(partner: int, token: str) -> None:
    url = TradeUrl(partner, token)
    assert read_trade_url(str(url)) == url
    assert url.belongs_to(url.steamid)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert read_trade_url(text) is None
    assert read_trade_url(URL + text) is None or isinstance(read_trade_url(URL + text), TradeUrl)


@pytest.mark.parametrize("text", ["abcdef", "Ab_-1234", "0123456789abcdef"])
def test_a_trade_token_has_six_to_sixteen_plain_characters(text: str) -> None:
    assert is_trade_token(text)


@pytest.mark.parametrize("text", ["", "abcde", "a" * 17, "abcdef\n", "abcdé1", "abc def", "abcdef\x00"])
def test_no_other_text_is_a_trade_token(text: str) -> None:
    assert not is_trade_token(text)


def test_a_steamid_is_seventeen_ascii_digits_of_a_person() -> None:
    assert is_steamid(OWNER)
    assert steamid_of(account_id(OWNER)) == OWNER
    for text in ("", OWNER[:-1], OWNER + "0", OWNER + "\n", "7656119796026572\uff18", "76561190000000000"):
        assert not is_steamid(text), text
    assert not is_steamid(steamid_of(0))


def test_an_assetid_is_a_whole_number_of_sixty_four_bits() -> None:
    assert is_assetid("1")
    assert is_assetid("18446744073709551615")
    for text in ("", "0", "01", "-1", "1.0", "18446744073709551616", "1\n", "\uff11"):
        assert not is_assetid(text), text
