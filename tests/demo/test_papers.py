"""The demo's papers and addresses: settings that come back as they were, secrets that stay out, ports that are free."""

import socket
import stat
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tradepost import dial
from tradepost.config import Settings, load
from tradepost.demo import addresses, papers
from tradepost.demo.errors import DemoRefused
from tradepost.demo.papers import Account, Player, Site, Town

CHOSEN = Settings(
    mode="demo",
    base_url="http://[::1]:8123",
    allowed_hosts=("localhost", "*.example.org"),
    key="k1:" + "A" * 43,
    steam_web_api_key="0123456789ABCDEF",
    fee_bps=750,
    data_dir=Path("elsewhere"),
)


def test_settings_come_back_as_they_were_but_for_secrets_and_the_directory(tmp_path: Path) -> None:
    papers.write_settings(tmp_path, CHOSEN)
    file = tmp_path / "settings.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert CHOSEN.key not in file.read_text() and CHOSEN.steam_web_api_key not in file.read_text()
    public = replace(CHOSEN, key="", steam_web_api_key="", data_dir=Settings().data_dir)
    assert load({}, file) == public
    with_secrets = load(papers.environ(CHOSEN, "postgresql://tradepost@/tradepost"), file)
    for one in fields(Settings):
        if one.name not in {"data_dir", "database_url"}:
            assert getattr(with_secrets, one.name) == getattr(CHOSEN, one.name), one.name
    assert with_secrets.database_url == "postgresql://tradepost@/tradepost"


def test_a_process_of_the_demo_never_sees_the_database_of_its_users_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://production/")
    monkeypatch.setenv("TRADEPOST_MODE", "production")
    found = papers.environ(replace(CHOSEN, database_url="postgresql://production/"), None)
    assert not [name for name in found if "DATABASE" in name or name == "TRADEPOST_MODE"]
    assert found["PATH"]


def test_a_town_comes_back_and_one_that_cannot_be_read_is_filled_anew(tmp_path: Path) -> None:
    assert papers.read_town(tmp_path) is None
    site = Site(
        "5",
        "test_y",
        "http://127.0.0.1:8002",
        "ab",
        "cd",
        "ef",
        "whsec_x",
        "whsec_y",
        (Player("6", "Robin"),),
    )
    town = Town(True, Account("1", "test_x"), Account("2", "token"), ("3",), ("3", "4"), site=site)
    papers.write_town(tmp_path, town)
    assert papers.read_town(tmp_path) == town
    assert stat.S_IMODE((tmp_path / "town.json").stat().st_mode) == 0o600
    assert papers.last_shop_port(tmp_path) == 8002
    for other in (
        '{"is_filled": "yes"}',
        '{"is_filled": true}',
    ):  # the second is of before there was a game site
        (tmp_path / "town.json").write_text(other)
        assert papers.read_town(tmp_path) == Town()
    assert papers.last_shop_port(tmp_path) is None


def test_ports_are_free_ones_and_steams_stays_the_same(tmp_path: Path) -> None:
    found = addresses.chosen(replace(Settings(), port=0), None)
    assert found.base_url == f"http://127.0.0.1:{found.port}"
    assert addresses.port_of(found.steam_control_url) != found.port
    papers.write_settings(tmp_path, found)
    before = papers.last_steam_port(tmp_path)
    assert addresses.chosen(replace(Settings(), port=0), before).steam_control_url == found.steam_control_url
    with socket.create_server(("127.0.0.1", before or 0)):
        assert addresses.port_of(addresses.chosen(Settings(port=0), before).steam_control_url) != before
        with pytest.raises(DemoRefused, match=f"port {before} is taken"):
            addresses.chosen(replace(Settings(), port=before or 0), None)


def test_the_shop_has_the_port_that_it_had_or_one_that_nobody_has() -> None:
    settings = addresses.chosen(Settings(port=0), None)
    taken = {settings.port, addresses.port_of(settings.steam_control_url)}
    url = addresses.shop_url(settings, None)
    port = addresses.port_of(url)
    assert url == f"http://127.0.0.1:{port}" and port not in taken
    assert addresses.shop_url(settings, port) == url
    for no_longer in (settings.port, addresses.port_of(settings.steam_control_url)):
        assert addresses.port_of(addresses.shop_url(settings, no_longer)) not in taken
    with socket.create_server(("127.0.0.1", port or 0)):
        assert addresses.shop_url(settings, port) != url
    named = addresses.chosen(Settings(port=0, host="localhost"), None)
    assert addresses.shop_url(named, None).startswith("http://127.0.0.1:")  # where it may be called


@pytest.mark.parametrize(
    ("host", "networks", "found"),
    [
        ("127.0.0.1", (), ("127.0.0.0/8", "::1/128")),
        ("0.0.0.0", (), ("127.0.0.0/8", "::1/128")),  # noqa: S104 - what is tested
        ("127.0.0.1", ("127.0.0.1", "10.0.0.0/8"), ("127.0.0.1", "10.0.0.0/8")),
        ("127.0.0.1", ("10.0.0.0/8",), ("10.0.0.0/8", "127.0.0.1/32")),
    ],
)
def test_notices_may_go_to_this_machine_and_always_to_the_shop(
    host: str, networks: tuple[str, ...], found: tuple[str, ...]
) -> None:
    settings = addresses.chosen(Settings(port=0, host=host, callback_networks=networks), None)
    assert settings.callback_networks == found
    url = addresses.shop_url(settings, None) + "/ipn"
    assert dial.check(url, dial.policy_of(settings)) == url


def test_what_the_operator_set_himself_stands() -> None:
    own = Settings(port=0, base_url="https://demo.example.org", heartbeat_ttl_seconds=20)
    found = addresses.chosen(own, None)
    assert (found.mode, found.base_url, found.heartbeat_ttl_seconds) == ("demo", own.base_url, 20)
    assert addresses.local_url(found) == f"http://127.0.0.1:{found.port}"
    assert addresses.chosen(Settings(port=0), None).heartbeat_ttl_seconds == addresses.HEARTBEAT_SECONDS
    everywhere = addresses.chosen(Settings(port=0, host="0.0.0.0"), None)  # noqa: S104 - what is tested
    assert everywhere.base_url == f"http://127.0.0.1:{everywhere.port}"
