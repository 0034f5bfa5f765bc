"""The whole demo as its user meets it: up in seconds, usable by paste, hard to kill, gone on Ctrl-C, back with everything."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from demo.person import person
from demo.running import RunningDemo, free_port, is_alive, line_of, running, start, until
from tradepost.config import Settings
from tradepost.demo import catalogue, ground, papers
from tradepost.demo.errors import DemoRefused
from tradepost.demo.papers import Site, Town
from tradepost.demo.world import OFFERS
from tradepost.rules.games import GAMES
from tradepost.rules.money import write_cents
from tradepost.rules.payment import net_cents
from world import MEMORY, open_directory

WEEK_SECONDS = 604_800
SECRETS = ("merchant_token", "shop_token", "secret_hash", "secret_v2", "notice_secret", "webhook_secret")
# What these tests allow on a machine that is busy with others; alone on two cores it is a third of that.
COLD_SECONDS, WARM_SECONDS = 60.0, 30.0


@pytest.fixture(scope="module")
async def data_dir() -> AsyncIterator[Path]:
    path = open_directory(MEMORY if MEMORY.is_dir() else None)
    yield path / "demo"
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
async def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
async def demo(data_dir: Path, port: int) -> AsyncIterator[RunningDemo]:
    async with running(data_dir, "--port", str(port)) as started:
        yield started


async def bought(demo: RunningDemo, custom_id: str) -> bool:
    """Whether the merchant has bought something under this id for his customer: the cheapest skin that he could."""
    if await operation(demo, custom_id):  # an answer that was lost
        return True
    card, cheapest = (
        demo.card,
        {"search": "(Field-Tested)", "sort_column": "price", "sort_dir": "asc", "limit": 30},
    )
    status, page = await demo.ask("GET", "/api/v2/items", params=cheapest)
    assert status == 200, page
    customer = {
        "steamid": card["buyer_steamid"],
        "trade_token": card["buyer_trade_token"],
        "custom_id": custom_id,
    }
    for row in page["data"]:
        status, answer = await demo.ask("POST", "/api/v2/buy", json=customer | {"id": row["id"]})
        if status == 200:
            return True
    raise AssertionError(f"nothing could be bought; at last: {answer}")


async def operation(demo: RunningDemo, custom_id: str) -> dict[str, Any]:
    """A purchase's row; empty where there is none."""
    status, answer = await demo.ask("GET", "/api/v2/operations", params={"custom_ids": custom_id})
    assert status == 200, answer
    return answer["data"][0] if answer["data"] else {}


async def buying(demo: RunningDemo, custom_id: str) -> None:
    """A purchase that goes on until it succeeds, whatever was just killed."""
    await until(lambda: bought(demo, custom_id), 30)


async def delivery(demo: RunningDemo, custom_id: str, state: str = "") -> dict[str, Any]:
    """A purchase's row once the customer has the item, or once it is in a state."""

    async def seen() -> dict[str, Any]:
        row = await operation(demo, custom_id)
        assert row["state"] == state if state else row["protected_until"] or row["state"] == "finished", row
        return row

    return await until(seen, 60)  # type: ignore[no-any-return]  # until gives what its question gave


