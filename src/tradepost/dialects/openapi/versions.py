"""The versions of the merchant API as their papers see them: prefix, calls, tags, and which status a code has."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.dialects.openapi.traits import ETAGS, key_of
from tradepost.dialects.shadowpay import v1, v2
from tradepost.dialects.shadowpay.calls import Method

TAGS = {
    "Account": "Your balance, and what your users have on Steam.",
    "Items": "What is on sale, and at what price.",
    "Catalogue": "The names that there are, with their Steam prices.",
    "Buying": "Buying an item for a user.",
    "Offers": "What you have on sale for your users.",
    "Operations": "Your trades, and what became of them.",
    "Notices": "What is told to your server.",
    "Payments": "What your users pay with their skins.",
    "Access": "Your token.",
}

_V1_TAGS = {
    "balance": "Account",
    "inventory": "Account",
    "steam_prices": "Catalogue",
    "buy_item": "Buying",
    "sell": "Offers",
    "cancel": "Offers",
    "change_item": "Offers",
    "my_items": "Offers",
    "buy_info": "Operations",
    "operations": "Operations",
}
_V2_TAGS = {
    "account": "Account",
    "steam_items": "Catalogue",
    "prices": "Catalogue",
    "rates": "Catalogue",
    "sales_history": "Catalogue",
    "buy": "Buying",
    "offers": "Offers",
    "operations": "Operations",
    "stream": "Notices",
    "webhook": "Notices",
    "notices": "Notices",
    "payments": "Payments",
    "gateway": "Payments",
    "token": "Access",
}


def _v1_primary(path: str, methods: Mapping[str, Method]) -> str:
    return "GET" if path.startswith("/get_") and path != "/get_balance" else "POST"


def _v1_statuses(word: str) -> Iterable[int]:
    return (200, *_EDGE.get(word, ()))


def _v2_statuses(word: str) -> Iterable[int]:
    return (v2.STATUS.get(word, v2.MANNERS.internal_status), *_EDGE.get(word, ()))


def statuses_of(word: str) -> Iterable[int]:
    """The HTTP statuses of a code in v2."""
    return _v2_statuses(word)


_EDGE = {"validation_error": (413,), "disabled": (429,)}  # the same in both versions


@dataclass(frozen=True, slots=True)
class Version:
    """What tells one version of the merchant API from the other, for its papers."""

    key: str
    prefix: str
    calls: Mapping[str, Mapping[str, Method]]
    statuses: Callable[[str], Iterable[int]]  # of a code
    tag: Callable[[str], str]  # of a path
    primary: Callable[
        [str, Mapping[str, Method]], str
    ]  # of a path's methods that do the same, the documented one


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    path: str
    name: str  # GET, POST, ...
    method: Method
    id: str
    twin: str | None  # the operation that does the same by another method

    @property
    def in_path(self) -> frozenset[str]:
        """The parameters that the path names."""
        return frozenset(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def has_etag(self) -> bool:
        """Whether its answers have an ETag, and 304 for who has the present one."""
        return self.name == "GET" and key_of(self.method) in ETAGS

    @property
    def has_body(self) -> bool:
        """Whether its parameters are shown as a body; wherever they are sent, they are read."""
        return self.name not in ("GET", "DELETE")


VERSIONS = (
    Version(
        "v1",
        v1.PREFIX,
        v1.CALLS,
        _v1_statuses,
        lambda path: next((tag for part, tag in _V1_TAGS.items() if part in path), "Items"),
        _v1_primary,
    ),
    Version(
        "v2",
        v2.PREFIX,
        v2.CALLS,
        _v2_statuses,
        lambda path: _V2_TAGS.get(path.split("/")[1], "Items"),
        lambda path, methods: next(iter(methods)),
    ),
)
ABOUT = {
    "v1": """The first version of the ShadowPay merchant API. Every call takes GET and POST alike, and answers HTTP 200 whatever came of it: read `status` in the body. Only 413 (too much was sent) and 429 (too often) are told apart by HTTP.""",
    "v2": """The second version of the ShadowPay merchant API: REST paths, pages with metadata, and HTTP statuses that mean what they say.""",
}
COMMON = """Parameters come from the query, a form or JSON, whichever you like. A list may be sent as `name[]=a&name[]=b`, as `name[0]=a`, as a repeated name, or as a single value; rows as `offers[0][id]`, as PHP writes them. Numbers may be texts and texts numbers; null is as good as nothing; unknown parameters are ignored. A request has at most 1 MiB, 2,000 keys and 4 levels.

Money is USD with at most two decimals and never rounded. Moments are `YYYY-MM-DD HH:MM:SS` in UTC; where one is sent, Unix seconds and `YYYY-MM-DD` do as well.

Keys may be added to answers: ignore those that you do not know."""


def operations(version: Version) -> Iterator[Operation]:
    """Every operation with its id; of methods that do the same the first is the documented one, the others its twins."""
    for path, methods in version.calls.items():
        first = version.primary(path, methods)
        order = sorted(methods, key=lambda name: name != first)
        ids: dict[Any, str] = {}
        for name in order:
            method = methods[name]
            twin = ids.get(method.handler)
            own = _operation_id(version, path, method)
            taken = own in ids.values()
            operation_id = f"{own}_by_{name.lower()}" if taken else own
            ids.setdefault(method.handler, operation_id)
            yield Operation(path, name, method, operation_id, twin)


def _operation_id(version: Version, path: str, method: Method) -> str:
    return path.strip("/") if version.key == "v1" else method.handler.__name__
