"""A merchant's own receiver over real sockets: right, or with one fault that receivers really have."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from standardwebhooks import Webhook, WebhookVerificationError

from receiver.market import KEY, SECRET
from tradepost.receiver.notice import Refused, read
from tradepost.rules import notice

ORDERS = {"order-1": "1001", "order-2": "1002"}
OK, ERROR = (200, "ok"), (200, "error")
Answer = tuple[int, str]


@dataclass
class Merchant:
    """A receiver that is right; a faulty one overrides what it gets wrong."""

    url: str = ""
    balances: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ipn(self, query: str, is_gone: Callable[[], bool]) -> Answer:
        """Answer a notice."""
        values = dict(parse_qsl(query, keep_blank_values=True))
        if not self.believes(query, values):
            return self.refusal()
        async with self.lock:
            if self.key(values) in self.seen:
                return self.repeat()
            self.seen.add(self.key(values))
            self.credit(values)
        return OK

    def believes(self, query: str, values: dict[str, str]) -> bool:
        try:
            told = read(query.encode(), [SECRET])
        except Refused:
            return False
        return ORDERS.get(told.order_id) == told.account

    def refusal(self) -> Answer:
        return ERROR

    def repeat(self) -> Answer:
        return OK

    def key(self, values: dict[str, str]) -> str:
        return values["trade_id"]

    def credit(self, values: dict[str, str]) -> None:
        self.balances[ORDERS[values["order_id"]]] += self.cents(values)

    def cents(self, values: dict[str, str]) -> int:
        return int(values["amount"].replace(".", ""))

    async def webhook(self, body: bytes, headers: dict[str, str]) -> int:
        """Answer a webhook with a status."""
        try:
            Webhook(notice.write_secret(KEY)).verify(body, headers)
        except WebhookVerificationError:
            return 401
        return 204

    def balance(self, account: str) -> str:
        cents = self.balances[account]
        sign, cents = ("-", -cents) if cents < 0 else ("", cents)
        return json.dumps({"balance": f"{sign}{cents // 100}.{cents % 100:02d}"})


def is_hashed(values: dict[str, str]) -> bool:
    """The document's own check, and no more than that."""
    text = "".join(values.get(name, "") for name in ("order_id", "amount", "currency", "trade_id"))
    return hashlib.sha256((text + SECRET).encode()).hexdigest() == values.get("hash")


