"""The doctor's command line as a process of its own."""

import asyncio
import os
import sys

from receiver.merchants import Merchant

SECONDS = 60


async def run(*words: str, **environ: str) -> tuple[int | None, str, str]:
    """Status, what it said, and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradepost", "ipn-doctor", *words,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complained = await asyncio.wait_for(process.communicate(), SECONDS)
    return process.returncode, said.decode(), complained.decode()


def of(merchant: Merchant, *more: str) -> tuple[str, ...]:
    return (f"{merchant.url}/ipn", "--order-id", "order-1", "--account", "1001", *more)
