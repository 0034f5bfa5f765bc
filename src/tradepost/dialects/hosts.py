"""For which hosts pages are served: those that the operator named, as a page believes the name it is asked under."""

from collections.abc import Iterable

from starlette.types import Scope

from tradepost.dialects.edge import header_values


def is_allowed(scope: Scope, allowed: Iterable[str]) -> bool:
    """Whether a request names one host, and one of these; `*.example.com` stands for every host below that one."""
    named = header_values(scope, b"host")
    if len(named) != 1:
        return False
    host = _without_port(named[0].lower())
    return any(_is(host, name.lower().strip("[]")) for name in allowed)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, port = host.rpartition(":")
    return name if name and port.isdecimal() else host


def _is(host: str, name: str) -> bool:
    if name.startswith("*."):
        return host.endswith(name[1:]) and len(host) > len(name) - 1
    return host == name
