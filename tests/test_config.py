"""Settings: what is wrong is refused at the start in a sentence, and what is secret is shown to nobody."""

import base64
import re
from pathlib import Path

import pytest

from tradepost.config import SETTINGS, ConfigRefused, Settings, keys, load, settings_table, shown

SECRET = base64.b64encode(bytes(range(32))).decode()
DEMO = {"TRADEPOST_MODE": "demo"}
PRODUCTION = {"TRADEPOST_BASE_URL": "https://market.example", "TRADEPOST_KEY": f"a:{SECRET}"}


def refusal(environ: dict[str, str], config: Path | None = None) -> str:
    with pytest.raises(ConfigRefused) as refused:
        load(environ, config)
    return str(refused.value)


def test_what_is_not_set_is_as_the_table_says() -> None:
    assert load(DEMO) == Settings(mode="demo")


def test_the_environment_overrules_the_file_and_the_command_line_both(tmp_path: Path) -> None:
    file = tmp_path / "tradepost.toml"
    file.write_text('mode = "sandbox"\nport = 1\nfee_bps = 250\nallowed_hosts = ["a.example", "b.example"]\n')
    settings = load({"TRADEPOST_PORT": "2", "TRADEPOST_CONFIG": str(file)}, host="::1", port=3)
    assert (settings.mode, settings.port, settings.fee_bps, settings.host) == ("sandbox", 3, 250, "::1")
    assert settings.allowed_hosts == ("a.example", "b.example")
    assert load({"TRADEPOST_PORT": "2"}, file).port == 2


def test_the_database_has_the_name_that_everybody_knows() -> None:
    assert load(DEMO | {"DATABASE_URL": "postgresql://u@h/d"}).database_url == "postgresql://u@h/d"
    both = {"DATABASE_URL": "postgresql://u@h/d", "TRADEPOST_DATABASE_URL": "postgresql://u@h/e"}
    assert refusal(DEMO | both) == "TRADEPOST_DATABASE_URL and DATABASE_URL differ: keep one of them"


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"TRADEPOST_FEE_BSP": "1"}, "the environment has TRADEPOST_FEE_BSP, which is no setting: is it TRADEPOST_FEE_BPS?"),
        ({"TRADEPOST_ZZZ": ""}, "the environment has TRADEPOST_ZZZ, which is no setting"),
        ({"TRADEPOST_PORT": "80a"}, "TRADEPOST_PORT should be a whole number"),
        ({"TRADEPOST_PORT": "8e3"}, "TRADEPOST_PORT should be a whole number"),
        ({"TRADEPOST_PORT": "٨٠"}, "TRADEPOST_PORT should be a whole number"),
        ({"TRADEPOST_PORT": ""}, "TRADEPOST_PORT should be a whole number"),
        ({"TRADEPOST_PORT": "65536"}, "TRADEPOST_PORT should be between 0 and 65535"),
        ({"TRADEPOST_FEE_BPS": "-1"}, "TRADEPOST_FEE_BPS should be between 0 and 5000 basis points"),
        ({"TRADEPOST_MODE": "live"}, "TRADEPOST_MODE should be one of production, sandbox, demo"),
        ({"TRADEPOST_LOG_FORMAT": "xml"}, "TRADEPOST_LOG_FORMAT should be one of console, json"),
        ({"TRADEPOST_BASE_URL": "market.example"}, "TRADEPOST_BASE_URL should be a URL with http"),
        ({"TRADEPOST_BASE_URL": "https://market.example/"}, "TRADEPOST_BASE_URL should be a URL with http"),
        ({"TRADEPOST_BASE_URL": "https://[::1"}, "TRADEPOST_BASE_URL should be a URL with http"),
        ({"TRADEPOST_BASE_URL": "https://a@h"}, "TRADEPOST_BASE_URL should be a URL with http"),
        ({"TRADEPOST_BASE_URL": "https://h?x"}, "TRADEPOST_BASE_URL should be a URL with http"),
        ({"TRADEPOST_BASE_URL": "https://h\r\nX: y"}, "TRADEPOST_BASE_URL should be a URL with http"),
        ({"TRADEPOST_BASE_URL": "https://h:99999"}, "TRADEPOST_BASE_URL should be a URL with http"),
        ({"TRADEPOST_CONTACT": "javascript:alert(1)"}, "TRADEPOST_CONTACT should be a mail address, or a URL with https"),
        ({"TRADEPOST_CONTACT": "ann@market.example?bcc=x"}, "TRADEPOST_CONTACT should be a mail address, or a URL with https"),
        ({"TRADEPOST_TRUSTED_PROXIES": "10.0.0.0/8,proxy"}, "TRADEPOST_TRUSTED_PROXIES should be addresses or networks"),
        ({"TRADEPOST_ALLOWED_HOSTS": "https://x"}, "TRADEPOST_ALLOWED_HOSTS should be host names"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL should be the address of a PostgreSQL"),
        ({"TRADEPOST_PRICE_LEAST_CENTS": "1"}, "price_least_cents leaves the seller nothing after a fee of 500 basis points"),
        ({"TRADEPOST_PRICE_LEAST_CENTS": "101", "TRADEPOST_PRICE_MAX_CENTS": "100"}, "price_least_cents is above price_max_cents"),
        ({"TRADEPOST_BAN_FIRST_HOURS": "49", "TRADEPOST_BAN_MAX_DAYS": "2"}, "ban_first_hours is longer than ban_max_days"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_in_a_sentence(environ: dict[str, str], sentence: str) -> None:
    assert refusal(DEMO | environ).startswith(sentence)


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert len(refusal({"TRADEPOST_PORT": "x", "TRADEPOST_MODE": "x", "TRADEPOST_X": "x"}).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("port = '80'", ""),
        ("port = 80.5", "should be a whole number"),
        ("port = true", "should be a whole number"),
        ("host = 7", "should be a text"),
        ("allowed_hosts = [1]", "should be a list of texts"),
        ("prot = 80", "has prot, which is no setting: is it port?"),
        ("[server]\nport = 1", "has server, which is no setting"),
        ("port = ", "is not TOML"),
        ("\udcff", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "tradepost.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    if sentence:
        assert sentence in refusal(DEMO, file)
    else:
        assert load(DEMO, file).port == 80


def test_a_file_that_is_not_there_is_refused() -> None:
    assert (
        refusal({"TRADEPOST_CONFIG": "/nowhere.toml"})
        == "/nowhere.toml cannot be read: No such file or directory"
    )


def test_what_the_agent_reads_is_left_to_the_agent() -> None:
    assert load(DEMO | {"TRADEPOST_AGENT_STATE": "x"}) == Settings(mode="demo")


# --- production ---


def test_production_starts_with_a_key_and_https() -> None:
    settings = load(PRODUCTION)
    assert settings.mode == "production"
    assert keys(settings) == {"a": bytes(range(32))}


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"TRADEPOST_KEY": ""}, "production needs TRADEPOST_KEY, or a key_file, for its secrets at rest"),
        ({"TRADEPOST_BASE_URL": "http://market.example"}, "production needs an https:// address as base_url"),
        ({"TRADEPOST_STEAM_API_URL": "http://x"}, "production needs an https:// address as steam_api_url"),
        ({"TRADEPOST_SMTP_HOST": "mail.example"}, "smtp_host needs mail_sender: mails are from somebody"),
        (
            {"TRADEPOST_SMTP_HOST": "mail.example:25"},
            "TRADEPOST_SMTP_HOST should be the name or the address of a host",
        ),
        ({"TRADEPOST_SMTP_USER": "market"}, "smtp_user and smtp_password belong together: one is missing"),
        (
            {"TRADEPOST_MAIL_SENDER": "Market <a@b>\r\nBcc: c@example.com"},
            "TRADEPOST_MAIL_SENDER should be a mail address",
        ),
        ({"TRADEPOST_MAIL_SENDER": "Market a@example.com"}, "TRADEPOST_MAIL_SENDER should be a mail address"),
        (
            {
                "TRADEPOST_SMTP_USER": "market",
                "TRADEPOST_SMTP_PASSWORD": "x",
                "TRADEPOST_SMTP_SECURITY": "none",
            },
            "production sends smtp_password over a guarded way alone",
        ),
        ({"TRADEPOST_STEAM_CONTROL_URL": "http://x"}, "production knows no steam_control_url"),
        ({"TRADEPOST_KEY": SECRET}, "each key is written id:base64"),
        ({"TRADEPOST_KEY": "a:####"}, "the key a is not base64"),
        ({"TRADEPOST_KEY": "a:c2hvcnQ="}, "the key a is shorter than 32 bytes"),
        ({"TRADEPOST_KEY": f"a:{SECRET},a:{SECRET}"}, "two keys have the id a"),
        ({"TRADEPOST_KEY_FILE": "/nowhere"}, "key and key_file are both set"),
        ({"TRADEPOST_KEY": "", "TRADEPOST_KEY_FILE": "/nowhere"}, "/nowhere cannot be read"),
    ],
)
def test_production_does_not_start_otherwise(environ: dict[str, str], sentence: str) -> None:
    said = refusal(PRODUCTION | environ)
    assert said.startswith(sentence)
    assert SECRET not in said


