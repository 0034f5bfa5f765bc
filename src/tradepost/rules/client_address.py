"""Addresses of clients: how they are read, which networks they lie in, and who counts as one neighbourhood."""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

HOUSEHOLD_BITS = 64  # of an IPv6 address: one household may choose among all that begin with them

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def read_address(text: str) -> Address | None:
    """The address that a text says; an IPv4 address in the clothes of IPv6 is itself. None for no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def read_network(text: str) -> Network | None:
    """The network that a text says, of one address where it has no length; None for no network."""
    try:
        return ip_network(text)
    except ValueError:
        return None


def neighbours(text: str) -> str:
    """Who is counted together with an address: itself alone, or all of one household in IPv6; and all unknown ones."""
    address = read_address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), HOUSEHOLD_BITS), strict=False))
    return "" if address is None else str(address)
