"""What is logged: one line an event, in either form, and never a secret in it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from tradepost import log as logs

SECRET = "SESAME0123456789"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the process's logging as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)


@pytest.fixture
def console() -> io.StringIO:
    stream = io.StringIO()
    logs.setup("console", "info", stream)
    return stream


@pytest.fixture
def machine() -> io.StringIO:
    stream = io.StringIO()
    logs.setup("json", "debug", stream)
    return stream


log = logs.get("tradepost.here")


def test_an_event_is_a_line_with_its_fields_for_a_person(console: io.StringIO) -> None:
    log.info("trade_accepted", trade_id=7, buyer="a b", price_cents=None)
    log.warning("slow")
    first, second = console.getvalue().splitlines()
    assert first[8:] == ' trade_accepted trade_id=7 buyer="a b" price_cents=None'
    assert second[8:] == " warning slow"


def test_an_event_is_an_object_for_a_machine(machine: io.StringIO) -> None:
    log.info("trade_accepted", trade_id=7, ids=[1, 2], more={"a": 1.5})
    line = json.loads(machine.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info", "log": "tradepost.here", "event": "trade_accepted",
        "trade_id": 7, "ids": [1, 2], "more": {"a": 1.5},
    }  # fmt: skip


def test_a_field_cannot_pass_itself_off_as_the_event(machine: io.StringIO) -> None:
    log.info("request", **{"level": "error", "event": "forged", "time": "never"})
    line = json.loads(machine.getvalue())
    assert (line["level"], line["event"], line["event_"]) == ("info", "request", "forged")


def test_what_is_under_the_level_is_not_written(console: io.StringIO) -> None:
    log.debug("detail")
    assert console.getvalue() == ""


@pytest.mark.parametrize("text", ["a\nb", "a\r\n12:00:00 error forged", "a\x1b[31mb", "a\u2028b", 'a"b'])
def test_nobody_forges_a_line(console: io.StringIO, text: str) -> None:
    log.info("request", agent=text)
    logging.getLogger("some.library").warning("it said %s", text)
    lines = console.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


def test_every_line_of_a_request_has_its_id(machine: io.StringIO) -> None:
    token = logs.request_id.set("r-1")
    log.info("bought")
    logging.getLogger("some.library").warning("odd")
    logs.request_id.reset(token)
    log.info("later")
    lines = [json.loads(line) for line in machine.getvalue().splitlines()]
    assert [line.get("request_id") for line in lines] == ["r-1", "r-1", None]


@pytest.mark.parametrize(
    "fields",
    [
        {"token": SECRET}, {"trade_token": SECRET}, {"secret_hash": SECRET}, {"password": SECRET}, {"api_key": SECRET},
        {"key": SECRET}, {"Authorization": f"Bearer {SECRET}"}, {"cookie": f"a={SECRET}"}, {"headers": {"Token": SECRET}},
        {"seen": [{"jwt": SECRET}]}, {"url": f"/v2/buy?id=1&token={SECRET}"}, {"body": f'{{"secret": "{SECRET}"}}'},
        {"text": f"Authorization: Bearer {SECRET}"}, {"text": f"Cookie: a=b; steamLoginSecure={SECRET}"},
        {"text": f"live_{SECRET}"}, {"text": f"test_{SECRET} and more"}, {"text": f"whsec_{SECRET}"},
        {"dsn": f"postgresql://user:{SECRET}@host/name"}, {"text": f"sessionid={SECRET};"}, {"text": f"token: '{SECRET}'"},
        {"error": ValueError(f"bad api_key={SECRET}")}, {"pin_token": 123456789},
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["console", "json"])
def test_a_secret_never_reaches_the_line(form: str, fields: dict[str, object]) -> None:
    stream = io.StringIO()
    logs.setup(form, "info", stream)
    log.info("event", **fields)
    assert "SESAME" not in stream.getvalue()
    assert "123456789" not in stream.getvalue().replace(SECRET, "")
    assert "***" in stream.getvalue()


@pytest.mark.parametrize(
    "text", ["token=a", "key: a", "Bearer a", "live_aaaaaaaa", "é", "a" * 9_000, "GET", "a:b", ""]
)
@pytest.mark.parametrize("name", ["path", "pin_token"])
@pytest.mark.parametrize("more", [7, None, 1.5, ["token=a"], ValueError("key=a")])
def test_fields_that_are_looked_at_together_are_those_that_a_look_at_each_would_leave(
    name: str, text: str, more: object
) -> None:
    fields = {"method": "GET", name: text, "more": more}
    left = {one: logs._safe(one, value) for one, value in fields.items()}
    assert not logs._is_harmless(fields) or left == fields
    assert logs._is_harmless({"method": "GET", "path": "/api/v2/buy", "status": 200, "account_id": None})


def test_a_librarys_message_is_scrubbed_too(console: io.StringIO) -> None:
    logging.getLogger("some.library").warning("GET %s", f"/v2?token={SECRET}&limit=1")
    assert "token=***&limit=1" in console.getvalue()


def test_an_exception_is_told_whole_but_for_its_secrets(machine: io.StringIO) -> None:
    try:
        raise LookupError(f"no such token={SECRET}")
    except LookupError:
        log.exception("failed", trade_id=7)
    line = json.loads(machine.getvalue())
    assert line["level"] == "error"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("LookupError: no such token=***")


def test_what_is_harmless_is_left_readable(console: io.StringIO) -> None:
    log.info(
        "listed",
        steam_market_hash_name="AK-47 | Redline",
        session_ok=True,
        path="/api/v2/items?steam_market_hash_name=AK",
    )
    assert 'steam_market_hash_name="AK-47 | Redline" session_ok=True' in console.getvalue()
    assert "hash_name=AK" in console.getvalue()


def test_a_query_shows_the_values_of_known_parameters_alone() -> None:
    query = "project=csgo&token=abc&offers[0][price]=1.5&limit=5&new_secret_thing=x&empty="
    assert (
        logs.safe_query(query)
        == "project=csgo&token=***&offers[0][price]=***&limit=5&new_secret_thing=***&empty=***"
    )
    assert logs.safe_query("") == ""
    assert logs.safe_query("%ff&&&=&token") == "\ufffd=***&=***&token=***"


def test_headers_show_the_values_of_known_names_alone() -> None:
    shown = logs.safe_headers({"Host": "h", "X-Anything": "x", "Token": "t", "User-Agent": "u"})
    assert shown == {"Host": "h", "X-Anything": "***", "Token": "***", "User-Agent": "u"}


def test_a_long_text_is_cut_in_its_middle(machine: io.StringIO) -> None:
    log.info("event", text="a" * 100_000 + "END", many=list(range(1000)))
    line = json.loads(machine.getvalue())
    assert len(line["text"]) < logs.TEXT_CHARS_MAX + 100
    assert line["text"].endswith("END")
    assert len(line["many"]) == logs.FIELDS_MAX


def test_what_cannot_be_written_as_json_or_utf8_is_written_as_its_text(machine: io.StringIO) -> None:
    log.info("event", odd=object, lone="\ud800", infinite=float("inf"), bytes_=b"\xff")
    assert json.loads(machine.getvalue())["event"] == "event"


def test_the_servers_own_access_log_is_silent(console: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /?token=abc")
    assert console.getvalue() == ""
