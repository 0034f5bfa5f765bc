"""The ground a demo is built on: its data directory, recognised as a demo's, cleared where it has to be filled anew."""

import shutil
from pathlib import Path

from tradepost import embedded
from tradepost.demo import papers
from tradepost.demo.errors import DemoRefused
from tradepost.demo.papers import Town
from tradepost.embedded.account import server_account
from tradepost.embedded.cluster import cluster_dir, major_of


def prepare(data_dir: Path, *, fresh: bool) -> Town:
    """Return the town of a directory; one that was never whole, or is not wanted any more, is removed first.

    A directory with a database that no demo made is refused: it may be anybody's, and clearing it would be the end
    of his market.
    """
    town = papers.read_town(data_dir)
    places = {data_dir / "postgres", cluster_dir(data_dir, server_account())}
    if town is None and any(major_of(place) is not None for place in places):
        raise DemoRefused(
            f"there is a database in {data_dir} that no demo made: choose another --data-dir for the demo"
        )
    (data_dir / papers.DEMO).unlink(missing_ok=True)
    if town is not None and town.is_filled and not fresh:
        return town
    # Said first, so that a start which is cut short from here on is known as one.
    papers.write_town(data_dir, Town())
    embedded.wipe(data_dir)
    for name in (papers.STEAM, papers.AGENTS, papers.SHOP):
        shutil.rmtree(data_dir / name, ignore_errors=True)
    return Town()
