"""The documented request for a payment link, as an old PHP program makes it."""

from dialects.paying import site_of
from dialects.shop import Reply, Shop


async def link(shop: Shop) -> list[Reply]:
    site = await site_of(shop)
    return [await site.link(), await site.link(order_id="order-2", amount=None), await site.link()]


ANSWERS = {"POST /en/pay/PUBLIC_HASH | Create payment link": link}
