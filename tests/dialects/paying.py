"""A merchant who accepts skins, and the links that he asks for: signed as the documentation says, by hand or by PHP."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from dialects.shop import BUYER, Reply, Shop
from tradepost.market import gateways
from tradepost.market.gateways import Opened

CALLBACK = "https://shop.example/ipn?shop=7"
ORDER = {
    "account": "2048",
    "order_id": "order-1",
    "amount": "6.66",
    "currency": "USD",
    "security_steam_id": BUYER,
}


def sign(asked: dict[str, Any], secret: str) -> str:
    """A link's signature, of the texts as they are."""
    texts = (str(asked.get(name) or "") for name in ("order_id", "amount", "currency"))
    return hashlib.sha256(("".join(texts) + secret).encode()).hexdigest()


def sign_v2(asked: dict[str, Any], secret: str) -> str:
    """The second signature, over all that is asked with."""
    lines = "\n".join(f"{name}={asked[name]}" for name in sorted(asked, key=str.encode))
    return hmac.new(secret.encode(), lines.encode(), hashlib.sha256).hexdigest()


async def php(code: str) -> str:
    """What a program in PHP prints."""
    process = await asyncio.create_subprocess_exec(
        "php", "-r", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err
    return out.decode()


@dataclass
class Site:
    """A merchant's site."""

    shop: Shop
    opened: Opened

    @property
    def path(self) -> str:
        return f"/en/pay/{self.opened.gateway.public_hash}"

    async def link(self, *, path: str = "", how: str = "form", secret: str = "", **changes: Any) -> Reply:
        """Ask for a link, well signed unless the signature is given; a parameter that is None is left out."""
        asked = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
        asked.setdefault("signature", sign(asked, secret or self.opened.secret))
        return await self.send(asked, path=path, how=how)

    async def link_v2(self, *, secret_v2: str = "", how: str = "form", **changes: Any) -> Reply:
        """The same with both signatures."""
        asked = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
        asked.setdefault("signature", sign(asked, self.opened.secret))
        asked["signature_v2"] = sign_v2(asked, secret_v2 or self.opened.secret_v2)
        return await self.send(asked, how=how)

    async def send(self, asked: dict[str, Any], *, path: str = "", how: str = "form") -> Reply:
        """A request as it is."""
        body = {"query": "params", "form": "data", "json": "json"}[how]
        return await self.shop.call("POST", path or self.path, token="", **{body: asked})


async def site_of(shop: Shop, account_id: int | None = None) -> Site:
    """A gateway for the shop's merchant, or for another account."""
    return Site(shop, await gateways.open_gateway(shop.app, account_id or shop.merchant, CALLBACK))
