"""The one way out to Steam: questions are paced, timed and never redirected, and answers are bounded."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp

from tradepost.steam.answers import NoAnswer, Unavailable
from tradepost.steam.pacing import Limits, Pace

OK = 200

_TOO_MANY_REQUESTS = 429
_CHUNK_BYTES = 64 * 1024
_RETRY_DIGITS_MAX = 9
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; tradepost)", "Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What Steam answered, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Door:
    """Asks one or more hosts of Steam over one session, each at its own pace."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        limits: Limits,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._limits = limits
        self._monotonic = monotonic
        self._paces: dict[str, Pace] = {}
        self._timeout = aiohttp.ClientTimeout(total=limits.total_seconds, connect=limits.connect_seconds)

    async def get(
        self, base_url: str, path: str, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply | NoAnswer:
        """The answer to a GET; whatever goes wrong is an answer too, never an exception."""
        return await self._ask("GET", base_url, path, params=params, headers=headers)

    async def post(
        self, base_url: str, path: str, form: Mapping[str, str], bytes_max: int
    ) -> Reply | NoAnswer:
        """The answer to a POST of a form, if it is not longer than it can sensibly be."""
        return await self._ask("POST", base_url, path, form=form, bytes_max=bytes_max)

    async def _ask(
        self,
        method: str,
        base_url: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        bytes_max: int | None = None,
    ) -> Reply | NoAnswer:
        # The bases come from settings, so there are two or three of them, never one for each question.
        pace = self._paces.setdefault(base_url, Pace(self._limits, self._monotonic))
        async with pace.turn() as refusal:
            if refusal:
                return refusal
            try:
                async with self._session.request(
                    method,
                    base_url + path,
                    params=params,
                    data=form,
                    headers={**_HEADERS, **(headers or {})},
                    timeout=self._timeout,
                    allow_redirects=False,
                ) as response:
                    if response.status == _TOO_MANY_REQUESTS:
                        return pace.refused(_retry_after_seconds(response.headers))
                    body = await _read_body(response, bytes_max or self._limits.body_bytes_max)
            except TimeoutError:
                return Unavailable("Steam did not answer in time")
            except (aiohttp.ClientError, OSError, ValueError) as error:
                # Only its kind: the text of some of them holds the address, and the address may hold a key.
                return Unavailable(f"Steam could not be asked ({type(error).__name__})")
            if body is None:
                return Unavailable("Steam's answer is longer than an answer can be")
            pace.answered()
            return Reply(response.status, response.headers, body)


def api_body(reply: Reply) -> bytes | Unavailable:
    """The body of an answer of Steam's Web API, if the call went well."""
    eresult = reply.headers.get("X-eresult", "1")
    # Absent means well; 2 ("fail") is also written over answers that are whole.
    if reply.status == OK and (eresult == "1" or (eresult == "2" and reply.body)):
        return reply.body
    if reply.status in {401, 403}:
        return Unavailable("Steam's Web API does not take our key")
    code = f", EResult {eresult}" if eresult.isascii() and eresult.isdigit() and eresult != "1" else ""
    return Unavailable(f"Steam's Web API answered HTTP {reply.status}{code[:20]}")


async def _read_body(response: aiohttp.ClientResponse, bytes_max: int) -> bytes | None:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > bytes_max:
            response.close()  # the rest is not worth reading, not even for keeping the connection
            return None
    return bytes(body)


def _retry_after_seconds(headers: Mapping[str, str]) -> int | None:
    """Seconds in a Retry-After, as a number or as a date measured by the answer's own date."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return int(value[:_RETRY_DIGITS_MAX])
    until, sent = _date(value), _date(headers.get("Date", ""))
    return max(0, int((until - sent).total_seconds())) if until and sent else None


def _date(value: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return when if when.tzinfo else None
