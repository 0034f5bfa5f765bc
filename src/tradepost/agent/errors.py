"""What stops the agent or one deed of it, each with a sentence for the person who runs it."""


class AgentError(Exception):
    """Something is wrong that the user has to know; the text is a sentence to him."""


class SteamSilent(Exception):
    """Steam gave no answer that means anything: nothing may be concluded from it."""


class SteamBusy(SteamSilent):
    """Steam answers that it was asked too often; `seconds` is how long to be quiet."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Steam was asked too often; quiet for {seconds:.0f} s")
        self.seconds = seconds


class SignedOut(Exception):
    """Steam does not take the session any more: its user has to sign in again."""


class MarketSilent(Exception):
    """The market cannot be reached, or answers that it cannot work now; to be tried again."""


class MarketRefused(Exception):
    """The market understood and refused; the text is its own sentence."""


class Unpaired(Exception):
    """The market does not know the agent's token: unpaired, or revoked."""
