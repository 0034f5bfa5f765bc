"""What a call of the ShadowPay API is, v1 and v2 alike: a line of a version's table, and what its handler is given.

How a call goes from the request to its answer is in `ways`.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_type_hints

import msgspec
from starlette.types import Message, Receive, Scope

from tradepost.app import App
from tradepost.dialects.edge import Answer, Header, header_values, json_answer
from tradepost.dialects.pace import Kind
from tradepost.market.idempotency import Claim
from tradepost.market.tokens import Caller
from tradepost.rules.refusals import Conflicting, Malformed

KEY = "Idempotency-Key"
REPLAYED: Header = (b"idempotency-replayed", b"true")

_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)

TokenScope = Literal["read", "sell", "buy"]
R = TypeVar("R")


async def _gone() -> Message:
    return {"type": "http.disconnect"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call under way: by whom, what it was asked with, and what of the request is no parameter."""

    app: App
    caller: Caller
    scope: Scope
    route: str = ""
    asked: msgspec.Struct | None = None
    headers: list[Header] = field(default_factory=list)  # that go back beside the answer
    receive: Receive = _gone  # what a caller who is being answered still does: leave, for one

    def header(self, name: str) -> str | None:
        """A header of the call; raises Conflicting when it was sent with two values."""
        values = set(header_values(self.scope, name.lower().encode()))
        if len(values) > 1:
            raise Conflicting(f"The header {name} is given more than once, with different values.")
        return next(iter(values), None)

    @property
    def key(self) -> str | None:
        """The call's Idempotency-Key; raises Malformed for one that cannot be."""
        key = self.header(KEY)
        if key is not None and not _KEY.fullmatch(key):
            raise Malformed(KEY, "must have 1 to 255 visible ASCII characters")
        return key

    def claim(self, render: Callable[[R], dict[str, Any]]) -> Claim[R] | None:
        """What a deed takes and keeps in its transaction (`market/idempotency.py`); None for a call without a key.

        `render` makes of the deed's result what the handler returns of it.
        """
        key = self.key
        if key is None:
            return None

        def answer(result: R) -> tuple[int, bytes]:
            made = succeeded(render(result))
            return made.status, b"".join(made.pieces)

        return Claim(self.caller.account_id, key, self._digest(), answer)

    def _digest(self) -> bytes:
        """What tells this request from any other, in whatever notation its parameters came.

        A code that proves who it is, is another one each time: it tells nothing.
        """
        asked = self.asked
        if asked is not None and getattr(asked, "code", None) is not None:
            asked = msgspec.structs.replace(asked, code=None)
        parts = [self.scope["method"], self.route, asked]
        return hashlib.sha256(msgspec.json.encode(parts, enc_hook=str)).digest()


class Nothing(msgspec.Struct):
    """A call without parameters."""


Content = dict[str, Any] | Answer
Handler = Callable[[Call, Any], Awaitable[Content]]


@dataclass(frozen=True, slots=True)
class Method:
    """One call: the scope that its token needs, what is done, and what its pace is counted with.

    What it is asked with stands in the handler's own signature. Calls that make us ask Steam are of a kind of
    their own: Steam's patience is what they use up.
    """

    scope: TokenScope
    handler: Handler
    kind: Kind | None = None
    answers: Any = None  # the type of a success's body: a struct of `answers`, for the papers

    @property
    def asked(self) -> type[msgspec.Struct]:
        """The struct that the call's parameters are read into."""
        kind: type[msgspec.Struct] = get_type_hints(self.handler)["asked"]
        return kind

    @property
    def paced_with(self) -> Kind:
        """What kind of call it counts as: its scope's, unless it is said otherwise."""
        return self.kind or self.scope


def succeeded(content: dict[str, Any]) -> Answer:
    """The answer to a call that went well."""
    return json_answer({"status": "success", **content})
