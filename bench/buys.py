"""Buys over HTTP by the whole program, against pgbench calling the same SQL once a buy: `python -m bench buys`.

Each run begins with a fresh copy of one database on one server, set as in production (fsync on), and is made by the same
number of clients, each buy of an offer that nobody bought yet. Ours is `tradepost serve` as an operator runs it, with its
line in the log for each request. The crowd, the program and Postgres have both cores together, as pgbench and Postgres
have: nothing is pinned apart. After each run the ledger has no faults, and the trades are those that were acknowledged.

Options: `clients=8` for one number of them, `wallets=spread` or `wallets=one`, `offers=` for longer runs, `seconds=`.
"""

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bench import buyers, market_days, pgbench
from bench.market_days import Day
from bench.options import Options
from bench.pairs import Pair, Run, alternate
from bench.rows import Row
from bench.town import Town, town
from tradepost.config import Settings

CLIENTS = (1, 8, 32, 128)
WALLETS = ("spread", "one")
OFFERS = 80_000
WARM_SECONDS, SECONDS = 2.0, 6.0
MOST = max(CLIENTS)
# At the most clients, where it matters: an own wallet for each, and one for all.
GOALS = {"spread": 0.8, "one": 3.5}
P99_GOAL_MS = 30.0
ONE_AGAINST_SPREAD_GOAL = 0.9


async def run(options: Options) -> list[Row]:
    """Measure every number of clients with both kinds of wallets."""
    pgbench.program()  # where it is missing, that is said before anything is made
    counts = [options.whole("clients", 0)] if "clients" in options.values else list(CLIENTS)
    wallets = [options.text("wallets", "")] if "wallets" in options.values else list(WALLETS)
    if options.short and "clients" not in options.values:
        counts = [8, MOST]
    rows: list[Row] = []
    async with town(options.whole("offers", OFFERS), merchants=max(counts), cpus=None, price_cents=100) as t:
        await market_days.remember(t)
        pairs = {
            (kind, clients): await _pair(t, clients, kind, options) for clients in counts for kind in wallets
        }
    for (kind, clients), (pair, sides) in pairs.items():
        whose = "one wallet" if kind == "one" else "a wallet each"
        rows.append(
            pair.row(
                work=f"buy over HTTP, {clients} clients, {whose}",
                against="pgbench, the same SQL",
                unit="buys/s",
                size=clients,
                goal=GOALS[kind] if clients == MOST else None,
                note=sides.note(),
            )
        )
    rows += _among_ours({key: pair for key, (pair, _) in pairs.items()})
    return rows


def _among_ours(pairs: dict[tuple[str, int], Pair]) -> list[Row]:
    """What is compared to nobody else: how long the slowest wait, and whether one wallet is a bottleneck."""
    rows: list[Row] = []
    for (kind, clients), pair in pairs.items():
        if clients == MOST and pair.ours.p99_ms is not None:
            rows.append(
                Row(
                    work=f"the slowest buy of a hundred, {clients} clients, {'one wallet' if kind == 'one' else 'a wallet each'}",
                    unit="ms",
                    ours=pair.ours.p99_ms,
                    goal=P99_GOAL_MS,
                    reached=pair.ours.p99_ms <= P99_GOAL_MS,
                    size=clients,
                    errors=pair.ours.errors,
                    note="the goal is the most that it may take",
                )
            )
    one, spread = pairs.get(("one", MOST)), pairs.get(("spread", MOST))
    if one is not None and spread is not None:
        rows.append(
            Row(
                work=f"one wallet, {MOST} clients",
                against="ours, a wallet each",
                unit="buys/s",
                ours=one.ours.value,
                theirs=spread.ours.value,
                ratio=one.ours.value / spread.ours.value,
                goal=ONE_AGAINST_SPREAD_GOAL,
                size=MOST,
                errors=one.ours.errors + spread.ours.errors,
            )
        )
    return rows


async def _pair(t: Town, clients: int, kind: str, options: Options) -> tuple[Pair, "Sides"]:
    sides = Sides(t, clients, one_wallet=kind == "one")
    pair = await alternate(
        sides.ours, sides.theirs, options.rounds, seconds=options.seconds(SECONDS), warm_up_seconds=0
    )
    for reason in sides.reasons:
        sys.stderr.write(f"bench: {clients} clients, {kind}: {reason}\n")
    return pair, sides


