"""What a call of the user API is: a line of the table of calls, and what its handler is given.

How a call goes from the request to its answer is in `ways`, and who may be connected in `connected`.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_type_hints

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope

from tradepost.app import App
from tradepost.dialects.edge import Answer, Header, client_address, header, header_values
from tradepost.dialects.pace import Paces
from tradepost.dialects.reading import read_query
from tradepost.dialects.tree import Node
from tradepost.market.idempotency import Claim
from tradepost.rules.refusals import Conflicting, Malformed, Unauthenticated

KEY = "Idempotency-Key"
BODY_KEY = "idempotency_key"  # the same as a parameter, in calls that have one
REPLAYED: Header = (b"idempotency-replayed", b"true")

_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)

TokenScope = Literal["read", "sell", "buy"]
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is connected: by the cookie of a session, or by a JWT that was made for one of his API tokens."""

    account_id: int
    steamid: str
    is_fresh: bool  # he signed in through Steam within the last five minutes
    scopes: frozenset[str] = frozenset({"read", "sell", "buy"})
    session_id: int | None = None
    csrf: str = ""  # of a session: what its writes carry
    jwt_id: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data a call is about: the caller's own, or those that an admin looks at."""

    account_id: int
    steamid: str


@dataclass(slots=True)
class Call:
    """One call under way: by whom, about whom, what it was asked with, and what of the request is no parameter."""

    app: App
    scope: Scope
    receive: Receive
    route: str
    paces: Paces  # of tokens and addresses, as the merchants' APIs count them
    person: Person | None = None  # None: nobody is connected, in a call that anybody may make
    about: Subject | None = None
    body: bytes = b""  # as it came
    asked: msgspec.Struct | None = None
    headers: list[Header] = field(default_factory=list)  # that go back beside the answer

    @property
    def me(self) -> Person:
        """Who is connected."""
        if self.person is None:
            raise Unauthenticated
        return self.person

    @property
    def subject(self) -> Subject:
        """Whose data the call is about."""
        return self.about or Subject(self.me.account_id, self.me.steamid)

    @property
    def address(self) -> str:
        """From where the request comes; nothing where it is not known."""
        return client_address(self.scope)

    @property
    def query(self) -> Mapping[str, Node]:
        """What stands in the address, and therefore in many a log."""
        tree = Node()
        read_query(tree, self.scope["query_string"])
        return tree.children or {}

    def header(self, name: str) -> str:
        """A header of the request; nothing where it was not sent."""
        return header(self.scope, name.lower().encode())

    @property
    def key(self) -> str | None:
        """The call's Idempotency-Key; raises Malformed for one that cannot be."""
        values = set(header_values(self.scope, KEY.lower().encode()))
        if len(values) > 1:
            raise Conflicting(f"The header {KEY} is given more than once, with different values.")
        key = next(iter(values), None) or getattr(self.asked, BODY_KEY, None)
        if key is not None and not _KEY.fullmatch(key):
            raise Malformed(KEY, "must have 1 to 255 visible ASCII characters")
        return key

    def claim(self, render: Callable[[R], Any]) -> Claim[R] | None:
        """What a deed takes and keeps in its transaction (`market/idempotency.py`); None for a call without a key.

        `render` makes of the deed's result what the handler returns of it.
        """
        key = self.key
        if key is None:
            return None

        def answer(result: R) -> tuple[int, bytes]:
            made = succeeded(render(result))
            return made.status, b"".join(made.pieces)

        return Claim(self.me.account_id, key, self._digest(), answer)

    def _digest(self) -> bytes:
        """What tells this request from any other, in whatever notation its parameters came.

        Without the code that proves who it is: that is another one each time.
        """
        asked = msgspec.to_builtins(self.asked, builtin_types=(bytes,), enc_hook=str)
        asked.pop(CODE, None)
        parts = [self.scope["method"], self.route, asked]
        return hashlib.sha256(msgspec.json.encode(parts, enc_hook=str)).digest()


CODE = "code"  # the parameter in which every step-up's code comes


class Nothing(msgspec.Struct):
    """A call without parameters."""


Handler = Callable[[Call, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Method:
    """One call: who may make it, what is done, and what it asks for beside being connected.

    What it is asked with stands in the handler's own signature. The handler returns the `content` of the envelope;
    an `Answer` or a Starlette `Response` (a stream, for one) goes out as it is.
    """

    handler: Handler
    scope: TokenScope = "read"  # that a JWT's token must have; a session has them all
    who: Literal["connected", "anybody"] = "connected"
    others: bool = False  # an admin may name another user in a further segment of the path
    step_up: Literal["no", "jwt", "yes"] = (
        "no"  # a code, or a sign-in of the last minutes, for JWTs or for all
    )
    changes: bool = False  # a GET that changes something: no other site may make a browser send it
    of_session: bool = (
        False  # it is about the session itself: what another site sends is refused, not nobody's
    )
    per_minute: int | None = None  # how often an account may make just this call
    reads_body: bool = True  # False: what is sent is in `call.body` alone, and is no parameters
    answers: Any = None  # the type of the content, for the papers

    @property
    def asked(self) -> type[msgspec.Struct]:
        """The struct that the call's parameters are read into."""
        kind: type[msgspec.Struct] = get_type_hints(self.handler)["asked"]
        return kind


Calls = dict[str, dict[str, Method]]


def succeeded(content: Any, **root: Any) -> Answer:
    """The answer to a call that went well; what is given besides stands at the root."""
    return Answer([_encode({"err": False, "success": True, "content": content, **root})])


def _plain(value: object) -> object:
    """A parameter that is answered back, as the text or the number that it is."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"a {type(value).__name__} is no answer")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


Content = Any | Answer | Response
