"""Examinations: what the doctor of IPNs needs of a merchant's gateway to examine the receiver behind his callback."""

from tradepost import log
from tradepost.app import App
from tradepost.market import gateways, receivers
from tradepost.market.ipn_doctor import ACCOUNT_PLACE, Visit
from tradepost.market.seals import SealBroken, seals
from tradepost.rules.refusals import NotFound, SwitchedOff

NO_KEY = (
    "The market cannot open your secrets at the moment; its operator has to see to it, or you change them."
)

logger = log.get(__name__)


async def prepare(
    app: App, account_id: int, order_id: str, account: str, balance_url: str | None = None
) -> Visit:
    """Return what is needed to examine a merchant's own receiver, signed as the market would sign now.

    Raises NotFound without a gateway or a callback, Malformed for a balance's address that is not called.
    """
    if balance_url is not None:
        receivers.checked(app.settings, balance_url.replace(ACCOUNT_PLACE, account), "balance_url")
    real_now = app.real_now()
    gateway = await app.db.fetch(f"SELECT {gateways.SECRETS} FROM gateway WHERE account_id = $1", account_id)
    if not gateway:
        raise NotFound(gateways.NO_GATEWAY)
    callback = await app.db.fetch(
        "SELECT account_id, kind, url, secret, old_secret, old_secret_until FROM receiver"
        " WHERE account_id = $1 AND kind = 'ipn'",
        account_id,
    )
    if not callback:
        raise NotFound(receivers.NO_CALLBACK)
    try:
        return Visit(
            url=callback[0]["url"],
            secret=gateways.hashing_secret(app.settings, gateway[0], real_now),
            order_id=order_id,
            account=account,
            notice_secrets=receivers.signing_secrets(seals(app.settings), callback[0], real_now),
            balance_url=balance_url,
        )
    except SealBroken as broken:
        logger.error("seal_broken", reason=str(broken))
        raise SwitchedOff(NO_KEY) from None
