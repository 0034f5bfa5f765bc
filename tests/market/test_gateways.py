"""Gateways: opened once, their secrets shown once and changed without a gap, their reserve moved once for its key."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from market.paying import NOWHERE, Till, at_once, open_till, sha256, till
from market.receiving import OK, Received, receiving, turn
from tradepost.db import Db
from tradepost.market import gateways, notices, receivers, seals
from tradepost.market.gateways import Opened
from tradepost.market.ledger import Wallet
from tradepost.rules.refusals import Conflicting, Malformed, NotFound, SwitchedOff, TooLittleMoney

pytestmark = pytest.mark.sql
LOST = "'lost:'::bytea || substring({0} from 6)"


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Till]:
    async with till(db) as found:
        yield found


# Opened ------------------------------------------------------------------------------------------------------


async def test_a_gateway_is_opened_once_also_by_eight_at_once(shop: Till) -> None:
    account = await shop.box.stock.person()
    made = await at_once(*(gateways.open_gateway(shop.app, account, NOWHERE) for _ in range(8)))
    (opened,) = [one for one in made if isinstance(one, Opened)]
    assert sum(isinstance(one, Conflicting) for one in made) == 7
    assert len(opened.secret) == len(opened.secret_v2) == 64 and opened.notice_secret.startswith("whsec_")
    assert await gateways.read(shop.db, account) == opened.gateway
    assert (opened.gateway.callback_url, opened.gateway.ipn_on, opened.gateway.requires_v2) == (
        NOWHERE,
        "settled",
        False,
    )


async def test_secrets_lie_sealed_and_are_not_in_what_is_logged(shop: Till) -> None:
    opened = shop.opened
    row = (await shop.db.fetch("SELECT * FROM gateway"))[0]
    for secret in (opened.secret, opened.secret_v2):
        assert secret.encode() not in bytes(row["secret"]) + bytes(row["secret_v2"])
        assert secret not in repr(opened)
    assert opened.notice_secret not in repr(opened)
    keys = await gateways.keys_of(shop.db, shop.app.settings, opened.gateway.public_hash, shop.app.real_now())
    assert keys is not None and keys.secrets == [opened.secret] and opened.secret not in repr(keys)


@pytest.mark.parametrize(
    "url", ["http://shop.example/", "https://10.0.0.1/", "https://localhost/", "nonsense", ""]
)
async def test_a_callback_that_is_not_called_is_not_taken(shop: Till, url: str) -> None:
    strict = await shop.process(callback_networks=())
    account = await shop.box.stock.person()
    for deed in (
        gateways.open_gateway(strict, account, url),
        gateways.change(strict, shop.merchant, callback_url=url),
    ):
        with pytest.raises(Malformed) as refused:
            await deed
        assert refused.value.field == "callback_url"
    assert await gateways.read(shop.db, account) is None


@pytest.mark.parametrize("query", ["amount=1", "a=1&order%5Fid=7", "shop=7&amount%5B%5D=1", "test"])
async def test_a_callback_with_a_parameter_of_the_notice_s_own_is_not_taken(shop: Till, query: str) -> None:
    account, url = await shop.box.stock.person(), f"{NOWHERE}?{query}"
    for deed in (
        gateways.open_gateway(shop.app, account, url),
        gateways.change(shop.app, shop.merchant, callback_url=url),
    ):
        with pytest.raises(Malformed, match="must not have a parameter") as refused:
            await deed
        assert refused.value.field == "callback_url"
    assert await gateways.read(shop.db, account) is None
    unchanged = await gateways.read(shop.db, shop.merchant)
    assert unchanged is not None and unchanged.callback_url == NOWHERE


async def test_what_is_changed_is_changed_and_nothing_else(shop: Till) -> None:
    before = await gateways.read(shop.db, shop.merchant)
    assert before is not None
    assert await gateways.change(shop.app, shop.merchant) == before
    changed = await gateways.change(shop.app, shop.merchant, requires_v2=True)
    assert changed.requires_v2 and changed.ipn_on == "settled" and changed.callback_url == NOWHERE
    changed = await gateways.change(shop.app, shop.merchant, ipn_on="accepted")
    assert changed.requires_v2 and changed.ipn_on == "accepted"
    changed = await gateways.change(
        shop.app, shop.merchant, callback_url="http://127.0.0.1:9/other", requires_v2=False
    )
    assert changed.callback_url == "http://127.0.0.1:9/other" and not changed.requires_v2
    unknown: Any = "now"
    with pytest.raises(Malformed) as refused:
        await gateways.change(shop.app, shop.merchant, ipn_on=unknown)
    assert refused.value.field == "ipn_on"


async def test_who_has_no_gateway_is_told_so(shop: Till) -> None:
    nobody = await shop.box.stock.person()
    deeds = [
        gateways.change(shop.app, nobody, requires_v2=True),
        gateways.change(shop.app, nobody, callback_url=NOWHERE),
    ]
    deeds += [gateways.rotate(shop.app, nobody, which) for which in ("secret", "signature_v2", "notices")]  # type: ignore[misc] # three of three
    for deed in deeds:
        with pytest.raises(NotFound, match="open a gateway"):
            await deed
    assert await receivers.read(shop.db, nobody, "ipn") is None


async def test_a_callback_that_is_gone_can_be_set_again(shop: Till) -> None:
    await shop.db.execute("DELETE FROM receiver")
    gone = await gateways.read(shop.db, shop.merchant)
    assert gone is not None and gone.callback_url is None
    with pytest.raises(NotFound, match="No callback URL"):
        await gateways.rotate(shop.app, shop.merchant, "notices")
    assert (await gateways.change(shop.app, shop.merchant, callback_url=NOWHERE)).callback_url == NOWHERE
    assert (await gateways.rotate(shop.app, shop.merchant, "notices")).startswith("whsec_")


# Rotated -----------------------------------------------------------------------------------------------------


async def takes(shop: Till, *secrets: str) -> list[bool]:
    """Which of these secrets a link may be signed with."""
    payer = await shop.payer()
    made = [(await at_once(shop.link(payer, secret=secret)))[0] for secret in secrets]
    assert all(not isinstance(one, Exception) or "signature does not fit" in str(one) for one in made)
    return [not isinstance(one, Exception) for one in made]


async def hashed_with(shop: Till, *secrets: str) -> int:
    """With which of these secrets a skin's notice is hashed that is sold now."""
    async with receiving(OK) as receiver:
        await gateways.change(shop.app, shop.merchant, callback_url=receiver.url)
        paid = await shop.link(secret=secrets[0])  # links are signed with the first
        await shop.sell(*await shop.on_sale(paid, 100))
        await turn(shop.app)
        return hashed(receiver.received[-1], *secrets)


