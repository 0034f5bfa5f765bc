"""The merchant's side of "Pay by Steam skins": links are asked for, notices of sold skins received and credited once.

A few lines beside a shop of one's own, in any WSGI or ASGI server, with the standard library alone:

    from tradepost.receiver import Receiver, SqliteStore

    store = SqliteStore("shop.db")
    receiver = Receiver(store, [SECRET_HASH], [NOTICE_SECRET])
    application = receiver.wsgi  # in an ASGI server: receiver itself; serve it at the callback URL

It imports nothing else of Tradepost, under whatever name its folder is copied, and no part of the market imports it: it runs on
the merchant's machine.
"""

from .links import Link, LinkRefused, ask_link, link_parameters, new_order_id
from .notice import Notice, Refused
from .receiving import Answer, Receiver
from .signed import verified_webhook
from .sqlite import SqliteStore
from .store import Earlier, Store

__all__ = [
    "Answer",
    "Earlier",
    "Link",
    "LinkRefused",
    "Notice",
    "Receiver",
    "Refused",
    "SqliteStore",
    "Store",
    "ask_link",
    "link_parameters",
    "new_order_id",
    "verified_webhook",
]
