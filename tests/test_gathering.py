"""What is written within one turn of the loop goes out at its end, in its order, and never after the connection's."""

import asyncio
from typing import Any, cast

from tradepost.gathering import AT_ONCE_BYTES_MIN, GatheringTransport


class Wire:
    """The end of a connection: it remembers each call of the system."""

    def __init__(self) -> None:
        self.calls: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def writelines(self, pieces: list[bytes]) -> None:
        self.calls += pieces

    def close(self) -> None:
        self.calls.append("closed")

    def abort(self) -> None:
        self.calls.append("aborted")

    def is_closing(self) -> bool:
        return "closed" in self.calls

    def get_write_buffer_size(self) -> int:
        return 7

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


def gathered() -> tuple[Wire, GatheringTransport]:
    wire: Any = Wire()
    return cast("Wire", wire), GatheringTransport(wire, asyncio.get_running_loop())


async def test_a_head_and_its_body_are_one_call() -> None:
    wire, transport = gathered()
    transport.write(b"head")
    transport.write(b"body")
    assert (wire.calls, transport.get_write_buffer_size()) == ([], 15)
    await asyncio.sleep(0)
    assert (wire.calls, transport.get_write_buffer_size()) == ([b"headbody"], 7)
    transport.write(b"next")
    await asyncio.sleep(0)
    assert wire.calls == [b"headbody", b"next"]


async def test_a_long_answer_waits_for_no_turn_and_is_not_copied() -> None:
    wire, transport = gathered()
    long = b"x" * AT_ONCE_BYTES_MIN
    transport.write(b"head")
    transport.write(long)
    assert wire.calls == [b"head", long]
    assert wire.calls[1] is long
    transport.write(b"a")
    transport.writelines([b"b", long])
    assert wire.calls[2:] == [b"a", b"b", long]
    await asyncio.sleep(0)
    assert len(wire.calls) == 5


async def test_what_was_gathered_goes_before_the_end_and_not_after_it() -> None:
    wire, transport = gathered()
    transport.write(b"last")
    transport.close()
    await asyncio.sleep(0)
    assert wire.calls == [b"last", "closed"]
    assert transport.is_closing()
    wire, transport = gathered()
    transport.write(b"never")
    transport.abort()
    await asyncio.sleep(0)
    assert wire.calls == ["aborted"]
    wire, transport = gathered()
    transport.write(b"nobody is there")
    transport.forget()
    await asyncio.sleep(0)
    assert wire.calls == []


async def test_a_connection_that_breaks_keeps_nobody_elses_answer_back() -> None:
    broken, other = gathered(), gathered()
    broken[0].write = None  # type: ignore[assignment]  # what a closed handle raises is no matter
    for _, transport in (broken, other):
        transport.write(b"answer")
    await asyncio.sleep(0)
    assert other[0].calls == [b"answer"]


async def test_the_rest_is_the_transports_own() -> None:
    _, transport = gathered()
    assert transport.get_extra_info("peername") == "the peername"