def hashed(received: Received, *secrets: str) -> int:
    told = received.told
    texts = (told["order_id"], told["amount"], told["currency"], told["trade_id"])
    (place,) = [number for number, one in enumerate(secrets) if sha256(*texts, one) == told["hash"]]
    return place


async def test_both_secrets_sign_links_for_a_day_and_the_hash_waits_for_the_new_one(shop: Till) -> None:
    old = shop.opened.secret
    new = await gateways.rotate(shop.app, shop.merchant, "secret")
    assert new != old
    assert await hashed_with(shop, old, new) == 0  # the site still signs with the old one
    assert await takes(shop, old, new) == [True, True]  # and now it was seen to have the new one
    assert await hashed_with(shop, old, new) == 1  # although another of its servers has not heard of it
    shop.clock.tick(24 * 3600 - 1)
    assert await takes(shop, old, new) == [True, True]
    shop.clock.tick(1)
    assert await takes(shop, old, new) == [False, True]


async def test_a_secret_that_is_never_used_is_the_one_after_a_day(shop: Till) -> None:
    old = shop.opened.secret
    paid = await shop.link()
    offers = await shop.on_sale(paid, 100, 100)
    new = await gateways.rotate(shop.app, shop.merchant, "secret")
    async with receiving(OK) as receiver:
        await gateways.change(shop.app, shop.merchant, callback_url=receiver.url)
        await shop.sell(offers[0])  # the market's clock goes on by a week, and that ends nothing
        await turn(shop.app)
        shop.clock.tick(24 * 3600)
        await shop.sell(offers[1])
        await turn(shop.app)
        assert [hashed(one, old, new) for one in receiver.received] == [0, 1]


