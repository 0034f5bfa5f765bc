"""A shop's own books, as the receiver needs them: its orders, the skins it was told of, and how it credits one.

All of one notice happens in one transaction of the shop's own database. So a skin is credited and remembered, or neither,
and its trade_id under a unique key makes the second of two notices that come at the same instant the repeat that it is.
"""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from .notice import Notice, Refused

Tx = TypeVar("Tx")


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was credited under a trade_id."""

    order_id: str
    amount_cents: int


class Store(ABC, Generic[Tx]):
    """What a shop has to give: four short methods upon its own database."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Tx]:
        """Open a transaction: committed at the end of the block, rolled back where the block raises."""

    @abstractmethod
    def account_of(self, tx: Tx, order_id: str) -> str | None:
        """Return the account that an order of the shop's own credits, or None for an order that it never made."""

    @abstractmethod
    def remember(self, tx: Tx, notice: Notice) -> Earlier | None:
        """Insert a notice under its trade_id, which is a unique key; return what is there already, None where it is new.

        Insert first and look afterwards: of two that look first, both find nothing.
        """

    @abstractmethod
    def credit(self, tx: Tx, account: str, notice: Notice) -> None:
        """Give `notice.amount_cents` to the account; called once for each trade_id, in the transaction that remembers it."""


class Taken(Enum):
    """What became of a notice that was believed."""

    CREDITED = "credited"
    CREDITED_BEFORE = "credited before"


def take(store: Store[Tx], notice: Notice) -> Taken:
    """Credit a notice once and say what became of it; raises Refused where the order is not its account's."""
    with store.transaction() as tx:
        account = store.account_of(tx, notice.order_id)
        if account is None:
            raise Refused(404, "The notice is for an order that this shop never made.")
        if account != notice.account:
            raise Refused(409, "The notice names another account than the order's own.")
        earlier = store.remember(tx, notice)
        if earlier is None:
            store.credit(tx, account, notice)
            return Taken.CREDITED
        if earlier != Earlier(notice.order_id, notice.amount_cents):
            # 1 + 23.00 and 12 + 3.00 have one hash: the same skin, told of another order.
            raise Refused(409, "The trade_id was credited already, for another order or another amount.")
        return Taken.CREDITED_BEFORE
