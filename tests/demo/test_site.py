"""The game site: known to the market with its gateway, called where its shop is, and its secrets seen by nobody else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stock import steamid
from tradepost.app import App, Clock
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.demo import site
from tradepost.demo.papers import Player, Site, Town
from tradepost.demo.supervisor import Supervisor
from tradepost.demo.welcome import welcome
from tradepost.market import gateways, payments, receivers, users
from tradepost.rules import payment
from tradepost.steam.client import SteamClient

FIRST, SECOND, OWN = "http://127.0.0.1:8002", "http://127.0.0.1:8003", "http://127.0.0.1:9000/mine"
LANTERN, ROBIN = steamid(1), steamid(2)


@pytest.fixture
async def app(db: Db) -> AsyncIterator[App]:
    settings = Settings(mode="demo", callback_networks=("127.0.0.0/8",))
    clock = Clock()
    async with SteamClient(now=clock.now) as steam:
        yield App(settings, db, steam, clock)


@pytest.fixture
async def lantern(app: App) -> Site:
    """The site as it is after the first start."""
    async with app.db.transaction() as tx:
        await users.know(tx, LANTERN, "operator", app.now())
    fresh = Site(LANTERN, "test_token", players=(Player(ROBIN, "Robin"),))
    return await site.open_gateway(app, fresh, FIRST)


async def addresses(app: App) -> tuple[str | None, str | None]:
    """Where the market calls the site: with IPNs, and with webhooks."""
    account = await users.by_steamid(app.db, LANTERN)
    assert account is not None
    gateway, webhook = await gateways.read(app.db, account.id), await receivers.read(app.db, account.id)
    assert gateway is not None
    return gateway.callback_url, webhook.url if webhook else None


async def test_the_secrets_that_are_kept_are_those_that_the_market_knows(app: App, lantern: Site) -> None:
    parameters = {"order_id": "1", "account": "7", "security_steam_id": ROBIN, "currency": "USD"}
    signed = payment.signed_text("1", "", "USD")
    parameters["signature"] = payment.link_signature(signed, lantern.secret_hash)
    second = payment.link_signature_v2(parameters, lantern.secret_v2)
    asked = payments.Asked("1", "7", ROBIN, "USD", "", None, parameters["signature"], second)
    made = await payments.make(app, lantern.public_hash, asked, parameters, bytes(32))
    assert made.order_id == "1"
    assert lantern.notice_secret.startswith("whsec_") and lantern.webhook_secret.startswith("whsec_")
    assert lantern.notice_secret != lantern.webhook_secret
    account = await users.by_steamid(app.db, LANTERN)
    assert account is not None
    webhook = await receivers.read(app.db, account.id)
    assert webhook is not None and webhook.types == ("payment.reversed",)


async def test_the_shop_is_called_where_it_is_at_this_start(app: App, lantern: Site) -> None:
    assert await addresses(app) == (FIRST + "/ipn", FIRST + "/notices")
    assert await site.direct(app, lantern, FIRST) == lantern
    moved = await site.direct(app, lantern, SECOND)
    assert moved.shop_url == SECOND and moved.secret_hash == lantern.secret_hash
    assert await addresses(app) == (SECOND + "/ipn", SECOND + "/notices")


async def test_an_address_that_its_owner_named_himself_stands(app: App, lantern: Site) -> None:
    account = await users.by_steamid(app.db, LANTERN)
    assert account is not None
    await gateways.change(app, account.id, callback_url=OWN)
    moved = await site.direct(app, lantern, SECOND)
    assert await addresses(app) == (OWN, SECOND + "/notices")
    await receivers.put(app, account.id, OWN, ["trade.finished"])
    await site.direct(app, moved, FIRST)
    assert await addresses(app) == (OWN, OWN)
    await receivers.remove(app, account.id)
    await site.direct(app, moved, FIRST)
    assert await addresses(app) == (OWN, None)


async def test_no_secret_is_on_the_command_line(app: App, lantern: Site, tmp_path: Path) -> None:
    words = site.command(lantern, "http://127.0.0.1:8000", tmp_path)
    secrets = (lantern.secret_hash, lantern.secret_v2, lantern.notice_secret, lantern.webhook_secret)
    assert set(site.environ(lantern).values()) == set(secrets) and len(set(secrets)) == 4
    assert not [word for word in words if any(secret in word for secret in secrets)]
    assert f"{ROBIN}=Robin" in words and "8002" in words


async def test_where_there_is_no_shop_the_demo_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(site, "PROGRAM", tmp_path / "examples" / "shop" / "shop.py")
    supervisor = Supervisor(Settings(data_dir=tmp_path), fresh=False)
    await supervisor._start_shop()
    await supervisor._find_shop()
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "there is no example shop here" in said
    assert not supervisor._has_shop


async def test_the_welcome_leads_to_the_shop_where_there_is_one(tmp_path: Path) -> None:
    town = Town(site=Site(LANTERN, "", players=(Player(ROBIN, "Robin"),)))
    settings = Settings(data_dir=tmp_path)
    assert f"open {FIRST}, " in welcome(town, settings, None, FIRST)
    assert "sign in as `Robin`" in welcome(town, settings, None, FIRST)
    assert "skins" not in welcome(town, settings, None, None)
    assert "/admin" not in welcome(town, settings, None, None)  # a town of a version without operators
    assert "/admin: sign in as `Olga`." in welcome(Town(operator="Olga"), settings, None, None)