async def test_rotated_twice_before_it_was_deployed_the_deployed_one_stays_good(shop: Till) -> None:
    deployed = shop.opened.secret
    lost = await gateways.rotate(shop.app, shop.merchant, "secret")
    shop.clock.tick(12 * 3600)
    new = await gateways.rotate(shop.app, shop.merchant, "secret")
    assert await takes(shop, lost) == [False]
    assert await hashed_with(shop, deployed, new) == 0
    shop.clock.tick(24 * 3600 - 1)  # a day from the last rotation, not from the first
    assert await takes(shop, deployed, new) == [True, True]
    shop.clock.tick(1)
    assert await takes(shop, deployed, lost, new) == [False, False, True]


async def test_rotated_twice_after_it_was_deployed_the_second_last_is_over(shop: Till) -> None:
    first = shop.opened.secret
    second = await gateways.rotate(shop.app, shop.merchant, "secret")
    assert await takes(shop, second) == [True]
    third = await gateways.rotate(shop.app, shop.merchant, "secret")
    assert await takes(shop, first) == [False]
    assert await hashed_with(shop, second, third) == 0
    assert await takes(shop, third, second) == [True, True]
    assert await hashed_with(shop, third, second) == 0


async def test_rotated_at_once_by_two_one_of_the_new_secrets_is_good_and_the_deployed_one(shop: Till) -> None:
    made = await at_once(*(gateways.rotate(shop.app, shop.merchant, "secret") for _ in range(4)))
    assert sum(await takes(shop, *made)) == 1 and await takes(shop, shop.opened.secret) == [True]


async def test_signature_v2_has_a_rotation_of_its_own(shop: Till) -> None:
    async def good() -> list[str]:
        keys = await gateways.keys_of(
            shop.db, shop.app.settings, shop.opened.gateway.public_hash, shop.app.real_now()
        )
        assert keys is not None and list(keys.secrets) == [shop.opened.secret]
        return list(keys.secrets_v2)

    second = await gateways.rotate(shop.app, shop.merchant, "signature_v2")
    assert await good() == [second, shop.opened.secret_v2]
    third = await gateways.rotate(shop.app, shop.merchant, "signature_v2")
    assert await good() == [third, second]
    shop.clock.tick(24 * 3600)
    assert await good() == [third]
    assert await hashed_with(shop, shop.opened.secret) == 0  # the hash of a notice knows nothing of it


async def test_a_gateway_whose_secret_does_not_open_says_so_and_is_rotated_out_of_it(shop: Till) -> None:
    await shop.db.execute(f"UPDATE gateway SET secret = {LOST.format('secret')}")
    with pytest.raises(SwitchedOff, match="cannot check signatures"):
        await shop.link()
    new = await gateways.rotate(shop.app, shop.merchant, "secret")
    assert await takes(shop, new, shop.opened.secret) == [True, False]


async def test_secrets_outlive_a_change_of_the_operator_s_key(shop: Till) -> None:
    new = await gateways.rotate(shop.app, shop.merchant, "secret")
    shop.app.settings = (await shop.process(key="k1:" + "QUFB" * 12)).settings
    done, newest = await seals.rotate(shop.app)
    assert (done, newest) == (4, "k1")  # three of the gateway, one of its callback
    assert await takes(shop, shop.opened.secret, new) == [True, True]


# The reserve -------------------------------------------------------------------------------------------------


