"""The user API behind its real server: users in browsers, and programs with a JWT."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from dialects.user_api.papers import user_papers
from dialects.web.site import OTHER, USER, Browser, Site, site_on
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import merchants, users

__all__ = ["OTHER", "USER", "Club", "Member", "Reply", "club_on"]


@dataclass
class Reply:
    """What came back, and whether its envelope is one."""

    status: int
    body: Any
    headers: Any

    @property
    def content(self) -> Any:
        """What a call that went well answers."""
        assert self.status == 200, (self.status, self.body)
        assert (self.body["err"], self.body["success"]) == (False, True), self.body
        return self.body["content"]

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and the sentence of what was not done."""
        assert (self.body["err"], self.body["success"]) == (True, False), self.body
        assert self.body["content"] == self.body["message"], self.body
        assert self.body["message"]
        assert "Location" not in self.headers
        return self.status, self.body["message"]


@dataclass
class Member:
    """Somebody who calls: by a session's cookie in his browser, by a JWT, or by nothing."""

    club: "Club"
    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, **how: Any) -> Reply:
        """One request; a browser's page sends its session's token with what it writes."""
        headers = {**self.headers, **how.pop("headers", {})}
        url = path if "://" in path else self.club.url + path
        async with self.http.request(method, url, headers=headers, allow_redirects=False, **how) as answer:
            is_json = answer.content_type == "application/json"
            is_file = answer.content_type == "application/zip"
            body = await (answer.json() if is_json else answer.read() if is_file else answer.text())
            if "://" not in path:
                user_papers().check(method, answer.url.path, answer.status, body, answer.headers)
            return Reply(answer.status, body, answer.headers)

    async def get(self, path: str, **params: Any) -> Reply:
        return await self.call("GET", path, params=params)

    async def post(self, path: str, **values: Any) -> Reply:
        """A write, asked for in JSON."""
        return await self.call("POST", path, json=values)


@dataclass
class Club:
    """A market with its user API, and how people get connected to it."""

    site: Site

    @property
    def url(self) -> str:
        return self.site.url

    @property
    def app(self) -> App:
        return self.site.app

    @property
    def db(self) -> Db:
        return self.site.db

    def nobody(self) -> Member:
        """Somebody who is not connected."""
        return Member(self, self.site.browser().http)

    async def browser(self, steamid: str = USER) -> Member:
        """A user who signed in through Steam just now, in a browser whose pages know the session's token."""
        browser: Browser = await self.site.signed_in(steamid)
        member = Member(self, browser.http)
        token = (await member.get("/csrf/token")).content["csrf_token"]
        member.headers = {"X-CSRF-Token": token}
        return member

    async def program(self, steamid: str = USER, **token: Any) -> Member:
        """A program with a JWT of this user; what is given besides is of the API key that it was made with."""
        key = await self.key(steamid, **token)
        member = self.nobody()
        jwt = (await member.post("/user/login", apiKey=key)).content["jwt"]
        member.headers = {"Authorization": f"Bearer {jwt}"}
        return member

    async def key(self, steamid: str = USER, **token: Any) -> str:
        """An API key of this user."""
        async with self.db.transaction() as tx:
            account = await users.know(tx, steamid, "sign_in", self.app.now())
            return await merchants.make_token(tx, account.id, self.app.now(), test=True, **token)

    async def account_id(self, steamid: str = USER) -> int:
        found = await users.by_steamid(self.db, steamid)
        assert found is not None
        return found.id


@asynccontextmanager
async def club_on(db: Db, **settings: Any) -> AsyncIterator[Club]:
    async with site_on(db, **settings) as site:
        yield Club(site)
