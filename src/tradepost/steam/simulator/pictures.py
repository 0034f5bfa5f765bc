"""Pictures where Steam has art: a drawn tile for an item, a drawn face for an account; nobody's copyright."""

import hashlib
from functools import lru_cache
from html import escape

from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, route
from tradepost.steam.simulator.descriptions import describe
from tradepost.steam.simulator.entities import Item
from tradepost.steam.simulator.finishes import defs, finish_of
from tradepost.steam.simulator.silhouettes import parts_of

CACHE_SECONDS = 86_400
_STYLE = (
    ".b{fill:url(#f);stroke:#0a0c0e;stroke-width:.7}.d{fill:#23282e;stroke:#0a0c0e;stroke-width:.7}"
    ".m{fill:#9aa3ac;stroke:#0a0c0e;stroke-width:.6}.w{fill:#eef1f3;stroke:#0a0c0e;stroke-width:.5}"
    ".l{fill:none;stroke:#fff;stroke-opacity:.3;stroke-width:.9;stroke-linecap:round}"
)


def item_picture(call: Call) -> Response:
    """GET /economy/image/{icon}/{size}: the item's silhouette in its finish, lit by its rarity's colour."""
    icon = call.path["icon"]
    item = _by_icon(call, icon)
    if item is None:
        return _svg(drawn(0, "", icon, _hue(icon)))
    tags = {tag["category"]: tag for tag in describe(item, 0)["tags"]}
    color = f"#{tags.get('Rarity', {}).get('color', 'b0c3d9')}"
    kind = tags.get("Type", {}).get("localized_tag_name") or item.type
    return _svg(drawn(item.appid, kind, item.market_hash_name, color))


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
def drawn(appid: int, kind: str, name: str, color: str) -> str:
    """The picture of an item of this game, type and name, before the colour of its rarity."""
    parts = "".join(f'<path class="{part}" d="{path}"/>' for part, path in parts_of(appid, kind, name))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 72"><defs>'
        f'<radialGradient id="g" cx=".5" cy=".48" r=".62"><stop stop-color="{escape(color)}" stop-opacity=".5"/>'
        f'<stop offset="1" stop-color="{escape(color)}" stop-opacity=".04"/></radialGradient>{defs(finish_of(name))}'
        '<linearGradient id="s" x2="0" y2="1"><stop stop-color="#fff" stop-opacity=".34"/>'
        '<stop offset=".42" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-opacity=".38"/></linearGradient>'
        f"<style>{_STYLE}</style></defs>"
        '<rect width="96" height="72" fill="#14171b"/><rect width="96" height="72" fill="url(#g)"/>'
        f'<ellipse cx="48" cy="66" rx="34" ry="2.6" opacity=".35"/><g>{parts}</g></svg>'
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
