"""The tree of everything the market may refuse; each dialect has its word for every branch.

    Refusal
    |- Malformed            a value that cannot be read: the field is named
    |- Conflicting          well formed, but the parts do not fit each other
    |  |- Dearer            the offer costs more than the caller is willing to pay
    |- KeyUsed              the same custom id or key with other content
    |- NotFound             absent, or another's: one answer for both
    |- Unauthenticated      no token, an unknown one, a revoked one
    |- Forbidden            scope, grant, ban
    |  |- BuyerBanned       with the ban's end and reason
    |  |- Frozen            an operator looks into the account: its money stays where it is
    |  |- StepUpNeeded      who it is has to be proven once more: by a code, or by a new sign-in
    |- UnknownUser          a steamid that never signed in nor was named by a payment
    |- TooLittleMoney
    |- OwnItem              nobody trades with himself
    |- SellerOffline
    |- SellerSignedOut      his program runs, but Steam wants a new sign-in
    |- SellerTradeUrl       he has no trade URL, or Steam refused it
    |- NotInInventory
    |- BuyerTradeUrl        the trade token cannot work
    |- SteamUnavailable     Steam, or the way to it, gives no usable answer
    |- SwitchedOff
    |  |- BuyingOff
    |- TooManyRequests
    |- UnknownRoute

What is not in this tree and is raised all the same is a bug: it is logged, and answered with 500 and nothing else.
"""

from datetime import datetime


class Refusal(Exception):
    """Something the market will not do; `sentence` says why, to a person."""

    sentence = "This cannot be done."

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)
        self.sentence = sentence or self.sentence


class Malformed(Refusal):
    """A value cannot be read; `field` names it as the caller spelled it."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field


class Conflicting(Refusal):
    """Each value is well formed, but together they make no sense."""

    sentence = "The parameters contradict each other."


class Dearer(Conflicting):
    """The offer costs more than the price the caller named."""

    sentence = "The item costs more than the price you named; nothing was bought."


class KeyUsed(Refusal):
    """The custom id or Idempotency-Key already stands for a request with other content."""

    sentence = "This custom_id or Idempotency-Key was used for another request."


class NotFound(Refusal):
    """There is no such thing, or it is somebody else's: the answer is the same."""

    sentence = "The item could not be found or is not available any more."


class Unauthenticated(Refusal):
    """The caller has no valid token."""

    sentence = "The token is missing, unknown, revoked or expired."


class Forbidden(Refusal):
    """The caller is known, but may not do this."""

    sentence = "You have no access to this."


class BuyerBanned(Forbidden):
    """The one who would receive the item is banned from buying until a time, for a reason."""

    def __init__(self, until_at: datetime, reason: str) -> None:
        super().__init__(f"This buyer cannot buy until {until_at:%Y-%m-%d %H:%M:%S} UTC: {reason}")
        self.until_at = until_at
        self.reason = reason


class Frozen(Forbidden):
    """An operator has frozen the account: it buys, lists and pays out nothing."""

    sentence = "This account is frozen: nothing is bought, put on sale or paid out until an operator has looked into it."


class StepUpNeeded(Forbidden):
    """Who is connected has to prove once more that it is he: money or secrets depend on what he asks for."""

    sentence = "Sign in through Steam again: this needs a sign-in of the last five minutes."


class UnknownUser(Refusal):
    """Nobody with this steamid ever signed in or was named by a payment."""

    sentence = "We do not know this steamid: the user has to sign in once, or be named by a payment."


class TooLittleMoney(Refusal):
    """Deposit and balance together do not pay the price."""

    sentence = "Deposit and balance together are less than the price."


class OwnItem(Refusal):
    """Buyer and seller are the same person or account."""

    sentence = "Nobody can trade with himself."


class SellerOffline(Refusal):
    """The seller's program has not been heard of lately."""

    sentence = "The seller's program is not online at the moment; try again later."


class SellerSignedOut(Refusal):
    """The seller's program is online, but has no valid Steam session."""

    sentence = "The seller's program has no valid Steam session: the seller has to sign in to Steam again."


class SellerTradeUrl(Refusal):
    """The seller has no trade URL on file, or Steam refused it."""

    sentence = "The seller has no valid trade URL on file."


class NotInInventory(Refusal):
    """The item was not seen in the seller's inventory lately."""

    sentence = "The item was not seen in the seller's inventory when it was last read."


class BuyerTradeUrl(Refusal):
    """The buyer's trade token cannot work."""

    sentence = "The trade token must be the 6 to 16 characters after token= in the buyer's trade URL."


class SteamUnavailable(Refusal):
    """Steam did not give an answer we can work with."""

    sentence = "Steam gives no usable answer at the moment; try again later."


class SwitchedOff(Refusal):
    """The operator has switched this off for now."""

    sentence = "The operator has switched this off for now; try again later."


class BuyingOff(SwitchedOff):
    """The operator has switched off buying for now."""

    sentence = "The operator has switched off buying for now; try again later."


class TooManyRequests(Refusal):
    """The caller asks more often than allowed; `retry_after_seconds` says when to come back."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"Too many requests; try again in {retry_after_seconds} seconds.")
        self.retry_after_seconds = retry_after_seconds


class UnknownRoute(Refusal):
    """There is no such call, or it is not called with this method."""

    sentence = "There is no such call."