async def test_a_reserve_is_filled_from_what_was_earned_and_given_back_once_for_its_key(shop: Till) -> None:
    await shop.earn(1_000)
    assert await gateways.fund_reserve(shop.app, shop.merchant, 600, "a")
    assert not await gateways.fund_reserve(shop.app, shop.merchant, 600, "a")
    assert await shop.purse() == Wallet(shop.merchant, 0, 400, 0, 0, 600)
    assert await gateways.release_reserve(shop.app, shop.merchant, 200, "b")
    assert not await gateways.release_reserve(shop.app, shop.merchant, 200, "b")
    assert await shop.purse() == Wallet(shop.merchant, 0, 600, 0, 0, 400)
    for cents, key in ((500, "a"), (-200, "a")):
        with pytest.raises(Conflicting, match="stands for another"):
            move = gateways.fund_reserve if cents > 0 else gateways.release_reserve
            await move(shop.app, shop.merchant, abs(cents), key)


async def test_no_more_is_moved_than_there_is(shop: Till) -> None:
    await shop.earn(100)
    with pytest.raises(TooLittleMoney, match="only what was earned"):
        await gateways.fund_reserve(shop.app, shop.merchant, 101, "a")
    with pytest.raises(TooLittleMoney, match="reserve is less"):
        await gateways.release_reserve(shop.app, shop.merchant, 1, "b")
    for cents in (0, -1):
        with pytest.raises(Malformed):
            await gateways.fund_reserve(shop.app, shop.merchant, cents, "c")
        with pytest.raises(Malformed):
            await gateways.release_reserve(shop.app, shop.merchant, cents, "c")
    done = await at_once(*(gateways.fund_reserve(shop.app, shop.merchant, 60, f"d{n}") for n in range(4)))
    assert sum(one is True for one in done) == 1 and (await shop.purse()).reserve_cents == 60


async def test_only_who_accepts_skins_has_a_reserve(shop: Till) -> None:
    nobody = await shop.box.stock.person(balance_cents=100)
    with pytest.raises(NotFound, match="open a gateway"):
        await gateways.fund_reserve(shop.app, nobody, 100, "a")


# Signed twice ------------------------------------------------------------------------------------------------


async def test_the_headers_have_two_signatures_while_their_secret_is_changed(shop: Till) -> None:
    async with receiving(OK) as receiver:
        await gateways.change(shop.app, shop.merchant, callback_url=f"{receiver.url}?shop=1&")
        offers = await shop.on_sale(await shop.link(), 100, 100, 100)
        secrets = [shop.opened.notice_secret]
        for _ in range(2):
            secrets.append(await gateways.rotate(shop.app, shop.merchant, "notices"))
        await shop.sell(offers[0])
        await turn(shop.app)
        assert [good(receiver, one) for one in secrets] == [False, True, True]
        assert receiver.received[-1].headers["webhook-signature"].count("v1,") == 2
        await shop.db.execute("UPDATE receiver SET old_secret_until = $1", shop.app.real_now())
        await shop.sell(offers[1])
        await turn(shop.app)
        assert [good(receiver, one) for one in secrets] == [False, False, True]


def good(receiver: Any, secret: str) -> bool:
    try:
        receiver.received[-1].verified(secret)
    except Exception:
        return False
    return True


async def test_an_ipn_sent_again_by_hand_is_hashed_with_the_secret_of_then(shop: Till) -> None:
    other = await open_till(shop.box)
    async with receiving(OK) as receiver:
        await gateways.change(shop.app, shop.merchant, callback_url=receiver.url)
        await shop.sell(*await shop.on_sale(await shop.link(), 100))
        await turn(shop.app)
        new = await gateways.rotate(shop.app, shop.merchant, "secret")
        (notice,) = await shop.told()
        await notices.resend(shop.app, shop.merchant, notice["id"])
        await turn(shop.app)
        assert await takes(shop, new) == [True]
        await notices.resend(shop.app, shop.merchant, notice["id"])
        await turn(shop.app)
    assert [hashed(one, shop.opened.secret, new) for one in receiver.received] == [0, 0, 1]
    assert len({one.told["trade_id"] for one in receiver.received}) == len(set(receiver.names)) == 1
    with pytest.raises(NotFound):
        await notices.resend(shop.app, other.merchant, notice["id"])
