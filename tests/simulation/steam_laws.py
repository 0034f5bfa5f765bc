"""What must be true of the market when all is over, held against what is true on Steam."""

from simulation.steam_town import SteamTown
from tradepost.rules.trade import State


async def broken(town: SteamTown) -> list[str]:
    """What is not as it should be, a sentence each: nobody is paid for nothing, no honest seller goes unpaid."""
    found = list(await town.sim.control("GET", "/_sim/check"))
    asked = {row["trade_id"] for row in await town.db.fetch("SELECT trade_id FROM operator_case")}
    for view in town.views.values():
        trade, there = view.trade, await town.is_delivered(view)
        said = f"trade {trade.id} ({trade.state}) of {view.market_hash_name}"
        if trade.state is State.FINISHED and not there:
            found.append(f"{said} was paid, and the buyer does not have the item")
        if not town.is_honest(trade.seller_id):
            continue  # what a liar loses by his lies is his own
        if there and trade.state is not State.FINISHED and trade.id not in asked:
            found.append(
                f"{said}: an honest seller's item is gone, he was not paid, and no operator was asked"
            )
    honest = [person.steamid for person in town.sellers if town.is_honest(person.id)]
    bans = await town.db.fetch("SELECT reason FROM ban WHERE steamid = ANY ($1) AND side = 'seller'", honest)
    found += [
        f"an honest seller is banned: {row['reason']}" for row in bans if "was reversed" in row["reason"]
    ]
    return found
