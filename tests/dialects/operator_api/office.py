"""The operator API behind its real server: two admins in their browsers, and users with a little money."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from dialects.operator_api.papers import operator_papers
from dialects.user_api.club import Club, Member, club_on
from dialects.web.site import OTHER, USER
from tradepost.db import Db
from tradepost.market import ledger, roles, users
from tradepost.market.users import Account

ADMIN, SECOND = USER, OTHER
CUSTOMER = "76561198000000777"
REASON = "a ticket says so"


@dataclass
class Reply:
    """What came back."""

    status: int
    body: Any

    @property
    def data(self) -> Any:
        """What a call that went well answers."""
        assert self.status == 200, (self.status, self.body)
        assert list(self.body) == ["data"], self.body
        return self.body["data"]

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and the code of what was not done."""
        assert list(self.body) == ["error"], self.body
        assert self.body["error"]["message"], self.body
        return self.status, self.body["error"]["code"]


@dataclass
class Caller:
    """Somebody who calls the operator API."""

    url: str
    http: aiohttp.ClientSession
    headers: dict[str, str]

    async def call(self, method: str, path: str, **how: Any) -> Reply:
        """One request."""
        headers = {**self.headers, **how.pop("headers", {})}
        async with self.http.request(
            method, self.url + path, headers=headers, allow_redirects=False, **how
        ) as answer:
            assert answer.content_type == "application/json", await answer.text()
            assert answer.headers["Cache-Control"] == "no-store"
            body = await answer.json()
            operator_papers().check(method, answer.url.path, answer.status, body, answer.headers)
            return Reply(answer.status, body)

    async def get(self, path: str, **params: Any) -> Reply:
        return await self.call("GET", path, params=params)

    async def post(self, path: str, **values: Any) -> Reply:
        """An act, asked for in JSON."""
        return await self.call("POST", path, json=values)


@dataclass
class Office:
    """A market with admins."""

    club: Club

    @property
    def db(self) -> Db:
        return self.club.db

    def caller(self, member: Member) -> Caller:
        """The same person, as the operator API sees him."""
        return Caller(self.club.url, member.http, member.headers)

    async def admin(self, steamid: str = ADMIN) -> Caller:
        """An admin who signed in just now."""
        member = await self.club.browser(steamid)
        await self.grant(steamid)
        return self.caller(member)

    async def grant(self, steamid: str) -> int:
        async with self.db.transaction() as tx:
            account = await users.know(tx, steamid, "sign_in", self.club.app.now())
            await roles.grant(tx, account.id, self.club.app.real_now())
        return account.id

    async def customer(self, steamid: str = CUSTOMER, balance_cents: int = 0) -> Account:
        """A user whom it is all about."""
        async with self.db.transaction() as tx:
            account = await users.know(tx, steamid, "operator", self.club.app.now(), name="Cay % _")
            if balance_cents:
                legs = (
                    ledger.Posting(account.id, "balance", balance_cents),
                    ledger.Posting(None, "world", -balance_cents),
                )
                await ledger.post(tx, f"test-{steamid}", "deposit", legs, self.club.app.now())
        return account


@asynccontextmanager
async def office_on(db: Db, **settings: Any) -> AsyncIterator[Office]:
    async with club_on(db, **settings) as club:
        yield Office(club)
