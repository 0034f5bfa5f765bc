"""`tradepost ipn-doctor URL`: plays every kind of notice at a merchant's own receiver and says what it handled wrongly.

A program of its own: it needs no market, no database and no settings, and calls any address, this machine's too.
"""

import argparse
import base64
import binascii
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network

import uvloop

from tradepost import dial
from tradepost.app import Clock
from tradepost.market import ipn_doctor
from tradepost.market.ipn_doctor import NoBalance, Visit
from tradepost.rules import payment
from tradepost.rules.callback_address import AddressRefused
from tradepost.rules.ipn_doctor import (
    AMOUNT_CENTS,
    Demand,
    Outcome,
    Verdict,
    credited_in_all,
    other_account,
)
from tradepost.rules.money import read_cents, write_cents
from tradepost.rules.notice import SECRET_PREFIX

ANYWHERE = dial.Policy((ip_network("0.0.0.0/0"), ip_network("::/0")))
AMOUNT_CENTS_MAX = 9_999_999
MARKS = {Outcome.RIGHT: "right", Outcome.WRONG: "WRONG", Outcome.LOOK: "look "}
COLOURS = {Outcome.RIGHT: "32", Outcome.WRONG: "31;1", Outcome.LOOK: "33"}
SECRET, NOTICE_SECRET, WEBHOOK_SECRET = "IPN_SECRET_HASH", "IPN_NOTICE_SECRET", "IPN_WEBHOOK_SECRET"

EPILOG = f"""\
Its notices are real ones to your shop, which credits them: let the order be one of a test account.
Secrets are better given in the environment: {SECRET}, {NOTICE_SECRET}, {WEBHOOK_SECRET}.
With --balance-url it also judges what was credited; without, it says what to look at in your own books.
Exit status: 0 when all was handled rightly, 1 when something was not, 2 when it could not be examined.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Examine a receiver; print each verdict as it comes, and return the exit status."""
    options = parser().parse_args(argv)
    try:
        visit = _visit(options, os.environ)
        return uvloop.run(_examine(visit))
    except (NoBalance, _Missing) as error:
        sys.stderr.write(f"ipn-doctor: {error}\n")
    except KeyboardInterrupt:
        return 130
    return 2


class _Missing(Exception):
    """Something is needed that was given neither as an option nor in the environment."""


async def _examine(visit: Visit) -> int:
    found: list[Verdict] = []
    _say(f"ipn-doctor at {visit.url}, for order {visit.order_id} of account {visit.account}\n\n")
    async for verdict in ipn_doctor.examine(visit, ANYWHERE, Clock.real_now):
        found.append(verdict)
        _say(written(verdict, coloured=sys.stdout.isatty()))
    _say(f"\n{closing(found, visit)}\n")
    return int(any(one.outcome is Outcome.WRONG for one in found))


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()  # each verdict as it comes


def written(verdict: Verdict, *, coloured: bool = False) -> str:
    """Return a verdict as a person reads it."""
    mark = MARKS[verdict.outcome]
    if coloured:
        mark = f"\x1b[{COLOURS[verdict.outcome]}m{mark}\x1b[0m"
    lines = [f"{mark}  {verdict.title}", f"       {verdict.told}"]
    answers = [
        one.answer for one in verdict.heard if one.fault and one.answer and one.sending.demand is Demand.OK
    ]
    if verdict.outcome is Outcome.WRONG and answers:
        lines.append(f"       It said: {answers[0]}")
    if verdict.remedy is not None:
        lines.append(f"       {verdict.remedy.sentence}")
        lines += [
            f"       {language}: {line}"
            for language, line in (("PHP", verdict.remedy.php), ("Python", verdict.remedy.python))
            if line
        ]
    return "".join(f"{line}\n" for line in lines)


def closing(found: Sequence[Verdict], visit: Visit) -> str:
    """Return the last words: how much was right, and what to take back from the test account."""
    count = {outcome: sum(one.outcome is outcome for one in found) for outcome in Outcome}
    said = [
        f"{count[Outcome.RIGHT]} handled rightly, {count[Outcome.WRONG]} wrongly, {count[Outcome.LOOK]} to look at."
    ]
    if found[-1].case == "good":
        said.append("The rest was not played: first a good notice has to be taken in.")
    due_cents = credited_in_all(found)
    if due_cents is None:
        said.append("Not every call was answered, so only your own books say what was credited.")
    elif visit.balance_url is None and found[-1].case != "good":
        said.append(
            f"What was credited only your books say: look whether it is {write_cents(due_cents)} in all to {visit.account}, and nothing"
            f" to {other_account(visit.account)}. With --balance-url it is judged here."
        )
    return "\n".join(said)


