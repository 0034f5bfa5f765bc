"""Pictures where Steam has art: a drawn tile for an item, a drawn face for an account; nobody's copyright."""

import hashlib
from functools import lru_cache
from html import escape

from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator import cs2_facts
from tradepost.steam.simulator.calls import Call, route
from tradepost.steam.simulator.descriptions import describe
from tradepost.steam.simulator.entities import Item
from tradepost.steam.simulator.items import CS2

CACHE_SECONDS = 86_400
LINE_CHARS_MAX = 18


def item_picture(call: Call) -> Response:
    """GET /economy/image/{icon}/{size}: the weapon's or item's name on its rarity's colour."""
    icon = call.path["icon"]
    item = _by_icon(call, icon)
    if item is None:
        return _svg(_tile("", "", _hue(icon)))
    tags = {tag["category"]: tag for tag in describe(item, 0)["tags"]}
    color = f"#{tags.get('Rarity', {}).get('color', 'b0c3d9')}"
    first, _, second = item.market_hash_name.rsplit(" (", 1)[0].partition(" | ")
    if item.appid == CS2 and second:
        first = cs2_facts.weapon_of(item.market_hash_name)
    return _svg(_tile(first, second, color))


def avatar_picture(call: Call) -> Response:
    """GET /avatars/{hash}.jpg: a face of four colours."""
    name = call.path["name"][:40]
    digest = hashlib.blake2b(name.partition("_")[0].encode(), digest_size=8).digest()
    cells = "".join(
        f'<rect x="{x}" y="{y}" width="1" height="1"/>'
        for y in range(5)
        for x in range(5)
        if digest[y] >> min(x, 4 - x) & 1
    )
    color = _hue(name.partition("_")[0])
    return _svg(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 5 5" shape-rendering="crispEdges">'
        f'<rect width="5" height="5" fill="#1b2838"/><g fill="{color}">{cells}</g></svg>'
    )


def _by_icon(call: Call, icon: str) -> Item | None:
    icons: dict[str, Item] | None = getattr(call.request.app.state, "icons", None)
    if icons is None or icon not in icons:
        icons = {item.icon: item for item in call.world.samples.values()}
        call.request.app.state.icons = icons
    return icons.get(icon)


@lru_cache(maxsize=4096)
def _tile(first: str, second: str, color: str) -> str:
    first, second = escape(first[:LINE_CHARS_MAX]), escape(second[:LINE_CHARS_MAX])
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 72"><defs>'
        '<linearGradient id="g" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="#23272e"/><stop offset="1" stop-color="{escape(color)}" '
        'stop-opacity=".45"/></linearGradient></defs><rect width="96" height="72" fill="#16191d"/>'
        '<rect width="96" height="72" fill="url(#g)"/>'
        f'<rect y="69" width="96" height="3" fill="{escape(color)}"/><g fill="#fff" font-family="sans-serif" '
        f'text-anchor="middle"><text x="48" y="34" font-size="11" font-weight="bold">{first}</text>'
        f'<text x="48" y="49" font-size="9" opacity=".8">{second}</text></g></svg>'
    )


def _hue(text: str) -> str:
    number = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=2).digest()
    return f"hsl({int.from_bytes(number, 'big') % 360} 60% 60%)"


def _svg(picture: str) -> Response:
    headers = {"Cache-Control": f"public, max-age={CACHE_SECONDS}"}
    return Response(picture, headers=headers, media_type="image/svg+xml")


ROUTES: list[Route] = [
    route("/economy/image/{icon}", item_picture),
    route("/economy/image/{icon}/{size}", item_picture),
    route("/avatars/{name}", avatar_picture),
]
