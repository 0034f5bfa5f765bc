"""What a call of the operator API is: a line of the table of calls, and what its handler is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_type_hints

import msgspec

from tradepost.app import App
from tradepost.dialects.user_api.calls import Person
from tradepost.market import users
from tradepost.market.users import Account
from tradepost.rules.refusals import NotFound


@dataclass(slots=True)
class Call:
    """One call under way, by an admin who is signed in."""

    app: App
    me: Person
    about: Account | None = None  # whom the path names
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def user(self) -> Account:
        """Whom the path names."""
        if self.about is None:
            raise LookupError("this call names no user")
        return self.about

    @property
    def now(self) -> datetime:
        """Real time, by which the audit, messages and roles are kept."""
        return self.app.real_now()


class Nothing(msgspec.Struct):
    """A call without parameters."""


Handler = Callable[[Call, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Method:
    """One call. What it is asked with and what it answers, as `data`, stands in its handler's signature.

    An act asks who it is once more, and is written into the audit by the verb that does it, in its transaction. A look
    is written there before anything is shown.
    """

    handler: Handler
    is_act: bool = False

    @property
    def shows_people(self) -> bool:
        """Whether it is a look, which is written into the audit before anything is shown."""
        return not self.is_act

    @property
    def asked(self) -> type[msgspec.Struct]:
        """The struct that the call's parameters are read into."""
        kind: type[msgspec.Struct] = get_type_hints(self.handler)["asked"]
        return kind

    @property
    def answers(self) -> Any:
        """The type of the `data` that the handler returns."""
        return get_type_hints(self.handler)["return"]


def look(handler: Handler) -> Method:
    """A call that shows something: of people, or of the market as a whole."""
    return Method(handler)


def act(handler: Handler) -> Method:
    """A call that does something."""
    return Method(handler, is_act=True)


Calls = dict[str, dict[str, Method]]


async def known(app: App, steamid: str) -> Account:
    """The account of a steamid; raises NotFound for one that the market does not know."""
    found = await users.by_steamid(app.db, steamid)
    if found is None:
        raise NotFound("The market does not know this steamid.")
    return found