# The command line --------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    found = argparse.ArgumentParser(
        prog="tradepost ipn-doctor", description=(__doc__ or "").splitlines()[0], epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = found.add_argument
    add("url", metavar="URL", type=_callback, help="your receiver: the callback URL")
    add("--order-id", required=True, type=_order_id, help="an order that your shop knows")
    add("--account", required=True, type=_account, help="your user's number that this order credits")
    add("--secret-hash", metavar="SECRET", help=f"the secret hash of your gateway ({SECRET})")
    add(
        "--notice-secret",
        metavar="whsec_...",
        action="append",
        help=f"of the notices' headers; may be repeated ({NOTICE_SECRET})",
    )
    add("--amount", type=_amount, default=AMOUNT_CENTS, help=f"of the notices ({write_cents(AMOUNT_CENTS)})")
    add(
        "--balance-url", type=_balance_address, metavar="URL",
        help='where a balance is asked for; it answers {"balance": "6.66"}, and {account} in it is put in',
    )  # fmt: skip
    add("--webhook-url", type=_address, metavar="URL", help="your webhook, if it asks for payment.reversed")
    add("--webhook-secret", metavar="whsec_...", action="append", help=f"of the webhook ({WEBHOOK_SECRET})")
    return found


def _visit(options: argparse.Namespace, environ: Mapping[str, str]) -> Visit:
    secret = options.secret_hash or environ.get(SECRET)
    if not secret:
        raise _Missing(
            f"the secret hash of your gateway is needed: --secret-hash, or {SECRET} in the environment"
        )
    webhook_secrets = _keys(options.webhook_secret, environ, WEBHOOK_SECRET)
    if options.webhook_url and not webhook_secrets:
        raise _Missing(
            f"a webhook needs its secret: --webhook-secret, or {WEBHOOK_SECRET} in the environment"
        )
    return Visit(
        url=options.url,
        secret=secret,
        order_id=options.order_id,
        account=options.account,
        notice_secrets=_keys(options.notice_secret, environ, NOTICE_SECRET),
        amount_cents=options.amount,
        balance_url=options.balance_url,
        webhook_url=options.webhook_url,
        webhook_secrets=webhook_secrets,
    )


def _keys(given: Sequence[str] | None, environ: Mapping[str, str], name: str) -> list[bytes]:
    found = []
    for text in given or environ.get(name, "").split(","):
        if text:
            try:
                key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
            except binascii.Error:
                key = b""
            if not key or not text.startswith(SECRET_PREFIX):
                raise _Missing(
                    f"a secret of notices begins with {SECRET_PREFIX} and goes on in base64; see {name}"
                )
            found.append(key)
    return found


def _read(is_good: Callable[[str], bool], sentence: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not is_good(text):
            raise argparse.ArgumentTypeError(sentence)
        return text

    return read


_order_id = _read(payment.is_order_id, "an order's id has 1 to 64 letters, digits and _ . : -")
_account = _read(payment.is_account, "an account is a whole number up to 2^64-1")


def _address(text: str) -> str:
    try:
        return dial.check(text, ANYWHERE)
    except AddressRefused as refused:
        raise argparse.ArgumentTypeError(f"it {refused}") from None


def _callback(text: str) -> str:
    url = _address(text)
    if name := payment.doubled_name(url):
        raise argparse.ArgumentTypeError(f"its query has a parameter {name}, as each notice has one")
    return url


def _balance_address(text: str) -> str:
    _address(text.replace(ipn_doctor.ACCOUNT_PLACE, "1"))
    return text


def _amount(text: str) -> int:
    cents = read_cents(text)
    if not cents or cents > AMOUNT_CENTS_MAX:
        raise argparse.ArgumentTypeError(
            f"an amount looks like 6.66 and is at most {write_cents(AMOUNT_CENTS_MAX)}"
        )
    return cents
