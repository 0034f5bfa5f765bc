"""What only its owner may know is neither in our log nor in our database: keys, JWTs, cookies, codes and secrets."""

import io
import logging
from collections.abc import Iterator

import pytest

import factors
from dialects.user_api.club import USER, Club
from dialects.user_api.test_authorization import state_of
from tradepost import log
from tradepost.rules import totp


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the server logs, as it writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.setup("json", "debug", stream)
    yield stream
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)


async def test_no_secret_is_written_down(club: Club, lines: io.StringIO) -> None:
    member = await club.browser()
    key = (await member.post("/user/createApiKey", label="bot")).content["apiKey"]
    jwt = (await club.nobody().call("POST", "/user/login", params={"apiKey": key})).content["jwt"]
    program = club.nobody()
    program.headers = {"Authorization": f"Bearer {jwt}"}
    begun = (await member.post("/user/enable2fa")).content
    account_id = await club.account_id()
    first = await factors.code_of(club.app, account_id)
    codes = (await member.post("/user/confirm2fa", code=first)).content["recoveryCodes"]
    await program.call("POST", "/user/setSkrill", params={"skrill": "ann@example.com", "code": codes[0]})
    await program.call(
        "POST", "/user/setSkrill", json={"skrill": "ann@example.com", "code": "wrong-" + codes[1]}
    )
    await program.call(
        "GET",
        "/user/infos",
        params={"jwt": jwt, "csrf_token": member.headers["X-CSRF-Token"], "code": codes[2]},
    )
    cookie = next(one.value for one in member.http.cookie_jar if one.key == "tradepost_session")
    secret = await factors.secret_of(club.app, account_id)
    hidden = [
        key,
        jwt,
        jwt.rpartition(".")[2],
        cookie,
        member.headers["X-CSRF-Token"],
        begun["secret"],
        *codes,
    ]
    hidden += [totp.write_secret(secret), secret.hex(), *(code.replace("-", "") for code in codes)]
    logged = lines.getvalue()
    assert logged.count("/user/setSkrill") >= 2
    assert [one for one in hidden if one in logged] == []
    kept = str(await state_of(club.db))
    assert USER in kept
    assert [one for one in hidden if one in kept] == []
