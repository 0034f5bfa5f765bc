"""The pages behind their real server, and browsers that visit them as real ones do: with cookies, link by link."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from box import Box, market
from tradepost import server
from tradepost.app import App
from tradepost.db import Db

USER = "76561198000000101"
OTHER = "76561198000000102"


@dataclass
class Seen:
    """What a browser got."""

    status: int
    text: str
    url: str  # where it ended
    headers: CIMultiDictProxy[str]
    cookies: list[str] = field(default_factory=list)  # the headers that set them

    @property
    def csrf(self) -> str:
        """The token of the page's forms."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.text)
        assert found, self.text
        return found[1]

    @property
    def location(self) -> str:
        return self.headers["Location"]

    @property
    def words(self) -> str:
        """What a person reads."""
        body = self.text.partition("<main")[2] or self.text
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


@dataclass
class Browser:
    """One browser: its own cookies, and the headers that browsers send."""

    site: "Site"
    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=lambda: {"User-Agent": "Mozilla/5.0 (a test)"})

    async def ask(self, method: str, path: str, *, follow: bool = True, **how: Any) -> Seen:
        """One request, as a link or a form makes it; `path` may be a whole address."""
        headers = {**self.headers, **how.pop("headers", {})}
        url = path if "://" in path else self.site.url + path
        async with self.http.request(method, url, headers=headers, allow_redirects=follow, **how) as answer:
            text = await answer.text()
            return Seen(
                answer.status,
                text,
                str(answer.url),
                answer.headers,
                answer.headers.getall("Set-Cookie", []),
            )

    async def get(self, path: str, **how: Any) -> Seen:
        return await self.ask("GET", path, **how)

    async def post(self, path: str, fields: dict[str, Any], **how: Any) -> Seen:
        """A form of our own site, sent by its button."""
        own = {"Sec-Fetch-Site": "same-origin", "Origin": "null", **how.pop("headers", {})}
        return await self.ask("POST", path, data=fields, headers=own, **how)

    async def to_steam(self, next_path: str = "/sessions") -> str:
        """Set out to sign in; the address of Steam's page."""
        seen = await self.get(f"/sign-in?next={next_path}", follow=False)
        assert seen.status == 303, seen.text
        return seen.location

    async def choose(self, steam_page: str, steamid: str = USER) -> str:
        """Choose an account on Steam's page; the address that Steam sends the browser back to."""
        seen = await self.get(f"{steam_page}&steamid={steamid}", follow=False)
        assert seen.status == 302, seen.text
        return seen.location

    async def sign_in(self, steamid: str = USER, next_path: str = "/sessions") -> Seen:
        """All of it; the page that it leads to."""
        return await self.get(await self.choose(await self.to_steam(next_path), steamid))

    def cookie(self, name: str) -> str:
        return next((one.value for one in self.http.cookie_jar if one.key == name), "")

    def plant(self, name: str, value: str) -> None:
        """What somebody else put into this browser."""
        self.http.cookie_jar.update_cookies({name: value}, URL(self.site.url))


@dataclass
class Site:
    """A market whose pages are served where its `base_url` says."""

    box: Box
    url: str
    browsers: list[aiohttp.ClientSession] = field(default_factory=list)

    @property
    def app(self) -> App:
        return self.box.app

    @property
    def db(self) -> Db:
        return self.box.app.db

    def browser(self) -> Browser:
        """A new browser, without any cookie."""
        self.browsers.append(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
        return Browser(self, self.browsers[-1])

    async def signed_in(self, steamid: str = USER) -> Browser:
        browser = self.browser()
        assert (await browser.sign_in(steamid)).status == 200
        return browser

    async def age_sign_ins(self, minutes: int) -> None:
        """Let everybody have signed in so many minutes earlier."""
        await self.db.execute(
            "UPDATE session SET signed_in_at = signed_in_at - $1 * interval '1 minute',"
            " expires_at = expires_at - $1 * interval '1 minute'",
            minutes,
        )


@asynccontextmanager
async def site_on(db: Db, **settings: Any) -> AsyncIterator[Site]:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with market(db, **{"base_url": url, **settings}) as box:
        await box.world({"steamid": USER, "name": "Ann <b>&"}, {"steamid": OTHER, "name": "Ben"})
        web = server.server_of(box.app)
        task = asyncio.create_task(web.serve([listener]))
        site = Site(box, url)
        try:
            yield site
        finally:
            for one in site.browsers:
                await one.close()
            web.should_exit = True
            await task
