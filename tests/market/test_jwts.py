"""JWTs: made for an API token, believed for nothing but which row they name, dead with their token."""

import asyncio
import base64
import dataclasses
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from box import Box, market
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import jwts, tokens
from tradepost.rules.refusals import Unauthenticated

OLD = "old:" + base64.b64encode(b"o" * 32).decode()
NEW = "new:" + base64.b64encode(b"n" * 32).decode()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def key_of(box: Box, **how: Any) -> str:
    account_id = await box.stock.person()
    async with box.app.db.transaction() as tx:
        return await tokens.make_token(tx, account_id, box.app.now(), test=True, **how)


async def made(box: Box, **how: Any) -> tuple[str, str]:
    """An API key, and a JWT that was made with it."""
    key = await key_of(box, **how)
    jwt, _ = await jwts.issue(box.app, await tokens.caller(box.app, key), "a test")
    return key, jwt


async def is_good(app: App, jwt: str) -> bool:
    try:
        await jwts.caller(app, jwt)
    except Unauthenticated:
        return False
    return True


async def test_a_jwt_is_one_that_any_library_reads(db: Db) -> None:
    async with market(db, key=NEW) as box:
        _, jwt = await made(box)
        head, claims, _ = (part for part in jwt.split("."))
        assert json.loads(unb64(head)) == {"alg": "HS256", "kid": "new", "typ": "JWT"}
        told = json.loads(unb64(claims))
        assert set(told) == {"jti", "sub", "iat", "exp"}
        assert told["exp"] - told["iat"] == 31 * 86_400
        assert await is_good(box.app, jwt)


async def test_nothing_but_our_own_header_and_signature_is_believed(db: Db) -> None:
    async with market(db, key=NEW) as box:
        _, jwt = await made(box)
        head, claims, signature = jwt.split(".")
        told = json.loads(unb64(claims))
        secret = next(iter(jwts._signers(box.app.settings).values()))

        def signed(
            header: dict[str, Any] | str, body: str = claims, with_: bytes = secret, by: str = "sha256"
        ) -> str:
            text = f"{header if isinstance(header, str) else b64(json.dumps(header, separators=(',', ':')).encode())}.{body}"
            return f"{text}.{b64(hmac.digest(with_, text.encode(), by))}"

        ours = {"alg": "HS256", "kid": "new", "typ": "JWT"}
        assert signed(ours) == jwt, "the forger knows how it is done, but for the key"
        forged = {
            "no algorithm": f"{b64(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{claims}.",
            "no algorithm, with our key's name": signed({**ours, "alg": "none"}),
            "none, signed with nothing": f"{head}.{claims}.",
            "the right key under another word": signed({**ours, "alg": "HS512"}),
            "another digest": signed(ours, by="sha512"),
            "an algorithm of pairs of keys": signed({**ours, "alg": "RS256"}),
            "a key from the header": signed(
                {**ours, "jwk": {"kty": "oct", "k": b64(b"x" * 32)}}, with_=b"x" * 32
            ),
            "a key from elsewhere": signed({**ours, "jku": "https://evil.example/keys"}),
            "a key from a file": signed({**ours, "kid": "../../dev/null"}, with_=b""),
            "an unknown key": signed({**ours, "kid": "old"}),
            "the same header in another order": signed({"typ": "JWT", "kid": "new", "alg": "HS256"}),
            "the operator's key, not derived": signed(ours, with_=b"n" * 32),
            "an empty key": signed(ours, with_=b""),
            "the key everybody knows": signed({**ours, "kid": "unset"}, with_=bytes(32)),
            "another's claims": f"{head}.{b64(json.dumps({**told, 'sub': '76561198000000009'}).encode())}.{signature}",
            "a longer life": f"{head}.{b64(json.dumps({**told, 'exp': told['exp'] + 1}).encode())}.{signature}",
            "no signature": f"{head}.{claims}",
            "a shorter signature": jwt[:-1],
            "a padded one": jwt + "=",
            "four parts": jwt + ".e30",
            "a blank": jwt + " ",
            "a line": jwt + "\n",
            "another alphabet": jwt.replace("-", "+").replace("_", "/") + "+",
            "nothing": "",
            "dots": "..",
            "a megabyte": "x" * 1_000_000,
            "no ASCII": jwt[:-1] + "é",
            "a lone surrogate": "\ud800",
        }
        for name, text in forged.items():
            assert not await is_good(box.app, text), name
        assert await is_good(box.app, jwt)


