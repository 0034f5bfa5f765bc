"""GAMES: everything the market knows about a game, one entry each; a new game is a new entry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Game:
    """A game whose items are traded: what the APIs call it, where Steam keeps its items, how long it protects."""

    project: str  # the word of the APIs' `project` and `game` parameters
    appid: int
    contextid: int  # where tradable items lie
    name: str  # what a person calls it
    protection_days: int  # days in which Steam lets either side reverse a trade; 0 settles after one re-read
    protected_contextid: int | None = (
        None  # where an item lies while it is protected or listed on Steam's market
    )

    @property
    def contexts(self) -> tuple[int, ...]:
        """The contexts in which an item of this game may be seen, the tradable one first."""
        return (
            (self.contextid,)
            if self.protected_contextid is None
            else (self.contextid, self.protected_contextid)
        )


GAMES: dict[str, Game] = {
    game.project: game
    for game in (
        Game("csgo", 730, 2, "Counter-Strike 2", protection_days=7, protected_contextid=16),
        Game("dota2", 570, 2, "Dota 2", protection_days=0),
        Game("tf2", 440, 2, "Team Fortress 2", protection_days=7),
        Game("rust", 252490, 2, "Rust", protection_days=0),
        Game("games", 753, 6, "Steam Community", protection_days=0),
    )
}
BY_APPID: dict[int, Game] = {game.appid: game for game in GAMES.values()}
