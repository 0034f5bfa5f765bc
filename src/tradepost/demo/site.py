"""The game site of the demo: its gateway on the market, opened at the first start, and the shop that is the site."""

from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from tradepost.app import App
from tradepost.demo.papers import Site
from tradepost.demo.players import SITE_NAME
from tradepost.market import gateways, receivers, users
from tradepost.rules import notice

# Of the repository, and of no installed package.
PROGRAM = Path(__file__).resolve().parents[3] / "examples" / "shop" / "shop.py"
DATABASE = "shop.db"
CALLBACK_PATH, WEBHOOK_PATH = "/ipn", "/notices"


async def open_gateway(app: App, site: Site, shop_url: str) -> Site:
    """Open the site's gateway, and have it told of what is reversed; return the site with its secrets."""
    account_id = await _account_id(app, site)
    opened = await gateways.open_gateway(app, account_id, shop_url + CALLBACK_PATH)
    webhook = await receivers.put(app, account_id, shop_url + WEBHOOK_PATH, (notice.PAYMENT_REVERSED,))
    return replace(
        site,
        shop_url=shop_url,
        public_hash=opened.gateway.public_hash,
        secret_hash=opened.secret,
        secret_v2=opened.secret_v2,
        notice_secret=opened.notice_secret,
        webhook_secret=webhook.secret or "",
    )


async def direct(app: App, site: Site, shop_url: str) -> Site:
    """Have the shop called where it is at this start, unless its owner has named other addresses by himself."""
    if shop_url == site.shop_url:
        return site
    account_id = await _account_id(app, site)
    gateway = await gateways.read(app.db, account_id)
    if gateway is not None and gateway.callback_url == site.shop_url + CALLBACK_PATH:
        await gateways.change(app, account_id, callback_url=shop_url + CALLBACK_PATH)
    webhook = await receivers.read(app.db, account_id)
    if webhook is not None and webhook.url == site.shop_url + WEBHOOK_PATH:
        await receivers.put(app, account_id, shop_url + WEBHOOK_PATH, webhook.types)
    return replace(site, shop_url=shop_url)


def command(site: Site, market_url: str, folder: Path) -> tuple[str, ...]:
    """Return the command line of the shop; no secret is in it, as anybody on the machine can read it."""
    where = urlsplit(site.shop_url)
    return (
        str(PROGRAM),
        *("--host", str(where.hostname), "--port", str(where.port)),
        *("--market-url", market_url, "--public-hash", site.public_hash),
        *("--shop-name", SITE_NAME, "--database", str(folder / DATABASE)),
        *(word for one in site.players for word in ("--player", f"{one.steamid}={one.name}")),
    )


def environ(site: Site) -> dict[str, str]:
    """Return what the shop has to find in its environment: its secrets."""
    return {
        "SHOP_SECRET_HASH": site.secret_hash,
        "SHOP_SECRET_V2": site.secret_v2,
        "SHOP_NOTICE_SECRET": site.notice_secret,
        "SHOP_WEBHOOK_SECRET": site.webhook_secret,
    }


async def _account_id(app: App, site: Site) -> int:
    account = await users.by_steamid(app.db, site.steamid)
    if account is None:
        raise RuntimeError(f"the game site {site.steamid} has no account")
    return account.id