async def test_claims_that_we_would_not_sign_are_no_claims(db: Db) -> None:
    async with market(db, key=NEW) as box:
        _, jwt = await made(box)
        head, claims, _ = jwt.split(".")
        told = json.loads(unb64(claims))
        secret = next(iter(jwts._signers(box.app.settings).values()))
        for body in (b"{}", b"[]", b"null", b"x", b"\xff", json.dumps({**told, "exp": "never"}).encode(), json.dumps({**told, "jti": 7}).encode(),
                     json.dumps({**told, "jti": "x' OR 1=1"}).encode(), json.dumps({**told, "exp": 1}).encode(), json.dumps({**told, "exp": 1e400}).encode()):  # fmt: skip
            text = f"{head}.{b64(body)}"
            assert not await is_good(
                box.app, f"{text}.{b64(hmac.digest(secret, text.encode(), hashlib.sha256))}"
            ), body


async def test_a_jwt_dies_with_its_token_within_a_second(db: Db) -> None:
    async with market(db) as box:
        key, jwt = await made(box)
        assert await is_good(box.app, jwt)
        async with db.transaction() as tx:
            await tokens.revoke_token(tx, key, box.app.now())
        await asyncio.sleep(tokens.CALLER_SECONDS)
        assert not await is_good(box.app, jwt)


async def test_a_jwt_may_do_what_its_token_may_now(db: Db) -> None:
    async with market(db) as box:
        key, jwt = await made(box, scopes=["read", "sell"])
        _, caller = await jwts.caller(box.app, jwt)
        assert caller.scopes == {"read", "sell"}
        async with db.transaction() as tx:
            await tokens.change_token(tx, key, scopes=["read"], allow_addresses=["10.0.0.0/8"])
        await asyncio.sleep(tokens.CALLER_SECONDS)
        _, caller = await jwts.caller(box.app, jwt)
        assert caller.scopes == {"read"}
        assert [str(network) for network in caller.allow_addresses] == ["10.0.0.0/8"]


async def test_a_jwt_ends_with_its_month_and_no_later_than_its_token(db: Db) -> None:
    async with market(db) as box:
        soon = box.app.real_now() + timedelta(days=3)
        _, short = await made(box, expires_at=soon)
        assert json.loads(unb64(short.split(".")[1]))["exp"] == int(soon.timestamp())
        _, jwt = await made(box)
        await db.execute(
            "UPDATE jwt SET made_at = made_at - interval '32 days', expires_at = expires_at - interval '32 days'"
        )
        await asyncio.sleep(tokens.CALLER_SECONDS)
        assert not await is_good(box.app, jwt), "whatever its text says"
        assert await jwts.forget_jwts(box.app) == 2
        assert await jwts.forget_jwts(box.app) == 0


async def test_keys_can_be_changed_and_what_was_signed_with_an_old_one_is_good_while_it_is_known(
    db: Db,
) -> None:
    async with market(db, key=OLD) as box:
        _, jwt = await made(box)
        app = box.app
        both = dataclasses.replace(app.settings, key=f"{NEW},{OLD}")
        assert await is_good(dataclasses.replace(app, settings=both), jwt)
        assert not await is_good(
            dataclasses.replace(app, settings=dataclasses.replace(app.settings, key=NEW)), jwt
        )
        other = dataclasses.replace(app.settings, key=OLD.replace("old:", "new:"))
        assert not await is_good(dataclasses.replace(app, settings=other), jwt), (
            "a key's name is signed with it"
        )


async def test_of_one_token_there_are_only_so_many(db: Db) -> None:
    async with market(db) as box:
        key = await key_of(box)
        caller = await tokens.caller(box.app, key)
        first, _ = await jwts.issue(box.app, caller, "first")
        await db.execute("UPDATE jwt SET made_at = made_at - interval '1 hour'")
        for number in range(jwts.JWTS_MAX):
            await jwts.issue(box.app, caller, str(number))
        assert await db.value("SELECT count(*) FROM jwt") == jwts.JWTS_MAX
        assert not await is_good(box.app, first)


async def test_what_is_kept_makes_no_jwt(db: Db) -> None:
    async with market(db, key=NEW) as box:
        _, jwt = await made(box)
        rows = str(await db.fetch("SELECT * FROM jwt"))
        assert jwt.split(".")[2] not in rows


@pytest.mark.parametrize("program", ["", "x" * 5_000, "a\x00b\u202e\nc"])
async def test_a_program_may_call_itself_anything(db: Db, program: str) -> None:
    async with market(db) as box:
        caller = await tokens.caller(box.app, await key_of(box))
        await jwts.issue(box.app, caller, program)
        (row,) = await jwts.of_account(db, caller.account_id, box.app.real_now())
        assert row.program.isprintable() and len(row.program) <= 200