def test_the_first_key_is_the_one_for_new_secrets() -> None:
    other = base64.urlsafe_b64encode(b"\xff" * 40).decode().rstrip("=")
    assert list(keys(load(PRODUCTION | {"TRADEPOST_KEY": f"new:{other}, old:{SECRET}"}))) == ["new", "old"]


def test_a_key_file_is_for_its_owner_alone_and_lies_outside_the_data(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"a:{SECRET}\n")
    environ = PRODUCTION | {
        "TRADEPOST_KEY": "",
        "TRADEPOST_KEY_FILE": str(file),
        "TRADEPOST_DATA_DIR": str(tmp_path / "d"),
    }
    file.chmod(0o640)
    assert refusal(environ) == f"{file} can be read by others than its owner: chmod 600 it"
    file.chmod(0o600)
    assert list(keys(load(environ))) == ["a"]
    assert "lies in the data directory" in refusal(environ | {"TRADEPOST_DATA_DIR": str(tmp_path)})


# --- showing them ---


def test_what_is_secret_is_shown_to_nobody() -> None:
    environ = {"TRADEPOST_STEAM_WEB_API_KEY": "SESAME", "DATABASE_URL": "postgresql://u:SESAME@h/d"}
    settings = load(PRODUCTION | environ)
    for text in (repr(settings), str(shown(settings))):
        assert "SESAME" not in text
        assert SECRET not in text
    assert shown(settings)["key"] == "***"
    assert shown(load(DEMO))["key"] == ""


def test_every_setting_is_told_in_a_sentence_and_has_its_line_in_the_table() -> None:
    table = settings_table()
    for one in SETTINGS:
        sentence = one.metadata["sentence"]
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert f"| `{one.name}` |" in table
        unit = re.search(r"_(cents|minutes|seconds|hours|days|milliseconds)$", one.name)
        assert unit is None or one.metadata["unit"] == unit[1]
