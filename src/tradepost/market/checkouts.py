"""Checkouts: deposits that users pay at a provider of payments, who tells us what became of each.

Nothing here believes the browser that comes back: a deposit is made of what the provider itself says, signed or asked. It
may say so twice, late or in the wrong order, before we have heard of the session, or never, in which case it is asked.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from tradepost import log
from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market import alerts, deposits, freezing, ledger, stripe
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, Forbidden, Malformed, SwitchedOff
from tradepost.rules.stripe import CURRENCY, TakenBack, Unreadable, Word, read_event, signature_fault

PROVIDER = "stripe"
OPEN_MAX = 20  # of one account: each is a question to the provider
ASK_MINUTES, AGAIN_MINUTES = 15, 60  # after which it is asked what became of a checkout, and asked again
CLAIMED_MAX = 10
LIST_MAX = 100
GIVE_UP = timedelta(days=3)  # a session lasts a day: after that nothing more is to be heard of it

OFF = "Deposits by card are not set up at this market."
LATER = "Deposits by card do not work at the moment; try again later."

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Checkout:
    """A deposit that somebody set out to pay: the row of the table `checkout`, field for column."""

    id: int
    name: str
    account_id: int
    provider: str
    cents: int
    state: str
    session: str | None
    payment: str | None
    url: str | None
    reason: str
    made_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


_COLUMNS = ", ".join(column.name for column in fields(Checkout))


async def begin(app: App, account_id: int, cents: int) -> str:
    """Return the address at which an account pays a deposit; nothing is owed before it does.

    Raises Conflicting where no provider is set up, Malformed for an amount out of bounds, SwitchedOff where it fails us.
    """
    settings, way = app.settings, stripe.way(app.settings)
    if way is None:
        raise Conflicting(OFF)
    if not settings.deposit_least_cents <= cents <= settings.deposit_most_cents:
        least, most = write_cents(settings.deposit_least_cents), write_cents(settings.deposit_most_cents)
        raise Malformed("amount", f"must be from {least} to {most} USD, in cents")
    checkout = await _made(app, account_id, cents)
    try:
        word = await way.begin(checkout.name, cents, str(account_id), f"{settings.base_url}/wallet/deposit")
    except stripe.Refused as fault:
        logger.error("checkout_refused", checkout=checkout.id, why=str(fault))
        await _failed(app, checkout, "The provider refused to begin it.")
        raise SwitchedOff(LATER) from None
    except stripe.Silent as fault:
        logger.warning("checkout_not_begun", checkout=checkout.id, why=str(fault))
        raise SwitchedOff(
            LATER
        ) from None  # the row waits: if there is a session after all, nobody knows its address
    if word.url is None or word.name != checkout.name or not _fits(app, checkout, word):
        logger.error("checkout_does_not_fit", checkout=checkout.id, session=word.session)
        await _failed(app, checkout, "The provider began another one than was asked for.")
        raise SwitchedOff(LATER)
    # What became of it may have been told already, in which case it stays so.
    await app.db.execute(
        "UPDATE checkout SET state = 'open', session = $2, url = $3, due_at = $4 WHERE id = $1 AND state = 'asked'",
        checkout.id, word.session, word.url, app.real_now() + timedelta(minutes=ASK_MINUTES),
    )  # fmt: skip
    return word.url


async def of_account(tx: Reader, account_id: int, limit: int = 20) -> list[Checkout]:
    """Return what an account set out to pay, the newest first."""
    return await tx.rows(
        Checkout,
        f"SELECT {_COLUMNS} FROM checkout WHERE account_id = $1 ORDER BY id DESC LIMIT $2",
        account_id,
        max(1, min(limit, LIST_MAX)),
    )


async def _made(app: App, account_id: int, cents: int) -> Checkout:
    now = app.real_now()
    async with app.db.transaction() as tx:
        await ledger.lock_wallets(tx, [account_id])
        await freezing.refuse_if_frozen(tx, account_id)
        open_ones = await tx.value(
            "SELECT count(*) FROM checkout WHERE account_id = $1 AND ended_at IS NULL", account_id
        )
        if open_ones >= OPEN_MAX:
            raise Conflicting(f"You have {open_ones} deposits under way: pay one of them, or wait for a day.")
        checkout = await tx.row(
            Checkout,
            "INSERT INTO checkout (account_id, provider, cents, made_at, due_at) VALUES ($1, $2, $3, $4, $5)"
            f" RETURNING {_COLUMNS}",
            account_id, PROVIDER, cents, now, now + timedelta(minutes=ASK_MINUTES),
        )  # fmt: skip
    if checkout is None:
        raise RuntimeError("a checkout was written and is not there")
    return checkout


async def _failed(app: App, checkout: Checkout, reason: str) -> None:
    await app.db.execute(
        "UPDATE checkout SET state = 'failed', reason = $2, ended_at = $3, due_at = NULL"
        " WHERE id = $1 AND state IN ('asked', 'open')",
        checkout.id, reason, app.real_now(),
    )  # fmt: skip


def _fits(app: App, checkout: Checkout, word: Word) -> bool:
    """Whether what the provider says is about this very deposit, and as real as this market is."""
    return (word.cents, word.currency, word.is_live) == (checkout.cents, CURRENCY, _is_live(app))


def _is_live(app: App) -> bool:
    return app.settings.mode == "production"


# What the provider says --------------------------------------------------------------------------------------


async def heard(app: App, body: bytes, signature: str) -> bool:
    """Take what a webhook says, if it is signed; True if it was about a deposit of ours.

    Raises Conflicting where no secret is set, Forbidden for a signature that is not believed, Malformed for nonsense.
    """
    secret = app.settings.stripe_webhook_secret
    if not secret:
        raise Conflicting(OFF)
    if fault := signature_fault(signature, body, secret, int(app.real_now().timestamp())):
        logger.warning("webhook_not_believed", provider=PROVIDER, why=fault)
        raise Forbidden("The signature is missing, wrong, or too old.")
    try:
        word = read_event(stripe.decode(body))
    except Unreadable as fault:
        logger.error("webhook_not_read", provider=PROVIDER, why=str(fault))
        raise Malformed("body", "is not one of Stripe's events") from None
    if word is None:
        return False
    async with app.db.transaction() as tx:
        if isinstance(word, TakenBack):
            return await _taken_back(tx, app, word)
        return await _told(tx, app, word)


async def _told(tx: Tx, app: App, word: Word) -> bool:
    """Let what the provider says of a checkout happen, once; False for one that is none of ours."""
    checkout = await tx.row(
        Checkout,
        f"SELECT {_COLUMNS} FROM checkout WHERE provider = $1 AND name = $2 FOR NO KEY UPDATE",
        PROVIDER, word.name,
    )  # fmt: skip
    if checkout is None or checkout.session not in (None, word.session):
        logger.warning("checkout_not_ours", session=word.session)
        return False
    if checkout.state in ("paid", "doubted") or word.state == "open":
        return True  # told once more, or an older word that comes late
    now = app.real_now()
    if word.state == "failed":
        if checkout.state != "failed":
            await _end(tx, checkout, word, "failed", word.reason, now)
            text = f"Your deposit of {write_cents(checkout.cents)} USD came to nothing. {word.reason}"
            await alerts.tell(
                tx, checkout.account_id, "review", text, app.now(), ref=f"checkout:{checkout.id}"
            )
        return True
    # It was paid, even where it was thought to have failed before.
    if not _fits(app, checkout, word):
        reason = f"{write_cents(word.cents)} {word.currency.upper()[:8]} were paid ({'real' if word.is_live else 'test'} money) where {write_cents(checkout.cents)} USD were asked for."
        logger.error("checkout_doubted", checkout=checkout.id, why=reason)
        await _end(tx, checkout, word, "doubted", reason, now)
        return True
    await _end(tx, checkout, word, "paid", "", now)
    await deposits.report(tx, PROVIDER, checkout.account_id, checkout.cents, word.session, now=app.now())
    return True


async def _end(tx: Tx, checkout: Checkout, word: Word, state: str, reason: str, now: datetime) -> None:
    await tx.execute(
        "UPDATE checkout SET state = $2, session = $3, payment = coalesce($4, payment), reason = $5, ended_at = $6,"
        " due_at = NULL, url = NULL WHERE id = $1",
        checkout.id, state, word.session, word.payment, reason, now,
    )  # fmt: skip


async def _taken_back(tx: Tx, app: App, word: TakenBack) -> bool:
    """Take a deposit back that the provider gave back whole; what cannot be taken is an operator's matter."""
    checkout = await tx.row(
        Checkout,
        f"SELECT {_COLUMNS} FROM checkout WHERE provider = $1 AND (payment = $2 OR name = $3) ORDER BY id LIMIT 1"
        " FOR NO KEY UPDATE",
        PROVIDER, word.payment, word.name,
    )  # fmt: skip
    if checkout is None:
        return False
    if checkout.state != "paid" or checkout.session is None:
        # It came before the payment that it takes back: the provider says it again later.
        raise Conflicting("Nothing was heard of this payment yet.")
    reason = f"{word.reason} ({write_cents(word.cents)} of {write_cents(checkout.cents)} USD)"
    if (word.cents, word.currency, word.is_live) == (checkout.cents, CURRENCY, _is_live(app)):
        try:
            await deposits.reverse(
                tx, f"{PROVIDER}:{checkout.session}", by=PROVIDER, reason=word.reason, now=app.now()
            )
        except Conflicting as spent:
            reason = f"{reason}: {spent}"
        else:
            return True
    logger.error("deposit_not_taken_back", checkout=checkout.id, why=reason)
    # A trigger tells operators of it, once for each reason.
    await tx.execute("UPDATE checkout SET reason = $2 WHERE id = $1", checkout.id, reason[:500])
    return True


# Asked by us -------------------------------------------------------------------------------------------------


async def ask_provider(app: App) -> int:
    """Ask the provider what became of checkouts of which nothing was heard; return how many were due."""
    way = stripe.way(app.settings)
    if way is None:
        return 0
    now = app.real_now()
    due = await app.db.rows(
        Checkout,
        "UPDATE checkout SET due_at = $1 WHERE id = ANY (ARRAY(SELECT id FROM checkout WHERE due_at <= $2 ORDER BY due_at, id"
        f" LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)) RETURNING {_COLUMNS}",
        now + timedelta(minutes=AGAIN_MINUTES), now, CLAIMED_MAX,
    )  # fmt: skip
    for checkout in due:
        if checkout.session is None or now - checkout.made_at > GIVE_UP:
            # Nobody was ever led to its page, or its page is long gone; if it was paid all the same, the webhook says so.
            await _failed(app, checkout, "The provider never said what became of it.")
            continue
        try:
            word = await way.look(checkout.session)
        except (stripe.Refused, stripe.Silent) as fault:
            logger.warning("checkout_not_asked", checkout=checkout.id, why=str(fault))
            continue
        async with app.db.transaction() as tx:
            await _told(tx, app, word)
    return len(due)
