"""Made-up requests, drawn from the server's own documents: no fault of ours, and nothing undocumented.

Some of each call in every run of the tests; ten thousand with `make fuzz`.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from dialects.notations import NO_LIMIT
from dialects.paying import ORDER, sign, site_of
from dialects.shop import BUYER, TOKEN, Shop, shop_on
from golden.stage import in_inventory
from stock import NAME
from tradepost.db import Db

SEED = int(os.environ.get("FUZZ_SEED", "20261121"))
WHOLE = os.environ.get("FUZZ") == "whole"
# How many cases of a kind a call has: one that keeps to the document, and one that breaks it, which takes three times
# as long to make up.
ALL = {"systematic": 400, "positive": 50, "negative": 10}
EACH = ALL if WHOLE else {"systematic": 20, "positive": 8, "negative": 2}
CASES = {"v1": 5_500, "v2": 5_000, "pay": 600} if WHOLE else {"v1": 300, "v2": 300, "pay": 100}
if "FUZZ_CASES" in os.environ:  # for a long night
    CASES = dict.fromkeys(CASES, int(os.environ["FUZZ_CASES"]) // 2)
BEYOND = ["9223372036854775807", "9223372036854775808", "9999999999999999999"]  # ids that no row can have
SECONDS_MAX = 3_600 if WHOLE else 600
PROGRAM = Path(__file__).with_name("fuzzing.py")


async def fuzz(shop: Shop, version: str, known: dict[str, list[str]], where: Path) -> dict[str, Any]:
    """Run the program on a version; what it says."""
    asked = {"url": shop.url, "token": shop.token, "version": version, "seed": SEED, "known": known,
             "cases": CASES[version], "each": ALL if version == "pay" else EACH}  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, cwd=where,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(json.dumps(asked).encode()), SECONDS_MAX)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()[-3000:]
    said: dict[str, Any] = json.loads(out)
    return said


async def link(shop: Shop) -> dict[str, list[str]]:
    """What an order of the merchant is asked with, well signed, and what its payment is called by."""
    site = await site_of(shop)
    token = (await site.link()).body["token"]
    asked = {
        **ORDER,
        "signature": sign(ORDER, site.opened.secret),
        "public_hash": site.opened.gateway.public_hash,
    }
    names = ("account", "order_id", "amount", "security_steam_id", "signature", "public_hash")
    payment = await shop.db.value("SELECT id FROM payment WHERE token = $1", token)
    return {name: [asked[name]] for name in names} | {"payment_ids": [str(payment)]}


async def test_made_up_requests_find_no_fault_and_nothing_undocumented(db: Db, tmp_path: Path) -> None:
    async with shop_on(db, **NO_LIMIT) as shop:
        await in_inventory(shop, *[NAME] * 5)
        offers = [await shop.foreign(50 + number, name=f"Item {number}") for number in range(30)]
        offers += [await shop.own(50 + number) for number in range(30)]
        bought = await shop.buy(id=offers.pop(0), custom_id="order-1")
        steamids = [shop.seller_steamid, shop.seller_steamid, BUYER, shop.stranger_steamid]
        known = {
            "id": [*map(str, offers), bought.body["id"], *BEYOND], "steamid": steamids, "trade_token": [TOKEN],
            "price": ["0.50", "1.25", "2"], "currency": ["USD"], "custom_id": ["order-1", "order-2"],
            "custom_ids": ["order-1"], "order_ids": ["order-1"], "order_id": ["order-1"], "project": ["csgo"], "game": ["csgo"], "item_ids": [*map(str, offers[30:]), BEYOND[0]],
        }  # fmt: skip
        known |= await link(shop)
        begun = time.monotonic()
        all_said = await asyncio.gather(*(fuzz(shop, version, known, tmp_path) for version in CASES))
        seconds = time.monotonic() - begun
        cases = sum(said["cases"] for said in all_said)
        told = f"FUZZ_SEED={SEED}, {cases} cases in {seconds:.0f} s"
        print(told, *(said["words"] for said in all_said))
        failures = [failure for said in all_said for failure in said["failures"]]
        assert not failures, "\n\n".join([told, *failures])
        assert cases >= sum(CASES.values()), told
        *versions, links = all_said
        assert {"success", "validation_error", "wrong_params", "no_item", "wrong_method"} <= links[
            "words"
        ].keys()
        for said in versions:  # the market was not only asked nonsense
            assert said["words"]["success"] > said["cases"] / 20, said["words"]
            assert {"validation_error", "no_item", "no_access", "wrong_method"} <= said["words"].keys()
        assert (await shop.get("account/balance")).status == 200
