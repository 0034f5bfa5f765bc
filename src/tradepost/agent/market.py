"""The way to the market: /agent/v1 over HTTPS, each call timed and bounded, its refusals as sentences."""

import ipaddress
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from tradepost.agent import market_wire as wire
from tradepost.agent.errors import AgentError, MarketRefused, MarketSilent, Unpaired
from tradepost.agent.settings import is_url

PREFIX = "/agent/v1"
BODY_BYTES_MAX = 4 * 2**20
LINE_BYTES_MAX = 4_096
CONNECT_SECONDS = 5.0
STREAM_SILENCE_SECONDS = 60.0  # the market says at least "still here" every quarter of a minute
UNAUTHORIZED, TOO_MANY_REQUESTS, SERVER_FAULT = 401, 429, 500
_S = TypeVar("_S")


def check_market_url(url: str, *, insecure: bool = False) -> None:
    """Raise AgentError for an address that would carry the agent's token in the clear."""
    if not is_url(url):
        raise AgentError("--market should be an address such as https://market.example, no slash at its end.")
    parts = urlsplit(url)
    if parts.scheme == "http" and not insecure and not _is_loopback(parts.hostname or ""):
        raise AgentError(
            "The market must be reached over https (or say --insecure in a network of your own)."
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Market:
    """Speaks with one market as one paired device; raises MarketSilent, MarketRefused and Unpaired."""

    def __init__(self, url: str, agent_token: str | None, timeout_seconds: float) -> None:
        headers = {"Authorization": f"Bearer {agent_token}"} if agent_token else {}
        self._url = url + PREFIX
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout_seconds, connect=CONNECT_SECONDS),
            headers=headers,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def pair(self, body: wire.Pair) -> wire.Paired:
        """Use a pairing code."""
        return await self._call("POST", "/pair", wire.Paired, body)

    async def heartbeat(self, body: wire.Heartbeat) -> wire.Orders:
        """Say how we are; hear what to do."""
        return await self._call("POST", "/heartbeat", wire.Orders, body)

    async def results(self, results: list[wire.Result]) -> list[wire.ResultVerdict]:
        """Tell what came of directives."""
        body = wire.Results(results)
        return (await self._call("POST", "/directives/results", wire.ResultVerdicts, body)).results

    async def events(self, events: list[wire.Event]) -> list[wire.Verdict]:
        """Tell what was seen of trades."""
        return (await self._call("POST", "/trade-events", wire.EventVerdicts, wire.Events(events))).events

    async def inventory(self, body: wire.InventorySeen) -> wire.Verdict:
        """Tell what is in the inventory."""
        return await self._call("POST", "/inventory", wire.Verdict, body)

    async def offline(self) -> None:
        """Say good-bye."""
        await self._call("POST", "/offline", wire.Verdict, {})

    async def unpair(self) -> None:
        """Have the token revoked."""
        await self._call("DELETE", "", wire.Verdict, None)

    async def wake_ups(self) -> AsyncGenerator[None, None]:
        """Give something each time the market says that a heartbeat is worth it; ends when the stream does."""
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=STREAM_SILENCE_SECONDS)
        try:
            async with self._http.get(f"{self._url}/events", timeout=timeout) as answer:
                if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                    raise MarketSilent(f"the stream of wake-ups was refused ({answer.status})")
                while line := await answer.content.readline():
                    if len(line) > LINE_BYTES_MAX:
                        raise MarketSilent("the stream of wake-ups is not what it should be")
                    if line.startswith(b"event: wake"):
                        yield
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise MarketSilent(f"the stream of wake-ups broke ({type(error).__name__})") from None

    async def _call(self, method: str, path: str, kind: type[_S], body: Any) -> _S:
        raw = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"} if raw else {}
        try:
            async with self._http.request(
                method, self._url + path, data=raw, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
                found = await answer.content.read(BODY_BYTES_MAX + 1)
                while len(found) <= BODY_BYTES_MAX and (more := await answer.content.read(65_536)):
                    found += more
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise MarketSilent(f"the market cannot be reached ({type(error).__name__})") from None
        if len(found) > BODY_BYTES_MAX:
            raise MarketSilent("the market's answer is longer than an answer can be")
        if status < 300:  # noqa: PLR2004 - HTTP's own number
            return _read(kind, found)
        sentence = _sentence(found, status)
        if status == UNAUTHORIZED and path != "/pair":
            raise Unpaired(sentence)
        if status == TOO_MANY_REQUESTS or status >= SERVER_FAULT:
            raise MarketSilent(sentence)
        raise MarketRefused(sentence)


def _read(kind: type[_S], raw: bytes) -> _S:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise MarketSilent("the market's answer is not what it should be") from None


def _sentence(raw: bytes, status: int) -> str:
    try:
        return msgspec.json.decode(raw, type=wire.Refused).error.message or f"the market answered {status}"
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return f"the market answered {status}"
