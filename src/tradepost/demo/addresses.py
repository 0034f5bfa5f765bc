"""Where the demo listens: the market's port as asked for, then the simulated Steam's and the shop's, where these are free."""

import errno
import socket
from collections.abc import Iterable, Set
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from tradepost.config import Settings
from tradepost.demo.errors import DemoRefused

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a listener on all addresses is reached from here
PORT_MAX = 65_535
LOOPBACK = ("127.0.0.0/8", "::1/128")  # where whoever tries the demo out has his own receivers
HEARTBEAT_SECONDS = 5  # a seller whose program died is offline soon, where somebody is looking


def chosen(settings: Settings, steam_port: int | None) -> Settings:
    """Return the settings of this demo, with ports that are free; `steam_port` is the one that it had before."""
    port = settings.port
    if not port:
        port = _any_port(settings.host)
    elif not _is_free(settings.host, port):
        raise DemoRefused(f"port {port} is taken by another program: choose one with --port")
    local = ANY.get(settings.host, settings.host)
    steam_url = _url(local, _free_port(settings.host, (steam_port, port + 1), {port}))
    # An address of his own that the operator set stands: there may be a proxy in front.
    is_default = settings.base_url == Settings().base_url
    is_hasty = settings.heartbeat_ttl_seconds == Settings().heartbeat_ttl_seconds
    return replace(
        settings,
        mode="demo",
        port=port,
        base_url=_url(local, port) if is_default else settings.base_url,
        steam_community_url=steam_url,
        steam_api_url=steam_url,
        steam_control_url=steam_url,
        steam_image_url=steam_url,
        callback_networks=_callable(settings),
        heartbeat_ttl_seconds=HEARTBEAT_SECONDS if is_hasty else settings.heartbeat_ttl_seconds,
        log_format="json",
    )


def local_url(settings: Settings) -> str:
    """Return where the demo's own processes reach the market, whatever stands in front of it."""
    return _url(ANY.get(settings.host, settings.host), settings.port)


def shop_url(settings: Settings, last_port: int | None) -> str:
    """Return where the example shop listens, beside a market with these settings; `last_port` is the one it had."""
    taken = {settings.port, port_of(settings.steam_control_url)}
    port = _free_port(settings.host, (last_port, settings.port + 2), taken)
    return _url(_shop_host(settings), port)


def port_of(url: str) -> int | None:
    """Return the port that an address names."""
    return urlsplit(url).port


def _callable(settings: Settings) -> tuple[str, ...]:
    """The networks that notices may go to: the operator's, or this machine, and wherever the shop is."""
    networks = settings.callback_networks or LOOPBACK
    shop = ip_address(_shop_host(settings))
    is_there = any(shop in ip_network(one) for one in networks)
    return networks if is_there else (*networks, str(ip_network(shop)))


def _shop_host(settings: Settings) -> str:
    """The address at which the shop is called from here, in numbers: of a name it is not known where it leads."""
    local = ANY.get(settings.host, settings.host)
    with suppress(ValueError):
        return str(ip_address(local))
    return ANY["0.0.0.0"]  # noqa: S104 - the address of this machine


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_free(host: str, port: int) -> bool:
    try:
        with _listener(host, port):
            return True
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise DemoRefused(f"cannot listen on {host} port {port}: {error.strerror}") from None


def _free_port(host: str, wanted: Iterable[int | None], taken: Set[int | None]) -> int:
    """The first wanted port that is free, or any."""
    for port in wanted:
        if port and port not in taken and port <= PORT_MAX and _is_free(host, port):
            return port
    return _any_port(host)


def _any_port(host: str) -> int:
    with _listener(host, 0) as listener:
        found: int = listener.getsockname()[1]
        return found


def _listener(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
