"""The doctor at a merchant's own receiver: plays the cases of `rules/ipn_doctor.py` at it, and gives each verdict as it comes.

What it sends are real notices to whoever receives them: signed with the merchant's own secrets, for an order of his own
shop, which then is credited. So only the merchant himself may let it be done.
"""

import asyncio
import json
import re
import secrets
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from tradepost import dial
from tradepost.rules import ipn_doctor as rules
from tradepost.rules import notice, payment
from tradepost.rules.ipn_doctor import Case, Gained, Heard, Patient, Sending, Verdict

PATIENCE_SECONDS = 3.0  # for a credit that comes after the answer
LOOK_AGAIN_SECONDS = 0.1
ACCOUNT_PLACE = "{account}"  # in the address of a balance

# Of a wallet, so larger than a price may be; more than two decimals would be a float's.
_BALANCE = re.compile(r"(?P<minus>-?)(?P<whole>[0-9]{1,15})(?:\.(?P<part>[0-9]{1,2}))?", re.ASCII)

Clock = Callable[[], datetime]


class NoBalance(Exception):
    """The address of a balance did not answer with one; the text says what it should."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A receiver that is examined, and what it shares with the market."""

    url: str  # the callback URL
    secret: str = field(repr=False)  # the gateway's SECRET_HASH
    order_id: str  # one that the shop knows
    account: str  # whom that order credits
    notice_secrets: Sequence[bytes] = field(default=(), repr=False)  # of the headers; without, none are sent
    amount_cents: int = rules.AMOUNT_CENTS
    balance_url: str | None = None  # answers {"balance": "6.66"}; {account} in it is put in
    webhook_url: str | None = None  # where a webhook asks for payment.reversed
    webhook_secrets: Sequence[bytes] = field(default=(), repr=False)
    patience_seconds: float = PATIENCE_SECONDS


def examine(visit: Visit, policy: dial.Policy, now: Clock) -> AsyncIterator[Verdict]:
    """Play every case, one after another, and yield its verdict; `now` is real time, `policy` says whom we may call.

    Ends after the first where not even a good notice is taken in. Raises NoBalance where the balance cannot be read
    at all, and AddressRefused for an address that may not be called.
    """
    return _Examination(visit, policy, now).run()


