"""Dialling: no spelling of an address that is not the public internet's gets a socket, and no receiver holds us up."""

import asyncio
import gzip
import ipaddress
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from tradepost import dial
from tradepost.config import Settings
from tradepost.dial import CallFailed, Policy, Reply
from tradepost.rules import callback_address as rule
from tradepost.rules.callback_address import AddressRefused
from wire import Answers, Authority

PUBLIC = Policy()
LOCAL = Policy((ip_network("127.0.0.2/32"),), total_seconds=2.0, connect_seconds=1.0)
NOT_CALLED = "is not called"

# The literature's list: each is somebody's real way in.
V4 = [
    *("0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255"),
    *("127.0.0.1", "127.0.0.53", "127.1.2.3", "127.255.255.255", "168.63.129.16", "169.254.0.1"),
    *("169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192"),
    *("192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.255.255"),
    *("192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255"),
]
V6 = [
    *("::", "::1", "::2", "::ffff:0:1", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:2::1", "2001:10::1"),
    *(
        "2001:20::1",
        "2001:db8::1",
        "2001:db8:ffff::1",
        "2620:4f:8000::1",
        "3ffe::1",
        "3fff::1",
        "3fff:fff::1",
    ),
    *("4000::1", "5f00::1", "8000::1", "fc00::1", "fd00::1", "fd00:ec2::254", "fd12:3456:789a::1", "fe80::1"),
    *("fe80::a9fe:a9fe", "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1", "ffff::1"),
]
GOOD = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "2606:2800:220:1:248:1893:25c8:1946",
    "2a00:1450:4001:81b::200e",
]


def disguised(address: IPv4Address) -> Iterator[IPv6Address]:
    """An IPv4 address in the IPv6 addresses that carry it."""
    number, inverted = int(address), 0xFFFF_FFFF ^ int(address)
    yield IPv6Address(f"::ffff:{address}")  # mapped
    yield IPv6Address(f"::ffff:0:{address}")  # translated
    yield IPv6Address(f"::{address}")  # compatible
    yield IPv6Address(f"64:ff9b::{address}")  # NAT64
    yield IPv6Address(f"64:ff9b:1::{address}")  # NAT64, local
    yield IPv6Address(0x2002 << 112 | number << 80 | 1)  # 6to4
    yield IPv6Address(0x2001 << 112 | number << 64 | inverted)  # Teredo, as server and as client
    for prefix in ("fe80::", "2606:2800:220:1::"):
        for universal in (0x0000, 0x0200):
            yield IPv6Address(int(IPv6Address(prefix)) | universal << 48 | 0x5EFE << 32 | number)  # ISATAP


def spelled(address: IPv4Address) -> Iterator[str]:
    """An IPv4 address as some reader somewhere would take it."""
    parts = [int(part) for part in str(address).split(".")]
    number = int(address)
    yield from (str(address), f"{address}.", f"[{address}]", f"{address}%31", f" {address}", f"{address}\t")
    yield from (
        str(number),
        hex(number),
        f"0X{number:X}",
        f"0{number:o}",
        f"0o{number:o}",
        str(number + 2**32),
    )
    for width in ("{:#x}", "0{:o}", "{:03d}", "{:#010x}", "0000{:o}"):
        yield ".".join(width.format(part) for part in parts)
    yield f"{parts[0]:#x}.{parts[1]}.{parts[2]}.0{parts[3]:o}"
    yield f"{parts[0]}.{number & 0xFFFFFF}"
    yield f"{parts[0]}.{parts[1]}.{number & 0xFFFF}"
    yield f"{parts[0]:#x}.{number & 0xFFFFFF:#x}"
    for zero in "０𝟎𝟘①٠":  # digits of other scripts, which IDN makes ASCII again
        digits = {d: chr(ord(zero) + int(d)) for d in "0123456789"}
        if zero == "①":
            digits = {d: "⓪①②③④⑤⑥⑦⑧⑨"[int(d)] for d in "0123456789"}
        yield "".join(digits.get(char, char) for char in str(address))
    for dot in "。．｡":
        yield str(address).replace(".", dot)
    yield "".join(f"%{ord(char):02x}" for char in str(address))
    yield str(address).replace(".", "%2e")
    yield f"{address}.0" if parts[3] else f"0.{address}"
    yield f"good.example@{address}"
    yield f"good.example:443@{address}"
    yield f"{address}#@good.example"
    yield f"{address}\\@good.example"
    yield f"good.example\\@{address}"


