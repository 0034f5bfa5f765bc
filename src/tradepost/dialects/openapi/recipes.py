"""What callers mostly come for, step by step: the index page and llms.txt tell it in the same words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """A thing to be done, in steps."""

    title: str
    steps: tuple[str, ...]


RECIPES = (
    Recipe(
        "Buy safely",
        (
            "Find an offer: `GET /api/v2/items?search=...&sort_column=price_market&sort_dir=asc`.",
            "Buy it: `POST /api/v2/buy` with `id`, the receiver's `steamid` and `trade_token`, the `price` that you saw (the most you will pay) and a `custom_id` of your own.",
            "If no answer came, or `disabled` or `internal_error`, send exactly the same request again: the same `custom_id` never buys twice, and answers what the first one did.",
            "Any other error is final for this offer: read `error_message`, then choose another offer and a new `custom_id`.",
        ),
    ),
    Recipe(
        "Put items on sale",
        (
            "Read what a user has: `GET /api/v2/account/inventory?steamid=...&project=csgo`; he must have given you his grant.",
            "Choose rows whose `skip_reason` is false, and a price up to `max_price`.",
            "Offer up to 250 at once: `POST /api/v2/offers` with the asset ids; all are put on sale, or none.",
            "Change prices with `PATCH /api/v2/offers`, take them back with `DELETE /api/v2/offers`.",
        ),
    ),
    Recipe(
        "Follow a trade",
        (
            "Ask by your own name of it: `GET /api/v2/operations?custom_ids=order-1001`.",
            "`active`: it goes on, and `explanation` says what is awaited. `finished`: it is settled. `cancelled`: the buyer has all of the price again, and `causer` says whose fault it was.",
            "Instead of asking again and again, listen: the stream's event `trade`, or a webhook (`PUT /api/v2/webhook`).",
            "After acceptance a trade stays `active` until `protected_until`, as Steam can still reverse it.",
        ),
    ),
    Recipe(
        "Resume the stream",
        (
            "Open `GET /api/v2/stream` and keep the `id` of the last event that you have dealt with; the first one, `hello`, says where you begin.",
            "When it ends, open it again with that id in the header `Last-Event-ID`: what happened meanwhile comes first.",
            "The event `reset` says that what you missed is not kept any more: read the lists anew, then go on from its id.",
        ),
    ),
)
