"""A listener of the stream, as a program that knows server-sent events (HTML's own grammar) and nothing of us."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

SECONDS = 10.0  # that a test waits for what must come


@dataclass(frozen=True)
class Told:
    """One event."""

    id: str
    name: str
    data: Any


class Listener:
    """What came, event by event; comments are no events, and an id without data is remembered all the same."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.last_id = ""
        self.retry = ""

    async def next(self, seconds: float = SECONDS) -> Told | None:
        """The next event, or None where the stream ended."""
        async with asyncio.timeout(seconds):
            name, data = "message", list[str]()
            while True:
                line = await self.response.content.readline()
                if not line:
                    return None
                field, _, value = line.decode().rstrip("\n").partition(":")
                value = value.removeprefix(" ")
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif field == "retry":
                    self.retry = value
                elif line == b"\n" and data:
                    return Told(self.last_id, name, json.loads("\n".join(data)))
                elif line == b"\n":
                    name = "message"

    async def take(self, count: int) -> list[Told]:
        """The next so many events."""
        found = [await self.next() for _ in range(count)]
        assert None not in found, found
        return [one for one in found if one is not None]

    async def until(self, name: str) -> Told:
        """The next event of this name."""
        while (one := await self.next()) is not None:
            if one.name == name:
                return one
        raise AssertionError(f"the stream ended without {name}")

    async def silence(self, seconds: float = 0.3) -> None:
        """Fail where an event comes within so many seconds."""
        try:
            came = await self.next(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"there should have come nothing: {came}")


@asynccontextmanager
async def listening(
    http: aiohttp.ClientSession,
    url: str,
    token: str,
    last_event_id: str = "",
    params: dict[str, Any] | None = None,
    **parameters: Any,
) -> AsyncIterator[Listener]:
    """The stream of a server, from an id on where one is given."""
    headers = {"Token": token, **({"Last-Event-ID": last_event_id} if last_event_id else {})}
    timeout = aiohttp.ClientTimeout(total=None)
    async with http.get(
        f"{url}/api/v2/stream", headers=headers, params={**(params or {}), **parameters}, timeout=timeout
    ) as response:
        assert response.status == 200, await response.text()
        yield Listener(response)
