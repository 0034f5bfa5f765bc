"""What people in town do about their money, and operators with it: payouts, disputes, deposits that never came, fees."""

from dataclasses import replace
from datetime import timedelta

from simulation.deeds import Deed, Plan
from simulation.town import Person, Town
from tradepost.app import App
from tradepost.market import deposits, disputes, fees, payouts, profiles, roles, users

OPERATORS = ("76561198000009001", "76561198000009002")  # each an admin by the command line's word


def _of_small_sums(app: App) -> App:
    """The same process, whose least payout is what people here have, and whose limit for two operators lies among it."""
    return replace(app, settings=replace(app.settings, payout_least_cents=1, payout_two_from_cents=100))


def cash_out(town: Town) -> Deed | None:
    """Somebody wants to have what he earned, or more than that."""
    person: Person = town.draw.choice(town.people)
    app, cents = _of_small_sums(town.app()), town.draw.choice([1, 20, 95, 100, 250, 5_000])

    async def act() -> None:
        async with app.db.transaction() as tx:
            await profiles.set_skrill(tx, person.id, "x@example.com", app.real_now() - timedelta(days=30))
        await payouts.ask(app, person.id, cents)

    return Deed(f"{person.id} wants {cents} paid out", act)


def handle_payout(town: Town) -> Deed | None:
    """An operator takes whatever step with whatever payout: at his own hand, late, or a second time."""
    draw, app = town.draw, town.app()
    by, place, any_of_all = draw.choice(OPERATORS), draw.random(), draw.random() < 0.2
    step = draw.choice(["approve", "approve", "approve", "refuse", "send", "lose", "clear", "pay", "pay"])
    reference = f"SKR-{draw.randint(1, 40)}"

    async def act() -> None:
        now = app.now()
        async with app.db.transaction() as tx:
            found = await tx.fetch(
                "SELECT id FROM payout WHERE $1 OR ended_at IS NULL ORDER BY id", any_of_all
            )
            if not found:
                return
            payout_id = found[int(place * len(found))]["id"]
            for steamid in OPERATORS:
                admin = await users.know(tx, steamid, "operator", now)
                await roles.grant(tx, admin.id, app.real_now())
            match step:
                case "approve":
                    await payouts.approve(tx, payout_id, by=by, now=now)
                case "refuse":
                    await payouts.refuse(tx, payout_id, by=by, reason="no", now=now)
                case "send":
                    await payouts.send(tx, payout_id, by=by, now=now)
                case "lose":
                    await payouts.lose(tx, payout_id, by=by, reason="silence", now=now)
                case "clear":
                    await payouts.clear(tx, payout_id, by=by, reason="not there", now=now)
                case _:
                    await payouts.pay(tx, payout_id, by=by, reference=reference, now=now)

    return Deed(f"{by}: {step} a payout ({reference})", act)


def reverse_deposit(town: Town) -> Deed | None:
    """An operator takes back a deposit that never came."""
    person, app = town.draw.choice([*town.merchants, *town.customers]), town.app()
    reference = f"{person.id}-{town.draw.randint(1, 5)}"

    async def act() -> None:
        async with app.db.transaction() as tx:
            await deposits.reverse(tx, reference, by="anna", reason="charged back", now=app.now())

    return Deed(f"the deposit {reference} is taken back", act)


def dispute(town: Town) -> Deed | None:
    """Somebody disputes a trade: mostly its buyer, and mostly one that can be disputed."""
    draw, app = town.draw, town.app()
    delivered = [view for view in town.views.values() if view.trade.state in ("accepted", "protected")]
    views = delivered if delivered and draw.random() < 0.8 else list(town.views.values())
    if not views:
        return None
    trade = draw.choice(views).trade
    by = trade.buyer_id if draw.random() < 0.9 else draw.choice(town.people).id
    return Deed(
        f"{by} disputes trade {trade.id}", lambda: disputes.begin(app, by, trade.id, "It is another one.")
    )


def withdraw_fees(town: Town) -> Deed | None:
    """An operator takes of the market's fees, once or again by the same reference."""
    draw, app = town.draw, town.app()
    cents, reference = draw.choice([1, 5, 400]), f"fees {draw.randint(1, 6)}"

    async def act() -> None:
        async with app.db.transaction() as tx:
            await fees.withdraw(tx, cents, reference, by="anna", now=app.now())

    return Deed(f"{cents} of the fees are taken out by {reference}", act)


DEEDS: dict[Plan, int] = {cash_out: 6, handle_payout: 14, reverse_deposit: 2, dispute: 4, withdraw_fees: 1}
