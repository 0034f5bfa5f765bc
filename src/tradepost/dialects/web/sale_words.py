"""The words of selling: what stands in the way of a sale, and where one mends it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tradepost.market.obstacles import Obstacle


@dataclass(frozen=True, slots=True)
class Hurdle:
    """What stands in the way, what to do about it, and where."""

    title: str
    sentence: str
    path: str = ""
    link: str = ""


HURDLES: Mapping[Obstacle, Hurdle] = {
    Obstacle.FROZEN: Hurdle(
        "Your account is frozen",
        "An operator looks into it. Nothing of yours can be bought meanwhile, and you are told how it ends.",
        "/account/alerts",
        "See your messages",
    ),
    Obstacle.BANNED: Hurdle(
        "You cannot sell at the moment",
        "A ban from selling holds: offers that were not sent, or a trade that was reversed.",
        "/account/alerts",
        "See why and until when",
    ),
    Obstacle.AWAY: Hurdle(
        "You are on holiday",
        "What you have on sale waits: nobody can buy it until you are back.",
        "/account#holiday",
        "End the holiday",
    ),
    Obstacle.NO_PROGRAM: Hurdle(
        "No program sends for you yet",
        "What is sold is sent by a small program on your own computer, so that your Steam session stays there. You can put things on sale already; they can be bought as soon as it runs.",
        "/account/programs",
        "Connect a program",
    ),
    Obstacle.SILENT: Hurdle(
        "Your program is not running",
        "Start it with “tradepost agent run” on the computer that it is on: as long as it is silent nobody can buy.",
        "/account/programs",
        "See your programs",
    ),
    Obstacle.SIGNED_OUT: Hurdle(
        "Steam wants you to sign in again",
        "Your program runs, and its Steam session has ended: enter “tradepost agent sign-in” on that computer.",
        "/account/programs",
        "See your programs",
    ),
    Obstacle.NO_TRADE_URL: Hurdle(
        "Your trade URL is missing",
        "Steam shows it on a page of its own; without it nobody can trade with you.",
        "/account",
        "Enter it",
    ),
    Obstacle.TRADE_URL_REFUSED: Hurdle(
        "Steam refuses your trade URL",
        "It was made anew on Steam, perhaps: copy the one that Steam shows now.",
        "/account",
        "Change it",
    ),
}
URLS = frozenset({Obstacle.NO_TRADE_URL, Obstacle.TRADE_URL_REFUSED})  # which a page of ours asks for itself
# The same of another, for whom somebody sells.
OTHERS: Mapping[Obstacle, str] = {
    Obstacle.FROZEN: "the account is frozen",
    Obstacle.BANNED: "a ban from selling holds",
    Obstacle.AWAY: "on holiday",
    Obstacle.NO_PROGRAM: "no program is connected",
    Obstacle.SILENT: "the program is not running",
    Obstacle.SIGNED_OUT: "the program is signed out of Steam",
    Obstacle.NO_TRADE_URL: "no trade URL",
    Obstacle.TRADE_URL_REFUSED: "Steam refuses the trade URL",
}
UNREAD = "The inventory was not read for a while. The program that sends reads it again by itself as long as it runs."
MISSING = "The program does not find the item in the inventory. If it is gone, the offer ends by itself; if it is not, it can be bought again after the next look."


def hurdles(obstacles: Iterable[Obstacle]) -> list[Hurdle]:
    """What stands in the way, in words."""
    return [HURDLES[one] for one in obstacles]
