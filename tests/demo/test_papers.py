"""The demo's papers and addresses: settings that come back as they were, secrets that stay out, ports that are free."""

import socket
import stat
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tradepost.config import Settings, load
from tradepost.demo import addresses, papers
from tradepost.demo.errors import DemoRefused
from tradepost.demo.papers import Account, Town

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
    town = Town(True, Account("1", "test_x"), Account("2", "token"), ("3",), ("3", "4"))
    papers.write_town(tmp_path, town)
    assert papers.read_town(tmp_path) == town
    assert stat.S_IMODE((tmp_path / "town.json").stat().st_mode) == 0o600
    (tmp_path / "town.json").write_text('{"is_filled": "yes"}')
    assert papers.read_town(tmp_path) == Town()


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


def test_what_the_operator_set_himself_stands() -> None:
    own = Settings(port=0, base_url="https://demo.example.org", heartbeat_ttl_seconds=20)
    found = addresses.chosen(own, None)
    assert (found.mode, found.base_url, found.heartbeat_ttl_seconds) == ("demo", own.base_url, 20)
    assert addresses.local_url(found) == f"http://127.0.0.1:{found.port}"
    assert addresses.chosen(Settings(port=0), None).heartbeat_ttl_seconds == addresses.HEARTBEAT_SECONDS
    everywhere = addresses.chosen(Settings(port=0, host="0.0.0.0"), None)  # noqa: S104 - what is tested
    assert everywhere.base_url == f"http://127.0.0.1:{everywhere.port}"
