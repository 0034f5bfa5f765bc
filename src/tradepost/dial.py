"""The only way to call an address that a stranger gave us: guarded at the very connect, limited, timed.

A name is not an address: what it leads to is known only when it is looked up, and may be another thing a second later.
So each socket is made by us (`socket_factory`), after the look-up, for literals too, and for an address that may not be
called (rules/callback_address.py) none is made. No redirect is followed, no proxy asked, no connection and no answer of a name
server used twice.
"""

import asyncio
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from tradepost.config import Settings
from tradepost.rules.callback_address import CALLED_CHARS_MAX, Address, Network, may_call, read

TOTAL_SECONDS = 20.0  # from the look-up of the name to the last byte that is read
CONNECT_SECONDS = 3.0  # of these, for the look-up, the connection and TLS
BODY_BYTES_MAX = 65_536
LOOKUPS_AT_ONCE = 256  # a look-up cannot be broken off: names that never answer must not keep out the others


class CallFailed(Exception):
    """No answer came; the text says why, in a sentence."""


class _NotCalled(OSError):
    """Raised in place of a socket, for an address that is not called."""


class _Closed(aiohttp.ClientError):
    """The connection ended before an answer came."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Whom we call: the public internet, and these networks of the operator's; and how long we wait."""

    networks: tuple[Network, ...] = ()
    total_seconds: float = TOTAL_SECONDS
    connect_seconds: float = CONNECT_SECONDS


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `whole` says whether the body was read to its end."""

    status: int
    body: bytes
    whole: bool


def policy_of(settings: Settings) -> Policy:
    """Whom the operator lets us call."""
    return Policy(tuple(ip_network(one) for one in settings.callback_networks))


def check(text: str, policy: Policy) -> str:
    """The address as it is kept; raises AddressRefused for one that is not called, however it is spelled."""
    return read(text, policy.networks).text


async def call(
    policy: Policy,
    method: str,
    address: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    resolver: AbstractResolver | None = None,
    hang_up: bool = False,
) -> Reply:
    """Call an address once, over a connection of its own; raises AddressRefused or CallFailed.

    A reply whose body breaks off, is too long or takes too long is a reply all the same: its status counts.
    With `hang_up` a call without a body ends when its request is sent, and none of its answer is waited for (status 0).
    """
    to = read(address, policy.networks, CALLED_CHARS_MAX)  # it may have been saved under another policy
    guard = _Guard(policy, to)
    connector = aiohttp.TCPConnector(
        resolver=resolver or _Names(), use_dns_cache=False, force_close=True, socket_factory=guard.socket
    )
    timeout = aiohttp.ClientTimeout(total=None, connect=policy.connect_seconds)
    status, kept, whole = 0, bytearray(), False
    time_limit = asyncio.timeout(policy.total_seconds)
    sent = _Sent(time_limit)
    try:
        async with (
            time_limit,
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=timeout,
                trust_env=False,
                auto_decompress=False,
                middlewares=(_once,),
                skip_auto_headers=("Content-Type",),
                trace_configs=[sent.trace] if hang_up else None,
            ) as http,
            http.request(
                method,
                URL(to.text, encoded=True),
                headers={"User-Agent": "tradepost", "Accept-Encoding": "identity", **headers},
                data=body,
                allow_redirects=False,
            ) as response,
        ):
            status = response.status
            whole = await _read_body(response.content, kept)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        if not status and not sent.is_so:
            raise CallFailed(_sentence(error, guard, policy)) from error
    return Reply(status, bytes(kept), whole)


async def _read_body(content: aiohttp.StreamReader, kept: bytearray) -> bool:
    """Read a body into `kept`, up to the most that is read; say whether that was all of it."""
    while len(kept) < BODY_BYTES_MAX:
        piece = await content.read(BODY_BYTES_MAX - len(kept))
        if not piece:
            return True
        kept += piece
    return content.at_eof()


class _Sent:
    """Ends a call's time once its request is handed over: it is written before anybody else has his turn."""

    def __init__(self, time_limit: asyncio.Timeout) -> None:
        self._time_limit, self.is_so = time_limit, False
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_headers_sent.append(self._end)

    async def _end(self, *_: Any) -> None:
        self.is_so = True
        self._time_limit.reschedule(asyncio.get_running_loop().time())


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once: the library sends a GET again whose connection was closed, and an attempt is one call."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Closed from error


class _Guard:
    """Makes the sockets of one call, and none for an address that is not called."""

    def __init__(self, policy: Policy, to: Address) -> None:
        self._policy, self._to = policy, to
        self.refused = False

    def socket(self, info: Any) -> socket.socket:
        """Make the socket for one address that a name led to; called for every attempt at a connection."""
        family, kind, proto, _, where = info
        try:
            good = may_call(ip_address(where[0]), self._to, self._policy.networks)
        except ValueError:
            good = False
        if not good:
            self.refused = True
            raise _NotCalled("not called")
        return socket.socket(family, kind, proto)


class _Names(AbstractResolver):
    """Looks names up in threads of their own: the loop has four for all, and four silent name servers would fill them."""

    _threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="look up")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses that a name has at this moment."""
        ask = partial(socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [
            ResolveResult(
                hostname=host,
                host=str(where[0]),
                port=int(where[1]),
                family=family,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family, _, proto, _, where in found
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def _sentence(error: Exception, guard: _Guard, policy: Policy) -> str:
    """What went wrong, to a person; of an address that is not called it does not tell which it was."""
    if guard.refused:
        return "The host leads to an address that is not called: it is not on the public internet, or not over https."
    match error:
        case aiohttp.ConnectionTimeoutError():
            return f"No connection was made within {policy.connect_seconds:g} seconds."
        case TimeoutError():
            return f"No answer came within {policy.total_seconds:g} seconds."
        case aiohttp.ClientConnectorDNSError():
            return "The host's name could not be found."
        case aiohttp.ClientConnectorCertificateError():
            return "The host's certificate is not valid for its name."
        case aiohttp.ClientSSLError():
            return "The host did not speak TLS as it should."
        case aiohttp.ClientConnectorError():
            return "The host took no connection."
        case _Closed():
            return "The connection was closed before an answer came."
        case _:
            return "The answer was not HTTP, or its head was too long."
