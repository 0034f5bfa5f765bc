"""Pages of lists, the same in both versions: which game and which page is asked for, and rows that are JSON already."""

from typing import Annotated

from tradepost.dialects.edge import Answer
from tradepost.dialects.fields import Offset, Project
from tradepost.dialects.shapes import Also
from tradepost.market.shelf import Query, Shelves

ITEMS_MAX = 15_000
OPERATIONS_MAX = 4_000
DUMP_ROWS_MIN = 200  # a longer page of everything is sent from the shelf's own pieces

CSGO = Project("csgo")
FIRST = Offset(0)

Game = Annotated[Project, Also("game")]


def page(pieces: list[bytes], total: int, limit: int, offset: int, brackets: bytes = b"[]") -> Answer:
    """A page whose rows are JSON already, with the limit that was used and how many rows there are in all.

    The pieces go out as they are, or not at all to whoever has them.
    """
    tail = b'%c,"metadata":{"limit":%d,"offset":%d,"total":%d},"status":"success"}'
    ends = b'{"data":%c' % brackets[0], tail % (brackets[1], limit, offset, total)
    return Answer([ends[0], *pieces, ends[1]], is_list=True)


def on_sale(shelves: Shelves, query: Query) -> Answer:
    """Items on sale; a long page of everything is sent from the shelf's own pieces."""
    limit, offset = query.limit, query.offset
    if limit >= DUMP_ROWS_MIN and query == Query(query.project, limit=limit, offset=offset):
        return page(shelves.dump(query.project, offset, limit), shelves.count(query.project), limit, offset)
    total, rows = shelves.rows(query)
    return page([b",".join(rows)], total, limit, offset)
