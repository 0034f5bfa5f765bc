"""Addresses that strangers gave us: which of them may be called, by how they are written and by where they lead.

Written, by one strict grammar: an address in numbers is refused altogether, so that no spelling of one has to be
understood. Where a name leads is judged for each socket that is made, on its concrete address. `ipaddress.is_global`
is no judge of that: it lets NAT64, 6to4 and others pass.

The operator's own networks are called as well, there also over plain http and on any port.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

URL_CHARS_MAX = 1024
CALLED_CHARS_MAX = 2048  # with a notice's query behind it
HOST_CHARS_MAX = 253
PORTS = frozenset({443, 8443})  # of the public internet; databases and mail listen elsewhere
PORT_MAX = 65_535

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]/?#@]*\]|[^/?#@:\[\]]*)(?::(?P<port>[0-9]*))?(?P<rest>[/?].*)?",
    re.IGNORECASE | re.ASCII,
)
_REST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*|0o[0-7]*", re.ASCII)  # some read such a last label as an address
LOCAL_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "onion")

# Nothing in these is a stranger's server on the public internet (IANA's special-purpose registries, and what clouds
# keep for themselves). Of IPv6, only 2000::/3 is looked at at all: mapped and compatible spellings, NAT64, unique local,
# site-local, link-local, multicast and the unspecified address lie outside.
NOT_PUBLIC_V4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carriers' NAT, and clouds' metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's own services
        "169.254.0.0/16",  # link-local, and clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
PUBLIC_V6 = IPv6Network("2000::/3")
NOT_PUBLIC_V6 = tuple(
    IPv6Network(one)
    for one in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone
        "3fff::/20",  # documentation
    )
)
ISATAP = 0x5EFE  # in the third quarter of an address: its last quarter is an IPv4 address in disguise

Network = IPv4Network | IPv6Network
Networks = Sequence[Network]


class AddressRefused(ValueError):
    """An address that is not called; the text says what it must be."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address in its parts, as they were read."""

    scheme: str
    host: str
    port: int
    rest: str  # path and query

    @property
    def text(self) -> str:
        """The address as it is kept and called: put together anew from its parts."""
        authority = self.host if self.port == _usual_port(self.scheme) else f"{self.host}:{self.port}"
        return f"{self.scheme}://{authority}{self.rest}"


def read(text: str, networks: Networks = (), chars_max: int = URL_CHARS_MAX) -> Address:
    """Read an address; raises AddressRefused for one that is not called, however it is spelled."""
    if len(text) > chars_max:
        raise AddressRefused(f"must have at most {chars_max} characters")
    if not text.isascii():
        raise AddressRefused("must be ASCII: a name in other letters is written in its xn-- form")
    if "#" in text:
        raise AddressRefused("must have no fragment (#)")
    found = _ADDRESS.fullmatch(text)
    if found is None:
        if "@" in text.partition("://")[2].partition("/")[0]:
            raise AddressRefused("must have no user or password before the host")
        raise AddressRefused("must be an address such as https://shop.example/notices")
    scheme, rest = found["scheme"].lower(), found["rest"] or "/"
    if not _REST.fullmatch(rest):
        raise AddressRefused("has a character after the host that must be percent-encoded")
    host = _host(found["host"].lower(), networks)
    port = _port(found["port"], scheme)
    if scheme == "http" and not networks:
        raise AddressRefused("must begin with https://")
    if port not in PORTS and not networks:
        raise AddressRefused(f"must have one of the ports {', '.join(map(str, sorted(PORTS)))}")
    return Address(scheme, host, port, rest if rest[0] == "/" else f"/{rest}")


def may_call(leads_to: IPv4Address | IPv6Address, address: Address, networks: Networks) -> bool:
    """Say whether a connection may be made to where an address leads."""
    if any(leads_to in network for network in networks):
        return True
    return is_public(leads_to) and address.scheme == "https" and address.port in PORTS


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address can be a stranger's server on the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_V4)
    if address.scope_id is not None or address not in PUBLIC_V6:
        return False
    in_disguise = (int(address) >> 32) & 0xFDFF_FFFF == ISATAP
    return not in_disguise and not any(address in network for network in NOT_PUBLIC_V6)


def _usual_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _port(text: str | None, scheme: str) -> int:
    if text is None:
        return _usual_port(scheme)
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or int(text) > PORT_MAX:
        raise AddressRefused("must have a port from 1 to 65535, or none")
    return int(text)


def _host(host: str, networks: Networks) -> str:
    """The host, where it is a public name, or the plain spelling of an address that the operator lets us call."""
    literal = _literal(host)
    if literal is not None:
        if not any(literal in network for network in networks):
            raise AddressRefused("must name its host: an address in numbers is not called")
        return f"[{literal}]" if literal.version == 6 else str(literal)  # noqa: PLR2004 - IP's own number
    labels = host.split(".")
    if len(host) > HOST_CHARS_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("must have a host such as shop.example, without a dot at its end")
    if _NUMBER.fullmatch(labels[-1]):
        raise AddressRefused("must name its host: an address in numbers is not called")
    if not networks and (len(labels) == 1 or labels[-1] in LOCAL_NAMES or host.endswith("home.arpa")):
        raise AddressRefused("must have a host that is known on the public internet")
    return host


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, in the one spelling that we take: 10.0.0.7, [fd00::7]."""
    with suppress(ValueError):
        if host.startswith("["):
            found = IPv6Address(host[1:-1])
            return found if found.scope_id is None else None
        return IPv4Address(host)
    return None