def spelled_v6(address: IPv6Address) -> Iterator[str]:
    """An IPv6 address as some reader somewhere would take it."""
    yield from (f"[{address}]", f"[{address.exploded}]", f"[{address.exploded.upper()}]", str(address))
    yield from (
        f"[{address}%25eth0]",
        f"[{address}%eth0]",
        f"[{address}]]",
        f"[[{address}]]",
        f"[{address}].",
    )
    quarters = str(IPv4Address(int(address) & 0xFFFF_FFFF))
    yield f"[{':'.join(address.exploded.split(':')[:6])}:{quarters}]"


def hosts() -> list[str]:
    v4 = [IPv4Address(text) for text in V4]
    v6 = [IPv6Address(text) for text in V6] + [six for four in v4 for six in disguised(four)]
    found = [text for address in v4 for text in spelled(address)]
    found += [text for address in v6 for text in spelled_v6(address)]
    return list(dict.fromkeys(found))


def accepted(text: str, policy: Policy = PUBLIC) -> bool:
    try:
        dial.check(text, policy)
    except AddressRefused:
        return False
    return True


def test_none_of_thousands_of_spellings_of_an_address_is_saved() -> None:
    urls = [f"{scheme}://{host}/notices" for scheme, host in product(("https", "http"), hosts())]
    assert len(urls) > 4_000
    assert [url for url in urls if accepted(url)] == []


