"""Safety: a user is told by mail when something that guards his money was changed, so that he hears of a thief."""

from datetime import datetime

from tradepost.db import Tx
from tradepost.market import mails, profiles

TEXT = """{deed}

If it was you, there is nothing to do. If it was not: end all sessions, revoke the API keys that you do not know, change
the password of your Steam account, and write to us. Payouts wait for a while after a change like this one.
"""


async def warn(tx: Tx, account_id: int, deed: str, real_now: datetime) -> bool:
    """Write to a user what was changed, whether he wants notices by mail or not; say whether his address is known."""
    address = (await profiles.read(tx, account_id)).mail
    if not address:
        return False
    await mails.queue(
        tx, to=address, subject=f"Tradepost: {deed[0].lower()}{deed[1:].rstrip('.')}", text=TEXT.format(deed=deed),
        now=real_now, account_id=account_id,
    )  # fmt: skip
    return True
