"""Back-pressure: how many offers may be open, how many are made in one go, and when to leave Steam alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from tradepost.agent.settings import AgentSettings
from tradepost.agent.steam_answers import LIVE, SteamOffer


@dataclass(slots=True)
class Cooldown:
    """A silence that doubles each time Steam says "too many", and ends for good when it takes an offer."""

    seconds_min: float
    seconds_max: float
    until: float = 0.0
    times: int = 0

    def begin(self, now: float) -> float:
        """Be silent from now on; returns for how long."""
        seconds = min(self.seconds_min * 2.0 ** min(self.times, 20), self.seconds_max)
        self.times += 1
        self.until = max(self.until, now + seconds)
        return seconds

    def be_quiet(self, now: float, seconds: float) -> None:
        """Be silent for as long as Steam itself named."""
        self.until = max(self.until, now + min(seconds, self.seconds_max))

    def end(self) -> None:
        """Steam took an offer: begin small the next time."""
        self.times = 0

    def left(self, now: float) -> float:
        """Return how long the silence still lasts; 0 when it is over."""
        return max(0.0, self.until - now)


def too_many(offers: Iterable[SteamOffer], partner_steamid: str, settings: AgentSettings) -> str | None:
    """Return the market's word for why one more offer to a partner would be too many, or None."""
    live = [offer for offer in offers if offer.is_ours and offer.state in LIVE]
    if sum(offer.partner_steamid == partner_steamid for offer in live) >= settings.offers_per_partner_max:
        return "partner_limit"
    return "account_limit" if len(live) >= settings.offers_max else None
