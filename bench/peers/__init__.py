"""Shops of others on the same Postgres with the same items: `python -m bench peers`, after `python -m bench peers install`.

Words: `install` fetches and fills them; names of peers leave out the others. Options: `again=yes` installs anew.
"""

from collections.abc import Mapping, Sequence

from bench.machine import need
from bench.options import NotRun, Options
from bench.peers.ground import FEW_ITEMS, ITEMS, ground
from bench.peers.install import install, installed, say
from bench.peers.measuring import compare
from bench.peers.shops import Peer
from bench.peers.shops.medusa import Medusa
from bench.peers.shops.oscar import Oscar
from bench.peers.shops.vendure import Vendure
from bench.rows import RESULTS, Row, read

PEERS: tuple[Peer, ...] = (Vendure(), Medusa(), Oscar())


async def run(options: Options) -> list[Row]:
    """Install the peers, or compare ours to each of them that is installed."""
    words = [word for word in options.words if word != "install"]
    known = {peer.name: peer for peer in PEERS}
    if unknown := [word for word in words if word not in known]:
        raise NotRun(f"there is no peer {unknown[0]}; there are {', '.join(known)}")
    peers = [known[word] for word in words] or list(PEERS)
    items = FEW_ITEMS if options.short else ITEMS
    if "install" in options.words:
        await install(peers, items, again=options.text("again", "no") == "yes")
        return []
    need("wrk", "taskset", *{program for peer in peers for program in peer.programs})
    rows: list[Row] = []
    async with ground(items) as here:
        missing = [peer.title for peer in peers if not await installed(here, peer)]
        if missing:
            short = " --short" if options.short else ""
            raise NotRun(f"{', '.join(missing)} is not installed: python -m bench peers install{short}")
        for peer in peers:
            rows += await compare(here, peer, options)
            say(f"{peer.title} is measured")
    return [*([] if options.short else _kept(known, peers)), *rows]


def _kept(known: Mapping[str, Peer], measured: Sequence[Peer]) -> list[Row]:
    """The rows of the peers that were left out this time, from their own last run."""
    path = RESULTS / "peers.json"
    others = {peer.title for peer in known.values() if peer not in measured}
    return [row for row in read(path) if row.against in others] if others and path.exists() else []