class _Examination:
    def __init__(self, visit: Visit, policy: dial.Policy, now: Clock) -> None:
        self._visit, self._policy, self._now = visit, policy, now
        self._other = rules.other_account(visit.account)
        self._patient = Patient(
            order_id=visit.order_id,
            account=visit.account,
            amount_cents=visit.amount_cents,
            secret=visit.secret,
            token=secrets.token_hex(payment.TOKEN_CHARS // 2),
            transaction_id=str(uuid.uuid4()),
            other_transaction_id=str(uuid.uuid4()),
            created_at=now(),
            trade_ids=[secrets.token_hex(payment.TRADE_ID_CHARS // 2) for _ in range(rules.TRADES + 1)],
        )

    async def run(self) -> AsyncIterator[Verdict]:
        began = await self._balances()
        found: list[Verdict] = []
        for case in self._cases():
            before = await self._balances()
            heard = await self._play(case)
            verdict = rules.judge(case, heard, await self._gained(before, case.due_cents))
            found.append(verdict)
            yield verdict
            if case.name == "good" and not all(one.is_ok for one in heard):
                return
        due_cents = rules.credited_in_all(found)
        if began is not None and due_cents is not None:
            await asyncio.sleep(self._visit.patience_seconds)  # what is credited late is credited by then
            yield rules.judge_all(due_cents, await self._gained(began, due_cents) or Gained(0, 0))

    def _cases(self) -> Sequence[Case]:
        found = list(rules.cases(self._patient))
        return [*found, *rules.webhook_cases(self._patient)] if self._visit.webhook_url else found

    # Sending ----------------------------------------------------------------------------------------------

    async def _play(self, case: Case) -> list[Heard]:
        heard: list[Heard] = []
        for step in case.steps:
            heard += await asyncio.gather(*(self._send(one, is_webhook=case.is_webhook) for one in step))
        if case.last_counts and not heard[-1].is_ok:
            # It may be busy with the one before, and says so; the market comes again after a minute.
            await asyncio.sleep(self._visit.patience_seconds)
            heard.append(await self._send(case.steps[-1][-1], is_webhook=case.is_webhook))
        return heard

    async def _send(self, sending: Sending, *, is_webhook: bool) -> Heard:
        clock = asyncio.get_running_loop().time
        began, status, answer = clock(), None, None
        try:
            reply = await (self._post(sending) if is_webhook else self._get(sending))
        except dial.CallFailed as failed:
            fault: str | None = str(failed)
        else:
            fault = None
            if not sending.hang_up:
                status, answer = reply.status, notice.excerpt(reply.body)
                fault = (
                    notice.webhook_fault(status)
                    if is_webhook
                    else notice.ipn_fault(status, reply.body, whole=reply.whole)
                )
        return Heard(sending, status, answer, fault, int((clock() - began) * 1000))

    async def _get(self, sending: Sending) -> dial.Reply:
        address = payment.called_with(self._visit.url, sending.query)
        signed = payment.query_of(payment.called_with(self._visit.url, sending.signed))
        headers = self._headers(self._visit.notice_secrets, signed)
        return await dial.call(self._policy, "GET", address, headers=headers, hang_up=sending.hang_up)

    async def _post(self, sending: Sending) -> dial.Reply:
        headers = {
            "Content-Type": "application/json",
            **self._headers(self._visit.webhook_secrets, sending.signed),
        }
        url = self._visit.webhook_url or ""
        return await dial.call(self._policy, "POST", url, headers=headers, body=sending.query.encode())

    def _headers(self, keys: Sequence[bytes], signed: str) -> dict[str, str]:
        if not keys:
            return {}
        name, timestamp = f"msg_{uuid.uuid4().hex}", int(self._now().timestamp())
        return {
            "webhook-id": name,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": notice.signatures(keys, name, timestamp, signed.encode()),
        }

    # What was credited ------------------------------------------------------------------------------------

    async def _balances(self) -> tuple[int, int] | None:
        """The own account's balance and the other's, in cents; None where nobody told us where to ask."""
        if self._visit.balance_url is None:
            return None
        return await self._balance(self._visit.account), await self._balance(self._other)

    async def _gained(self, before: tuple[int, int] | None, due_cents: int) -> Gained | None:
        """What was added; waits a little for what is not there yet, as it may be credited after the answer."""
        if before is None:
            return None
        clock = asyncio.get_running_loop().time
        until = clock() + self._visit.patience_seconds
        while True:
            own, other = await self._balances() or before
            if own - before[0] >= due_cents or clock() >= until:
                return Gained(own - before[0], other - before[1])
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _balance(self, account: str) -> int:
        address = (self._visit.balance_url or "").replace(ACCOUNT_PLACE, quote(account, safe=""))
        try:
            reply = await dial.call(self._policy, "GET", address, headers={})
        except dial.CallFailed as failed:
            raise NoBalance(f"The balance of {account} could not be asked for. {failed}") from failed
        found = _read_balance(reply)
        if found is None:
            raise NoBalance(
                f'The balance of {account} should be answered as {{"balance": "6.66"}}; what came, with status {reply.status}, was: '
                f"{notice.excerpt(reply.body) or 'nothing'}"
            )
        return found


def _read_balance(reply: dial.Reply) -> int | None:
    """The cents that a balance says, as a text or as a number; None for what is none."""
    if notice.webhook_fault(reply.status) or not reply.whole:
        return None
    try:
        told = json.loads(reply.body, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    text = told.get("balance") if isinstance(told, dict) else None
    parts = _BALANCE.fullmatch(text) if isinstance(text, str) else None
    if parts is None:
        return None
    cents = int(parts["whole"]) * 100 + int((parts["part"] or "").ljust(2, "0"))
    return -cents if parts["minus"] else cents