async def all_is_well(data_dir: Path) -> None:
    """`tradepost check`, run beside the demo, finds nothing."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradepost", "check", "--data-dir", str(data_dir),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert (process.returncode, said.decode()[:12]) == (0, "all is well:")


async def test_it_says_how_it_comes_up_and_is_up_in_seconds(demo: RunningDemo) -> None:
    steps = [line for line in demo.said if re.match(r" *[0-9]+\.[0-9] s  ", line)]
    assert steps[-1].endswith("s  up")
    assert any("5,000 offers are on sale" in line for line in steps)
    assert any("31 of 31 sellers are online" in line for line in steps)
    assert any("the example shop is open" in line for line in steps)
    assert demo.seconds < COLD_SECONDS


async def test_the_market_s_pages_have_something_to_show_from_the_first_minute(demo: RunningDemo) -> None:
    async def page(path: str) -> str:
        request = urllib.request.Request(demo.card["base_url"] + path)  # noqa: S310 - our own demo's
        with await asyncio.to_thread(urllib.request.urlopen, request) as answer:
            return str(answer.read().decode())

    seller = await page("/u/otter")
    assert "Online: what is on sale can be bought now" in seller and 'class="tile' in seller
    # What has the most offers has orders, too, below the cheapest of them.
    fullest = re.findall(
        r"/market/item/([0-9]+)\".*?([0-9]+) offers?<", await page("/market?names=1&game=dota2"), re.DOTALL
    )
    item, _ = max(fullest, key=lambda one: int(one[1]))
    assert 'class="depth"' in await page(f"/market/item/{item}")


async def test_demo_json_has_what_programs_need_and_is_its_owners_alone(demo: RunningDemo) -> None:
    card, file = demo.card, demo.data_dir / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((demo.data_dir / "town.json").stat().st_mode) == 0o600
    assert card["merchant_token"].startswith("test_")
    assert len(card["seller_steamids"]) == 28
    assert set(card["pids"]) == {"web", "worker", "simulator", "postgres", "agents", "robots", "shop"}
    assert len(card["pids"]["agents"]) == 3
    assert all(is_alive(pid) for pid in demo.pids.values())
    for pid in demo.pids.values():  # Ctrl-C in the terminal is heard by the supervisor alone
        assert os.getsid(pid) != os.getsid(demo.process.pid)
    status, answer = await demo.ask(
        "GET", "/api/v2/account/inventory", params={"steamid": card["seller_steamids"][0], "project": "csgo"}
    )
    assert status == 200 and answer["data"]
    assert await demo.steam(f"/_sim/users/{card['buyer_steamid']}")
    # What tokens there are the market knows by their hashes only, and no log has one.
    for log_file in (demo.data_dir / "logs").iterdir():
        assert not [name for name in SECRETS if card[name] in log_file.read_text()]


async def test_the_lines_it_prints_work_as_they_are_pasted(demo: RunningDemo) -> None:
    commands = [line.strip() for line in demo.said if line.startswith("  ") and not line.startswith("  #")]
    commands = [line for line in commands if " s  " not in line]
    calls = [line for line in commands if line.startswith("curl ")]
    assert len(calls) == 8
    *looks, first_version, buy, watch, clock = calls
    for line in looks:
        answer = await pasted(line)
        assert answer["status"] == "success" and answer["data"], (line, answer)
    assert (await pasted(first_version)).keys() == {"status", "currency", "balance", "deposit_balance"}
    trade = await pasted(buy)
    assert trade["status"] == "success", trade
    assert await pasted(buy) == trade  # pasted twice it is one purchase
    custom_id = trade["trade_data"]["custom_id"]
    assert (await pasted(watch))["data"][0]["custom_id"] == custom_id
    assert (await delivery(demo, custom_id))["state"] == "active"
    assert (await pasted(clock))["offset_seconds"] == WEEK_SECONDS
    row = await delivery(demo, custom_id, "finished")
    assert (await pasted(watch))["data"][0] == row
    (check,) = [line for line in commands if not line.startswith("curl ")]
    assert check.split()[1] == "check"
    done = await asyncio.to_thread(subprocess.run, ["sh", "-c", check], capture_output=True, text=True)
    assert (done.returncode, done.stdout[:12]) == (0, "all is well:")


async def pasted(line: str) -> Any:
    """What a line answers in a shell, or what the same request answers where there is no curl."""
    if shutil.which("curl"):
        done = await asyncio.to_thread(subprocess.run, ["sh", "-c", line], capture_output=True, text=True)
        assert done.returncode == 0, done
        return json.loads(done.stdout)
    words = shlex.split(line)
    headers = dict(words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1].encode() if "-d" in words else None
    (url,) = [word for word in words if word.startswith("http")]
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - an address that the demo printed
    with await asyncio.to_thread(urllib.request.urlopen, request) as answer:
        return json.loads(answer.read())


async def test_a_player_pays_with_skins_from_the_shops_page_to_his_balance(demo: RunningDemo) -> None:
    card, names = demo.card, ("AWP | Fever Dream (Field-Tested)", "P250 | Exchanger (Minimal Wear)")
    fee_bps, known = Settings().fee_bps, catalogue.by_name()
    owed = write_cents(sum(net_cents(known["csgo", name].price_cents, fee_bps) for name in names))
    belongings = (await demo.steam(f"/_sim/users/{card['payer_steamid']}"))["items"]["730/2"]
    wanted = [item["assetid"] for item in belongings if item["market_hash_name"] in names]
    assert len(wanted) == 2

    async def balances() -> tuple[str, str]:
        """What the shop owes the player, and what the market owes the shop."""
        async with demo.http.get(card["shop_url"] + "/balance?account=1001") as answer:
            of_player = (await answer.json())["balance"]
        token = {"Token": card["shop_token"]}
        async with demo.http.get(card["base_url"] + "/api/v2/account/balance", headers=token) as answer:
            return of_player, (await answer.json())["data"]["balance"]

    async with person() as robin:
        shop = await robin.open(card["shop_url"])
        page = await robin.send(shop, shop.form(lambda form: form.action == "/pay"))
        link = page.url
        assert link.startswith(f"{card['base_url']}/en/pay?token="), page.words
        steam = await robin.follow(page, "/sign-in")
        assert steam.url.startswith(card["steam_url"])
        (chooser,) = steam.forms
        page = await robin.send(steam, chooser, ("steamid", card["payer_steamid"]))
        assert page.url == link
        choice = page.form_with("do", "prices")
        page = await robin.send(page, choice, *(("items", assetid) for assetid in wanted), ("do", "prices"))
        assert page.status == 200 and f"${owed}" in page.words, page.words
        page = await robin.send(page, page.form_with("do", "sell"), ("do", "sell"))
        assert (page.status, page.url) == (200, link) and all(name[:5] in page.words for name in names)
        assert await balances() == ("0.00", "0.00")

        async def is_protected() -> bool:
            sales = {"type": "sell", "limit": "10"}
            headers = {"Token": card["shop_token"]}
            url = card["base_url"] + "/api/v2/operations"
            async with demo.http.get(url, params=sales, headers=headers) as answer:
                rows = (await answer.json())["data"]
            return len(rows) == 2 and all(row["protected_until"] for row in rows)

        await until(is_protected, 60)  # robots have bought them, and customers accepted
        assert await balances() == ("0.00", "0.00")
        shop = await robin.open(card["shop_url"])
        shop = await robin.send(shop, shop.form(lambda form: form.action == "/seven-days"))

        async def is_credited() -> bool:
            return await balances() == (owed, owed)

        await until(is_credited, 30)
        assert owed in (await robin.open(card["shop_url"])).words
        assert (await robin.open(link)).status == 200  # back at the same place


async def test_trades_happen_by_themselves_and_new_offers_come(demo: RunningDemo) -> None:
    async def delivered() -> bool:
        trades = (await demo.steam("/_sim/trades"))["trades"]
        return any(trade["to"] != demo.card["buyer_steamid"] for trade in trades)

    async def listed() -> bool:
        newest = [
            (await demo.ask("GET", "/api/v2/items", params={"project": project, "limit": 1}))[1]["data"][0]
            for project in GAMES
        ]
        return any(int(row["id"]) > OFFERS for row in newest)

    await until(delivered, 40)
    await until(listed, 40)


async def test_a_second_demo_on_the_same_directory_is_told_so(demo: RunningDemo) -> None:
    second = await start(demo.data_dir, "--port", "0")
    said, _ = await second.communicate()
    assert second.returncode == 1
    assert f"process {demo.process.pid} is already running on {demo.data_dir}" in said.decode()
    assert "Traceback" not in said.decode()
    assert demo.card["pids"] and all(is_alive(pid) for pid in demo.pids.values())


async def test_a_port_that_is_taken_is_said_before_anything_is_touched(demo: RunningDemo, port: int) -> None:
    other = demo.data_dir.with_name("other")
    refused = await start(other, "--port", str(port))
    said, _ = await refused.communicate()
    assert refused.returncode == 1
    assert f"port {port} is taken" in said.decode() and "Traceback" not in said.decode()
    assert not (other / "town.json").exists()


async def test_whatever_is_killed_comes_back_and_the_books_are_right(demo: RunningDemo) -> None:
    names: list[str] = []
    for number, roles in enumerate(
        (("web", "worker", "simulator", "robots", "shop", "agents-0"), ("postgres",))
    ):
        now = [f"before-{number}-{place}" for place in range(4)]
        await asyncio.gather(*(buying(demo, name) for name in now))
        before = demo.pids
        for role in roles:
            os.kill(before[role], signal.SIGKILL)

        def has_new_numbers(before: dict[str, int] = before, roles: tuple[str, ...] = roles) -> bool:
            after = demo.pids
            return {name for name in after if after[name] != before[name]} == set(roles)

        await until(has_new_numbers, 10)
        names += [*now, f"after-{number}"]
        await buying(demo, names[-1])
    await asyncio.gather(*(delivery(demo, name) for name in names))
    await all_is_well(demo.data_dir)


async def test_ctrl_c_leaves_no_process_and_the_next_start_has_what_there_was(
    demo: RunningDemo, data_dir: Path, port: int
) -> None:
    card, pids = demo.card, demo.pids
    await buying(demo, "kept")
    await delivery(demo, "kept")
    async with demo.http.post(card["base_url"] + "/sandbox/clock", json={"advance_seconds": 60}) as answer:
        offset_seconds = (await answer.json())["offset_seconds"]
    assert offset_seconds >= 60
    assert await demo.stop(signal.SIGINT) == 0
    assert not any(is_alive(pid) for pid in pids.values())
    assert not (data_dir / "demo.json").exists()
    assert demo.said[-1].endswith("stopping")

    async with running(data_dir, "--port", str(port)) as again:
        assert again.seconds < WARM_SECONDS
        assert not any("offers are on sale" in line for line in again.said)
        same = (
            "merchant_token",
            "merchant_steamid",
            "seller_steamids",
            "buyer_steamid",
            "steam_url",
            "shop_url",
        )
        for name in (*same, "public_hash", "secret_hash", "shop_token"):
            assert again.card[name] == card[name]
        assert (await operation(again, "kept"))["state"] == "active"
        async with again.http.get(again.card["base_url"] + "/sandbox/clock") as answer:
            assert (await answer.json())["offset_seconds"] == offset_seconds
        pids = again.pids

        # The worst end: nobody is left to stop them, so each stops by itself; and the next start waits for that.
        again.process.kill()
        await again.process.wait()
        next_one = await start(data_dir, "--port", str(port))
        try:
            said = ""
            while "s  up" not in said:
                said = await asyncio.wait_for(line_of(next_one), 60)
            assert not any(is_alive(pid) for pid in pids.values())
            await all_is_well(data_dir)
        finally:
            next_one.send_signal(signal.SIGTERM)
            await next_one.communicate()
        assert next_one.returncode == 0


WHOLE = Town(is_filled=True, online=("76561198000000001",), site=Site("1", "", public_hash="ab"))

# The ground ------------------------------------------------------------------------------------------------------


def test_a_database_that_no_demo_made_is_never_touched(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    theirs = tmp_path / "postgres"
    theirs.mkdir()
    (theirs / "PG_VERSION").write_text("18\n")
    for fresh in (False, True):
        with pytest.raises(DemoRefused, match="no demo made"):
            ground.prepare(tmp_path, fresh=fresh)
    assert (theirs / "PG_VERSION").exists() and not (tmp_path / "town.json").exists()


@pytest.mark.parametrize("left", [Town(), WHOLE])
def test_a_town_that_was_never_whole_or_is_not_wanted_any_more_is_removed(tmp_path: Path, left: Town) -> None:
    papers.write_town(tmp_path, left)
    for name in ("steam", "agents", "shop", "logs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    assert ground.prepare(tmp_path, fresh=left.is_filled) == Town()
    assert papers.read_town(tmp_path) == Town()
    assert [name for name in ("steam", "agents", "shop", "logs") if (tmp_path / name).exists()] == ["logs"]


def test_a_town_that_is_whole_is_kept(tmp_path: Path) -> None:
    papers.write_town(tmp_path, WHOLE)
    (tmp_path / "steam").mkdir()
    assert ground.prepare(tmp_path, fresh=False) == WHOLE
    assert (tmp_path / "steam").exists()