@dataclass(slots=True)
class Sides:
    """Both sides of a comparison, each of whose runs warms itself up, as each begins with a market of its own."""

    town: Town
    clients: int
    one_wallet: bool
    program_us: list[float] = field(default_factory=list)  # a buy, of each run of ours
    postgres_us: list[float] = field(default_factory=list)
    crowd_us: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)  # why a run is none

    def note(self) -> str:
        """Who took what of the processors in a buy of ours."""
        program, postgres, crowd = (
            statistics.median(us) for us in (self.program_us, self.postgres_us, self.crowd_us)
        )
        return (
            f"nothing pinned apart; of ours the program took {program:.0f} us a buy, Postgres {postgres:.0f},"
            f" the crowd {crowd:.0f} (not counted)"
        )

    async def ours(self, seconds: float) -> Run:
        """Let a crowd buy over HTTP."""
        t = self.town
        async with market_days.day(t) as day, day.town.serve(cpus=None) as market:
            errand = buyers.Errand(
                port=market.port,
                tokens=self._of_each(t.tokens),
                steamids=self._of_each(t.steamids),
                trade_token=market_days.TRADE_TOKEN,
                first_offer=day.first_offer,
                last_offer=day.last_offer,
                warm_seconds=WARM_SECONDS,
                seconds=seconds,
            )
            program, postgres = day.watch(market.pids), day.watch(t.postgres_pids())
            said = json.loads(await buyers.send(errand))
            trades = said["trades"]
            buys = max(1, len(trades))
            program_us, postgres_us = program.us_for(buys), postgres.us_for(buys)
            memory_mib = program.memory_mib()
            found = [*said["errors"].items(), *await day.faults(trades)]
        self.program_us.append(program_us)
        self.postgres_us.append(postgres_us)
        self.crowd_us.append(said["cpu_seconds"] / buys * 1e6)
        return Run(
            value=said["per_second"],
            requests=buys,
            seconds=seconds,
            p50_ms=said["p50_ms"],
            p99_ms=said["p99_ms"],
            errors=self._told(found),
            cpu_us=program_us + postgres_us,
            memory_mib=memory_mib,
        )

    async def theirs(self, seconds: float) -> Run:
        """Let pgbench call `buy_batch`, one buy a transaction."""
        t = self.town
        async with market_days.day(t) as day:
            third = day.first_offer + (day.last_offer - day.first_offer) // 3
            warm = await self._pgbench(day, day.first_offer, WARM_SECONDS)
            postgres = day.watch(t.postgres_pids())
            main = await self._pgbench(day, third, seconds)
            cpu_us = postgres.us_for(main.requests)
            found = await day.faults(None)
            if refused := warm.requests + main.requests - len(await day.trades()):
                found.append(("pgbench's buys that were refused", refused))
        return replace(main, cpu_us=cpu_us, errors=main.errors + warm.errors + self._told(found))

    async def _pgbench(self, day: Day, first: int, seconds: float) -> Run:
        settings, now = Settings(), datetime.now(UTC)
        accounts = self.town.merchants
        script = _SCRIPT.format(
            clients=self.clients,
            now=now,
            online=now - timedelta(seconds=2 * settings.heartbeat_ttl_seconds),
            scanned=now - timedelta(minutes=settings.presence_minutes),
            send=now + timedelta(minutes=settings.send_minutes),
            fee=settings.fee_bps,
            # Their numbers follow one another.
            buyer=str(accounts[0]) if self.one_wallet else f"({accounts[0]} + :client_id)",
            steamid=self.town.steamids[0],
            token=market_days.TRADE_TOKEN,
        )
        variables = {"first": first, "n": 0}
        return await pgbench.run(
            day.as_the_program, script, clients=self.clients, threads=2, seconds=seconds, variables=variables
        )

    def _of_each(self, all_of_them: Sequence[str]) -> list[str]:
        """What each client has of something that each merchant has."""
        return [all_of_them[0 if self.one_wallet else place] for place in range(self.clients)]

    def _told(self, found: Sequence[tuple[str, int]]) -> int:
        self.reasons += [f"{what} ({many})" for what, many in found]
        return sum(many for _, many in found)


# The statement of `market/buying.py`, with a custom id, a key and a digest as long as there.
_SCRIPT = """\
\\set offer :first + :n * {clients} + :client_id
\\set n :n + 1
SELECT no, code, trade_id FROM buy_batch('{now}', '{online}', '{scanned}', '{send}', {fee}, ARRAY[{buyer}]::bigint[],
 ARRAY[:offer]::bigint[], ARRAY['{steamid}'], ARRAY['{token}'], ARRAY[NULL]::bigint[], ARRAY[(:offer)::bigint::text],
 ARRAY['own ' || md5((:offer)::bigint::text)], ARRAY[sha256((:offer)::bigint::text::bytea)]) ORDER BY no;
"""
