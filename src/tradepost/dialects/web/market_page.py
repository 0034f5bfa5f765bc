"""The market: what is on sale of a game, filtered, sorted and searched, all of it read from the shelf."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.edge import header
from tradepost.dialects.fields import Project
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.market_query import MARKET, SORTS, TILES, USUAL, MarketAsked, Wish, words_of
from tradepost.dialects.web.tiles import Tile, in_order, tiles
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market.shelf import Facets, Query
from tradepost.rules.games import GAMES

PAIRS_MAX = 200
HAS_WEAR = "csgo"  # the one game whose items have floats, seeds and counters of kills


@dataclass(frozen=True, slots=True)
class Option:
    """A word that offers can be filtered by."""

    id: str
    word: str
    count: int
    is_chosen: bool


async def show(visit: Visit) -> Response:
    """What is on sale; the list alone where the page's script asks for it."""
    asked = visit.query(MarketAsked)
    asked.game = asked.game or _game_with(visit.app, asked.search)
    wish = Wish(asked)
    shelves, query = visit.app.shelves, wish.query
    found = shelves.groups(query) if asked.names else shelves.page(query)
    facets = shelves.facets(query)
    shown = await tiles(visit.app, query.project, found)
    values: dict[str, Any] = {
        "wish": wish,
        "asked": asked,
        "total": found.total,
        "last": max(-(-found.total // TILES), 1),
        "first": query.offset + 1,
        "tiles": shown,
        "games": _games(visit.app, wish),
        "options": _options(asked, facets),
        "has_wear": query.project == HAS_WEAR,
        "sorts": {word: said for word, (said, _, _) in SORTS.items()},
        "partial": visit.wants_part,
        "live": "" if asked.names else live_address(visit.app, wish, shown),
        "at": lambda page: wish.address(page=str(page)),
    }
    answer = visit.page("market.html", part="list", **values)
    if visit.wants_part:
        answer.headers[_history(visit, wish)] = wish.here
    return answer


def _history(visit: Visit, wish: Wish) -> str:
    """Whether what is shown is one step more on the way back: another filter is, a few letters more are not."""
    before = urlsplit(header(visit.scope, b"hx-current-url")).query
    others = [pair for pair in wish.pairs if pair[0] not in {"search", "page"}]
    was = parse_qsl(before) if before.count("&") < PAIRS_MAX else []
    same = sorted(pair for pair in was if pair[0] not in {"search", "page"}) == sorted(others)
    return "HX-Replace-Url" if same and dict(was).get("search") and wish.asked.search else "HX-Push-Url"


def _games(app: App, wish: Wish) -> list[tuple[str, str, int, str]]:
    """The games with their names, how much each has of what is searched for, and the way there: what else filters one is nothing to others."""
    kept = [pair for pair in wish.pairs if pair[0] in {"search", "sort", "names", "view"}]
    return [
        (
            project,
            game.name,
            _found(app, project, wish.query.words),
            f"{MARKET}?{urlencode([('game', project), *kept])}",
        )
        for project, game in GAMES.items()
    ]


def _found(app: App, project: str, words: tuple[str, ...]) -> int:
    return (
        app.shelves.page(Query(project, words=words, limit=1)).total if words else app.shelves.count(project)
    )


def _game_with(app: App, search: str | None) -> Project:
    """The usual game, or where nothing in it has the name that is searched for, the one that has the most of it."""
    words = words_of(search)
    if not words or _found(app, USUAL, words):
        return USUAL
    counts = {project: _found(app, project, words) for project in GAMES}
    most = max(counts, key=counts.__getitem__)
    return Project(most) if counts[most] else USUAL


def _options(asked: MarketAsked, facets: Facets) -> Mapping[str, list[Option]]:
    kinds: list[tuple[str, Mapping[str, int], Sequence[str]]] = [
        ("type", facets.types, sorted(facets.types)),
        ("exterior", facets.exteriors, in_order(facets.exteriors)),
        ("rarity", facets.rarities, in_order(facets.rarities)),
    ]
    options: dict[str, list[Option]] = {}
    for kind, counts, known in kinds:
        chosen = {str(word) for word in getattr(asked, kind)}
        words = [*known, *sorted(chosen - set(known))]
        options[kind] = [
            Option(f"{kind}-{at}", word, counts.get(word, 0), word in chosen) for at, word in enumerate(words)
        ]
    return options


def live_address(app: App, wish: Wish, shown: Sequence[Tile]) -> str:
    """Where the changes of what is shown are told from now on."""
    pairs = [pair for pair in wish.pairs if pair[0] not in {"sort", "view", "page"}]
    newest = app.shelves.page(Query(wish.query.project, limit=1)).ids
    if newest and (offer := app.shelves.offer(newest[0])) is not None:
        pairs += [("after", str(offer.id)), ("since", str(int(offer.time_created.timestamp())))]
    if shown:
        pairs.append(("shown", ",".join(str(one.offer.id) for one in shown)))
    return f"{MARKET}/live?{urlencode(pairs)}"


def pages(app: App, desk: Desk) -> list[Page]:
    """The market's page."""
    return [Page(app, desk, MARKET, get=show)]