def test_even_where_the_operator_has_networks_only_their_plain_spelling_is_saved() -> None:
    """Of the addresses in them; all other spellings and addresses stay refused."""
    policy = Policy((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
    taken = {host for host in hosts() if accepted(f"http://{host}:8080/", policy)}
    assert "10.0.0.1" in taken and "[fd00::1]" in taken
    for host in taken:
        address = ip_address(host.strip("[]"))
        assert any(address in network for network in policy.networks), host


@pytest.mark.parametrize("text", V4 + V6)
def test_a_special_address_is_not_public_nor_is_what_carries_it(text: str) -> None:
    address = ip_address(text)
    assert not rule.is_public(address)
    if isinstance(address, IPv4Address):
        assert [six for six in disguised(address) if rule.is_public(six)] == []


@pytest.mark.parametrize("network", [*rule.NOT_PUBLIC_V4, *rule.NOT_PUBLIC_V6], ids=str)
def test_a_special_network_is_shut_from_its_first_to_its_last_address(network: rule.Network) -> None:
    assert not rule.is_public(network[0]) and not rule.is_public(network[-1])


@pytest.mark.parametrize("text", GOOD)
def test_a_public_address_is_public(text: str) -> None:
    assert rule.is_public(ip_address(text))


def test_nothing_that_the_standard_library_calls_private_is_public_here() -> None:
    for first in range(0, 2**32, 2**32 // 4096):
        address = IPv4Address(first)
        assert not (rule.is_public(address) and not address.is_global), address


URLS = [  # spelling, and a word of the sentence that refuses it
    ("", "such as"),
    ("shop.example/notices", "such as"),
    ("ftp://shop.example/", "such as"),
    ("file:///etc/passwd", "such as"),
    ("gopher://shop.example/", "such as"),
    ("//shop.example/", "such as"),
    ("https:shop.example", "such as"),
    ("https:///notices", "host"),
    ("https://", "host"),
    ("http://shop.example/", "https"),
    ("https://shop.example:22/", "ports"),
    ("https://shop.example:5432/", "ports"),
    ("https://shop.example:80/", "ports"),
    ("https://shop.example:/", "port"),
    ("https://shop.example:0/", "port"),
    ("https://shop.example:65536/", "port"),
    ("https://shop.example:0443/", "port"),
    ("https://shop.example:4_43/", "such as"),
    ("https://shop.example:443:443/", "such as"),
    ("https://user@shop.example/", "user"),
    ("https://user:pass@shop.example/", "user"),
    ("https://@shop.example/", "user"),
    ("https://shop.example#x", "fragment"),
    ("https://shop.example/#", "fragment"),
    ("https://shop.example./", "dot"),
    ("https://.shop.example/", "host"),
    ("https://shop..example/", "host"),
    ("https://-shop.example/", "host"),
    ("https://shop-.example/", "host"),
    ("https://shop_1.example/", "host"),
    ("https://*.example/", "host"),
    ("https://shop%2eexample/", "host"),
    ("https://localhost/", "public"),
    ("https://LOCALHOST/", "public"),
    ("https://shop.localhost/", "public"),
    ("https://db.internal/", "public"),
    ("https://printer.local/", "public"),
    ("https://nas.home.arpa/", "public"),
    ("https://intranet/", "public"),
    ("https://metadata/", "public"),
    ("https://shop.123/", "number"),
    ("https://shop.0x7f/", "number"),
    ("https://münchen.example/", "xn--"),
    ("https://shop。example/", "xn--"),
    ("https://shop.example/a b", "percent"),
    ("https://shop.example/\n", "such as"),
    ("https://shop.example/\\@evil", "percent"),
    ("https://shop.example\\/", "host"),
    ("https://shop.example/%zz", "percent"),
    ("https://shop.example/%", "percent"),
    ("https://shop.example/<x>", "percent"),
    ("https://shop.example/\x00", "percent"),
    ("https://shop.example/\x7f", "percent"),
    (" https://shop.example/", "such as"),
    ("https://shop.example /", "host"),
    ("https://" + "a" * 64 + ".example/", "host"),
    ("https://" + ".".join(["a" * 60] * 5) + ".example/", "host"),
    ("https://shop.example/" + "a" * 2000, "1024"),
    ("https://[::1", "such as"),
    ("https://::1/", "such as"),
]


@pytest.mark.parametrize(("text", "word"), URLS)
def test_an_address_that_is_refused_is_refused_in_a_sentence(text: str, word: str) -> None:
    with pytest.raises(AddressRefused, match=word):
        dial.check(text, PUBLIC)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://shop.example", "https://shop.example/"),
        (
            "HTTPS://Shop.Example:443/Notices?to=A%20b&x=[1]".replace("[1]", "1"),
            "https://shop.example/Notices?to=A%20b&x=1",
        ),
        ("https://shop.example:8443/a/../b//c?x=%2e", "https://shop.example:8443/a/../b//c?x=%2e"),
        ("https://shop.example?x=1", "https://shop.example/?x=1"),
        ("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/"),
        ("https://a-b.c2.example/~me;p=1,2!$'()*", "https://a-b.c2.example/~me;p=1,2!$'()*"),
    ],
)
def test_a_good_address_is_kept_as_it_is_but_for_its_host(text: str, kept: str) -> None:
    assert dial.check(text, PUBLIC) == kept
    assert dial.check(kept, PUBLIC) == kept


def test_with_networks_of_his_own_the_operator_allows_http_ports_and_short_names() -> None:
    policy = dial.policy_of(Settings(callback_networks=("192.168.7.0/24", "fd00::/8")))
    for text in ("http://192.168.7.9:5000/", "http://shop:8080/", "https://shop.lan/", "http://[fd00::7]/x"):
        assert dial.check(text, policy) == text
    for text in (
        "http://192.168.8.9/",
        "http://127.0.0.1/",
        "https://1.1.1.1/",
        "http://[::ffff:192.168.7.9]/",
    ):
        assert not accepted(text, policy)


# At the very connect -----------------------------------------------------------------------------------------


async def call(url: str, policy: Policy = LOCAL, resolver: AbstractResolver | None = None) -> Reply:
    return await dial.call(
        policy, "POST", url, headers={"webhook-id": "msg_1"}, body=b"{}", resolver=resolver
    )


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    port: int = 0
    heads: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serving(
    talk: Talk, host: str = "127.0.0.2", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """A server that reads a request and then does what the test says."""
    server, talks = Server(), set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            server.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, host, 0, ssl=tls)
    try:
        server.port = listener.sockets[0].getsockname()[1]
        yield server
    finally:
        listener.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def says(data: bytes) -> Talk:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return talk


OK = says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


# What a stranger's name server can say, and a stranger's server: so many cases of each way in, and no socket for any.
CASES_LEAST = 200
WAYS = ("A", "AAAA", "mixed, first", "mixed, last", "rebinding", "redirect")


def v4_of_networks() -> list[str]:
    """Addresses of every network that is not public: its edges, its middle, and some by chance."""
    chance = random.Random(7)
    found = list(V4)
    for network in rule.NOT_PUBLIC_V4:
        places = [
            0,
            -1,
            network.num_addresses // 2,
            *(chance.randrange(network.num_addresses) for _ in range(9)),
        ]
        found += [str(network[place]) for place in places]
    return list(dict.fromkeys(found))


def v6_of_networks() -> list[str]:
    """The same of IPv6, and every IPv4 address of the list in all its disguises."""
    edges = [str(network[place]) for network in rule.NOT_PUBLIC_V6 for place in (0, -1, 12_345)]
    return list(
        dict.fromkeys([*V6, *edges, *(str(six) for text in V4 for six in disguised(IPv4Address(text)))])
    )


def special() -> list[str]:
    """All of them, but for the one network that the operator of these tests lets us call."""
    return [one for one in v4_of_networks() + v6_of_networks() if one != "127.0.0.2"]


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that a socket was made for."""
    found: list[str] = []
    whole = dial._Guard.socket

    def made(guard: dial._Guard, info: Any) -> socket.socket:
        one = whole(guard, info)
        found.append(info[4][0])
        return one

    monkeypatch.setattr(dial._Guard, "socket", made)
    return found


@pytest.mark.parametrize("way", WAYS)
async def test_by_no_way_a_socket_is_made_for_an_address_that_is_not_called(
    way: str, dialled: list[str]
) -> None:
    """Whatever a name server says, at the connect the concrete address is judged; whatever a server says, once."""
    addresses = {"A": v4_of_networks(), "AAAA": v6_of_networks()}.get(way, special())
    if way == "redirect":
        addresses = hosts()[:: len(hosts()) // 300]
    assert len(addresses) >= CASES_LEAST
    calls = 0
    async with serving(redirects(addresses) if way == "redirect" else OK) as server:
        url = f"http://shop.example:{server.port}/"
        for address in addresses:
            match way:
                case "A" | "AAAA":
                    names, policy, wanted = Answers([address]), PUBLIC, "https://shop.example/"
                case "mixed, first":
                    names, policy, wanted = Answers([address, "127.0.0.2"]), LOCAL, url
                case "mixed, last":
                    names, policy, wanted = Answers(["127.0.0.2", address]), LOCAL, url
                case "rebinding":
                    names, policy, wanted = Answers(["127.0.0.2"], [address]), LOCAL, url
                    assert (await call(wanted, policy, names)).status == 200
                    calls += 1
                case _:
                    names, policy, wanted = Answers(["127.0.0.2"]), LOCAL, url
            if way in ("A", "AAAA", "rebinding"):
                with pytest.raises(CallFailed, match=NOT_CALLED):
                    await call(wanted, policy, names)
            else:
                assert (await call(wanted, policy, names)).status // 100 == (3 if way == "redirect" else 2)
                calls += 1
    assert dialled == ["127.0.0.2"] * calls and len(server.heads) == calls


def redirects(to: list[str]) -> Talk:
    """A server that sends each caller elsewhere: by every status, to every spelling."""
    left = iter([(status, host) for status, host in zip(cycle((301, 302, 303, 307, 308)), to, strict=False)])

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status, host = next(left)
        head = f"HTTP/1.1 {status} Moved\r\nLocation: http://{host}/\r\nContent-Length: 0\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()

    return talk


async def test_a_name_that_changes_its_mind_is_judged_each_time() -> None:
    async with serving(OK) as allowed, serving(OK, "127.0.0.1") as secret:
        names = Answers(["127.0.0.2"], ["127.0.0.1"])
        url = f"http://shop.example:{allowed.port}/"
        assert (await call(url, resolver=names)).status == 200
        with pytest.raises(CallFailed, match=NOT_CALLED):
            await call(f"http://shop.example:{secret.port}/", resolver=names)
        assert names.asked == ["shop.example"] * 2  # nothing is remembered from one call to the next
        assert len(allowed.heads) == 1 and secret.heads == []


async def test_of_several_addresses_only_those_are_called_that_may_be() -> None:
    async with serving(OK) as allowed, serving(OK, "127.0.0.1") as secret:
        mixed = Answers(["127.0.0.1", "::1", "169.254.169.254", "127.0.0.2"])
        assert (await call(f"http://shop.example:{allowed.port}/", resolver=mixed)).status == 200
        with pytest.raises(CallFailed):
            await call(f"http://shop.example:{secret.port}/", resolver=mixed)
        assert secret.heads == []


async def test_the_system_s_own_name_for_this_machine_leads_nowhere() -> None:
    async with serving(OK, "127.0.0.1") as secret:
        with pytest.raises(CallFailed, match=NOT_CALLED):
            await call(f"http://localhost:{secret.port}/")
        assert secret.heads == []


async def test_plain_http_goes_to_the_operators_networks_alone() -> None:
    with pytest.raises(CallFailed, match="not over https"):
        await call("http://shop.example/", resolver=Answers(["93.184.216.34"]))
    with pytest.raises(CallFailed, match=NOT_CALLED):
        await call("https://shop.example:5432/", resolver=Answers(["93.184.216.34"]))


async def test_an_address_saved_under_another_policy_is_judged_anew() -> None:
    async with serving(OK) as server:
        with pytest.raises(AddressRefused):
            await call(f"http://127.0.0.2:{server.port}/", PUBLIC)
        assert server.heads == []


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with serving(OK, "127.0.0.1") as secret:
        for status in (301, 302, 303, 307, 308):
            location = f"http://127.0.0.1:{secret.port}/"
            head = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            async with serving(says(head.encode())) as server:
                reply = await call(f"http://127.0.0.2:{server.port}/")
            assert reply == Reply(status, b"", whole=True)
        assert secret.heads == []


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(OK, "127.0.0.1") as proxy, serving(OK) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await call(f"http://127.0.0.2:{server.port}/")).body == b"ok"
        assert proxy.heads == []


async def test_each_call_is_a_connection_of_its_own_and_says_what_it_needs() -> None:
    async with serving(says(b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\n\r\n")) as server:
        for _ in range(2):
            assert (await call(f"http://127.0.0.2:{server.port}/n?x=%2e")).status == 204
    assert len(server.heads) == 2
    head = server.heads[1].decode().lower()
    assert head.startswith("post /n?x=%2e http/1.1\r\n")
    assert "webhook-id: msg_1\r\n" in head and "accept-encoding: identity\r\n" in head
    assert "cookie" not in head and "authorization" not in head


# Receivers that hold us up -----------------------------------------------------------------------------------

SHORT = Policy(LOCAL.networks, total_seconds=0.8, connect_seconds=0.4)


async def timed(server: Server, policy: Policy = SHORT) -> tuple[Reply | str, float]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        found: Reply | str = await call(f"http://127.0.0.2:{server.port}/", policy)
    except CallFailed as failed:
        found = str(failed)
    return found, loop.time() - began


def drips(before: bytes, drop: bytes) -> Talk:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.05)

    return talk


async def hangs(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def pours(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


@pytest.mark.parametrize(
    "talk",
    [
        hangs,
        drips(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        drips(b"", b"H"),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "a dripping head", "a dripping status", "endless encouragement"],
)
async def test_a_head_that_does_not_come_in_time_is_no_answer(talk: Talk) -> None:
    async with serving(talk) as server:
        found, seconds = await timed(server)
    assert isinstance(found, str) and ("within 0.8 seconds" in found or "not HTTP" in found)
    assert seconds < 5


async def test_a_body_that_drips_is_cut_and_its_status_counts() -> None:
    async with serving(drips(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"o")) as server:
        found, seconds = await timed(server)
    assert isinstance(found, Reply) and found.status == 200 and not found.whole
    assert 0 < len(found.body) < 100 and seconds < 5


async def test_an_endless_body_is_read_to_64_kilobytes() -> None:
    async with serving(pours) as server:
        found, seconds = await timed(server, LOCAL)
    assert isinstance(found, Reply) and found.status == 200 and not found.whole
    assert len(found.body) == dial.BODY_BYTES_MAX and seconds < 5


async def test_a_body_is_not_unpacked() -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    async with serving(says(head.encode() + bomb)) as server:
        found, _ = await timed(server, LOCAL)
    assert found == Reply(200, bomb, whole=True)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"b" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 " + b"2" * 100_000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\xff" * 500,
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"",
    ],
    ids=[
        "a long header",
        "many headers",
        "a long status",
        "ssh",
        "bytes",
        "no status",
        "no chunk",
        "nothing",
    ],
)
async def test_what_is_not_a_decent_head_is_no_answer(data: bytes) -> None:
    async with serving(says(data)) as server:
        found, seconds = await timed(server, LOCAL)
    assert isinstance(found, str) and found.endswith(".") and seconds < 5


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
    ],
)
async def test_a_body_that_breaks_off_is_not_whole(data: bytes) -> None:
    async with serving(says(data)) as server:
        found, _ = await timed(server, LOCAL)
    assert isinstance(found, Reply) and found.status == 200 and not found.whole


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_call_whose_connection_is_closed_is_not_made_again(method: str) -> None:
    """HTTP allows to repeat a GET by oneself, and libraries do: but an attempt is one call."""
    async with serving(says(b"")) as server:
        with pytest.raises(CallFailed, match="closed before an answer came"):
            await dial.call(LOCAL, method, f"http://127.0.0.2:{server.port}/", headers={})
    assert len(server.heads) == 1


async def test_a_closed_port_is_told_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.2", 0)) as listener:
        port = listener.getsockname()[1]
    assert (await timed(Server(port)))[0] == "The host took no connection."


async def test_a_name_that_nobody_has_is_told_in_a_sentence() -> None:
    with pytest.raises(CallFailed, match="could not be found"):
        await call("https://shop.invalid/", Policy(total_seconds=10, connect_seconds=9))


async def test_a_name_server_that_does_not_answer_holds_nobody_up() -> None:
    class Silent(Answers):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            await asyncio.sleep(60)
            return []

    with pytest.raises(CallFailed, match=r"within 0\.4 seconds"):
        await call("https://shop.example/", SHORT, Silent())


async def test_a_certificate_of_our_own_making_is_not_believed(tmp_path: Path) -> None:
    async with serving(OK, tls=Authority(tmp_path).server("shop.example")) as server:
        with pytest.raises(CallFailed, match="certificate"):
            await call(f"https://shop.example:{server.port}/", resolver=Answers(["127.0.0.2"]))
    assert server.heads == []


async def test_a_host_that_speaks_no_tls_is_told_in_a_sentence() -> None:
    async with serving(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        with pytest.raises(CallFailed, match=r"TLS|closed|connection"):
            await call(f"https://shop.example:{server.port}/", resolver=Answers(["127.0.0.2"]))


def test_the_list_is_ours_because_the_standard_library_lets_some_pass() -> None:
    """The reason for a list of our own: should this fail one day, it is no harm."""
    let_pass = [text for text in V4 + V6 if ipaddress.ip_address(text).is_global]
    assert let_pass


# Hanging up --------------------------------------------------------------------------------------------------


async def test_one_who_hangs_up_has_sent_all_of_his_request_and_waits_for_nothing() -> None:
    ended = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""  # nothing more comes, and the caller is gone
        ended.set()

    async with serving(waits) as server:
        for number in range(50):
            ended.clear()
            url = f"http://127.0.0.2:{server.port}/ipn?n={number}"
            reply = await dial.call(LOCAL, "GET", url, headers={"webhook-id": "msg_1"}, hang_up=True)
            assert reply == Reply(0, b"", False)
            await asyncio.wait_for(ended.wait(), 5)
            assert server.heads[-1].startswith(f"GET /ipn?n={number} HTTP/1.1\r\n".encode())


async def test_one_who_would_hang_up_but_reached_nobody_is_told_so() -> None:
    async with serving(OK) as server:
        port = server.port
    with pytest.raises(CallFailed, match="took no connection"):
        await dial.call(LOCAL, "GET", f"http://127.0.0.2:{port}/", headers={}, hang_up=True)
    with pytest.raises(CallFailed, match=NOT_CALLED):
        await dial.call(
            PUBLIC, "GET", "https://shop.example/", headers={}, resolver=Answers(["127.0.0.1"]), hang_up=True
        )