@asynccontextmanager
async def open_at(merchant: Merchant) -> AsyncIterator[Merchant]:
    """The merchant's server: /ipn, /webhook and /balance."""
    talks = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            path, _, query = first.split(" ")[1].partition("?")
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            merchant.calls.append(path)
            said, more = "", ""
            if path == "/ipn":
                status, said = await merchant.ipn(query, reader.at_eof)
                more = "Location: /elsewhere\r\n" if 300 <= status < 400 else ""
            elif path == "/webhook":
                status = await merchant.webhook(body, headers)
            else:
                status, said = 200, merchant.balance(query.removeprefix("account="))
            writer.write(
                f"HTTP/1.1 {status} X\r\n{more}Content-Length: {len(said.encode())}\r\n\r\n{said}".encode()
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        merchant.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        yield merchant
    finally:
        listener.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


class AsksToComeAgainWhileItIsBusy(Merchant):
    """Right, too: whoever is told `error` comes again."""

    async def ipn(self, query: str, is_gone: Callable[[], bool]) -> Answer:
        if self.lock.locked():
            return 503, "error"
        async with self.lock:
            await asyncio.sleep(0.05)
            values = dict(parse_qsl(query, keep_blank_values=True))
            if not self.believes(query, values):
                return ERROR
            if self.key(values) not in self.seen:
                self.seen.add(self.key(values))
                self.credit(values)
        return OK


# Faults ------------------------------------------------------------------------------------------------------


class BelievesTheHashAlone(Merchant):
    def believes(self, query: str, values: dict[str, str]) -> bool:
        good = values.get("order_id") in ORDERS and is_hashed(values)
        return (
            good
            and values.get("status") == "complete"
            and ORDERS[values["order_id"]] == values.get("account")
        )

    def key(self, values: dict[str, str]) -> str:
        return values.get("trade_id", "")


class CreditsWhateverIsNotComplete(Merchant):
    def believes(self, query: str, values: dict[str, str]) -> bool:
        is_named = len(values.get("trade_id", "")) >= 16
        return is_named and is_hashed(values) and ORDERS.get(values["order_id"]) == values["account"]


class ChecksNoHash(Merchant):
    def believes(self, query: str, values: dict[str, str]) -> bool:
        return (
            len(values.get("trade_id", "")) >= 16
            and ORDERS.get(values["order_id"]) == values["account"]
            and values["status"] == "complete"
        )


class TellsNoRepeats(Merchant):
    def key(self, values: dict[str, str]) -> str:
        return str(len(self.calls))


class TellsRepeatsAsTheDocumentSays(Merchant):
    def key(self, values: dict[str, str]) -> str:
        return values["transaction_id"] + values["trade_id"]


class CreditsAnOrderOnce(Merchant):
    def key(self, values: dict[str, str]) -> str:
        return values["order_id"]


class LooksBeforeItWrites(Merchant):
    async def ipn(self, query: str, is_gone: Callable[[], bool]) -> Answer:
        values = dict(parse_qsl(query, keep_blank_values=True))
        if not self.believes(query, values):
            return ERROR
        is_new = values["trade_id"] not in self.seen
        await asyncio.sleep(0.05)  # its database answers
        if is_new:
            self.seen.add(values["trade_id"])
            self.credit(values)
        return OK


class CreditsWhomTheNoticeNames(Merchant):
    def believes(self, query: str, values: dict[str, str]) -> bool:
        return super().believes(query, values | {}) or self._of_another(query, values)

    def _of_another(self, query: str, values: dict[str, str]) -> bool:
        return is_hashed(values) and len(values.get("trade_id", "")) == 16 and values["status"] == "complete"

    def credit(self, values: dict[str, str]) -> None:
        self.balances[values["account"]] += self.cents(values)


class ReadsFloats(Merchant):
    def cents(self, values: dict[str, str]) -> int:
        return int(float(values["amount"]) * 100)


class TakesDollarsForCents(Merchant):
    def cents(self, values: dict[str, str]) -> int:
        return super().cents(values) * 100


class RefusesRepeats(Merchant):
    def repeat(self) -> Answer:
        return ERROR


class ForgetsWhatItWasToldWhenTheCallerHangsUp(Merchant):
    async def ipn(self, query: str, is_gone: Callable[[], bool]) -> Answer:
        values = dict(parse_qsl(query, keep_blank_values=True))
        if not self.believes(query, values):
            return ERROR
        if values["trade_id"] in self.seen:
            return OK
        self.seen.add(values["trade_id"])
        for _ in range(5):
            await asyncio.sleep(0.005)
            if is_gone():
                raise ConnectionError("the script ends with its caller")
        self.credit(values)
        return OK


class KeepsWhatItRefuses(Merchant):
    async def ipn(self, query: str, is_gone: Callable[[], bool]) -> Answer:
        values = dict(parse_qsl(query, keep_blank_values=True))
        trade_id = values.get("trade_id", "")
        is_new = trade_id not in self.seen
        self.seen.add(trade_id)
        if not self.believes(query, values):
            return ERROR
        if is_new:
            self.credit(values)
        return OK


class SaysOkToEverybody(Merchant):
    def refusal(self) -> Answer:
        return OK


class CreditsNothing(Merchant):
    def credit(self, values: dict[str, str]) -> None:
        pass


class CreditsLater(Merchant):
    """Right, but by a queue that is worked off after the answer."""

    def credit(self, values: dict[str, str]) -> None:
        asyncio.get_running_loop().call_later(0.15, super().credit, values)


class CreditsLaterAndTwice(CreditsLater):
    def credit(self, values: dict[str, str]) -> None:
        super().credit(values)
        if len(self.seen) == 7:  # the last one that there is
            asyncio.get_running_loop().call_later(0.45, Merchant.credit, self, values)


class Answers(Merchant):
    """Takes everything in as it should, and answers as it likes."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__()
        self.answer = (status, body)

    async def ipn(self, query: str, is_gone: Callable[[], bool]) -> Answer:
        await super().ipn(query, is_gone)
        return self.answer


class Hangs(Merchant):
    async def ipn(self, query: str, is_gone: Callable[[], bool]) -> Answer:
        await asyncio.sleep(60)
        return OK


class IsSlow(Merchant):
    async def ipn(self, query: str, is_gone: Callable[[], bool]) -> Answer:
        await asyncio.sleep(0.05)
        return await super().ipn(query, is_gone)


class VerifiesNoWebhook(Merchant):
    async def webhook(self, body: bytes, headers: dict[str, str]) -> int:
        return 200


class KnowsNoWebhook(Merchant):
    async def webhook(self, body: bytes, headers: dict[str, str]) -> int:
        return 404


class TakesBackWhatItNeverGave(Merchant):
    async def webhook(self, body: bytes, headers: dict[str, str]) -> int:
        status = await super().webhook(body, headers)
        if status == 204:
            self.balances["1001"] -= 666
        return status


class CreditsWhatIsReversed(Merchant):
    async def webhook(self, body: bytes, headers: dict[str, str]) -> int:
        status = await super().webhook(body, headers)
        if status == 204:
            self.balances["1001"] += 666
        return status
