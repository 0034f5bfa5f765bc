"""What v2's calls about payments with skins answer, key for key."""

from typing import Annotated, Literal

from msgspec import Meta

from tradepost.dialects.shadowpay.answers import (
    AssetIdText,
    Game,
    HashName,
    IdText,
    Metadata,
    Moment,
    Money,
    Shown,
    SteamIdText,
    Success,
)
from tradepost.dialects.shadowpay.v2.notices import NoticeRow
from tradepost.market.payment_items import SkinState

PaymentState = Literal["open", "active", "closed"]


class SkinRow(Shown):
    """A skin that was put on sale for a payment."""

    trade_id: Annotated[
        str, Meta(pattern="^[0-9a-f]{16}$", description="What its IPN has as `trade_id`: one a skin.")
    ]
    offer_id: IdText
    operation_id: Annotated[
        IdText | None,
        Meta(description="The trade under way, or the one that delivered it: see `/operations`."),
    ]
    state: Annotated[
        SkinState,
        Meta(
            description="`credited` once it is settled; with `ipn_on=accepted` see `time_credited` as well."
        ),
    ]
    steam_market_hash_name: HashName
    project: Game
    steam_asset_id: AssetIdText
    price: Annotated[Money, Meta(description="What the buyer pays, or would pay.")]
    fee: Annotated[Money, Meta(description="The market's share of it.")]
    amount: Annotated[Money, Meta(description="What is yours of it, and what the IPN says.")]
    taken_back: Annotated[
        Money,
        Meta(
            description="What you were credited with at the acceptance and lost from your reserve, as it was reversed."
        ),
    ]
    protected_until: Annotated[Moment | None, Meta(description="Until when Steam can reverse it.")]
    explanation: Annotated[str | None, Meta(description="What is awaited or what went wrong, in a sentence.")]
    time_listed: Moment
    time_credited: Annotated[Moment | None, Meta(description="When your wallet got it; you were told then.")]


class PaymentRow(Shown):
    """A payment and its skins."""

    id: IdText
    order_id: str
    account: Annotated[str, Meta(description="Your user's number, as you sent it.")]
    amount: Annotated[str | None, Meta(description="What you would like to be paid, as you sent it.")]
    token: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    url: Annotated[str, Meta(description="The page at which it is paid.")]
    transaction_id: Annotated[str, Meta(description="What its IPNs have as `transaction_id`.")]
    steamid: Annotated[SteamIdText, Meta(description="Who can pay it.")]
    state: Annotated[
        PaymentState,
        Meta(
            description="`active` while a skin is on sale or under way, `closed` when its link is used no more."
        ),
    ]
    time_created: Moment
    credited: Annotated[Money, Meta(description="What your wallet has got of it, less what was taken back.")]
    expected: Annotated[Money, Meta(description="What may still come of what is on sale or under way.")]
    items: list[SkinRow]


class Payments(Success):
    """A page of payments, newest first."""

    data: list[PaymentRow]
    metadata: Metadata


class PaymentWhole(PaymentRow):
    """A payment, its skins, and everything that was told of it."""

    notices: list[NoticeRow]


class OnePayment(Success):
    """A payment with its notices."""

    data: PaymentWhole


class GatewayRow(Shown):
    """How an account accepts skins; its secrets are nowhere shown."""

    public_hash: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    callback_url: Annotated[str | None, Meta(description="Where IPNs go.")]
    ipn_on: Annotated[
        Literal["settled", "accepted"],
        Meta(description="When a skin is credited to your wallet and you are told."),
    ]
    requires_v2: Annotated[bool, Meta(description="Whether links without `signature_v2` are refused.")]
    time_created: Moment
    old_secret_until: Annotated[
        Moment | None,
        Meta(
            description="Until when the replaced secret hash is good: real time in UTC, also where a sandbox's clock was moved."
        ),
    ]
    old_secret_v2_until: Annotated[
        Moment | None, Meta(description="The same for the secret of `signature_v2`, in real time.")
    ]
    old_notice_secret_until: Annotated[
        Moment | None, Meta(description="The same for the secret of the signatures in headers, in real time.")
    ]
    is_silent: Annotated[bool, Meta(description="Whether the last IPN ended without any answer.")]
    reserve: Annotated[Money, Meta(description="What you have locked against reversals.")]
    outstanding: Annotated[
        Money, Meta(description="How much of what you were credited with early may still be reversed.")
    ]


class OneGateway(Success):
    """The gateway; null where the account does not accept skins."""

    data: GatewayRow | None
