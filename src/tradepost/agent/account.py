"""One account at work: its Steam session, its journal, what the market asked of it, and what time it is there."""

import asyncio
import logging
import platform
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tradepost import __version__
from tradepost.agent import market_wire as wire
from tradepost.agent.credentials import SteamSession, load_session
from tradepost.agent.errors import AgentError, SignedOut, SteamBusy, SteamSilent
from tradepost.agent.home import Pairing, Place
from tradepost.agent.journal import Journal
from tradepost.agent.market import Market
from tradepost.agent.pressure import Cooldown
from tradepost.agent.settings import AgentSettings
from tradepost.agent.steam_session import SteamTradeSession

CHECK_AGAIN_SECONDS = 60.0  # a session that Steam refused is tried again so often: it may have been a whim
TELL_AGAIN_SECONDS = 10.0
NOTE_SECONDS = 30.0
NEW_DEVICE_SECONDS = 600.0
PASSING = ("no_steam_session", "new_device")  # what may be over by itself, and is looked at again
REPLACED = "offer_replaced"  # somebody else may act as this account: what is under way is watched, no more
CAPABILITIES = ["create", "cancel", "watch", "inventory"]

log = logging.getLogger("tradepost.agent")


@dataclass(slots=True)
class Order:
    """A directive that waits to be carried out, and until when it may be begun."""

    directive: wire.Directive
    until: float  # of the monotonic clock


@dataclass(slots=True)
class Account:
    """What the tasks of one account share."""

    place: Place
    settings: AgentSettings
    pairing: Pairing
    journal: Journal
    market: Market
    stop: asyncio.Event
    steam: SteamTradeSession | None = None
    session: SteamSession | None = None
    blocking: str | None = "no_steam_session"  # why nothing can be sent now; None when all is well
    has_fault: bool = False  # of this program itself
    orders: dict[str, Order] = field(default_factory=dict)
    watch: dict[str, wire.Watched] = field(default_factory=dict)
    look_at: dict[str, float] = field(default_factory=dict)  # by trade: when to look next, monotonic
    told: dict[tuple[str, ...], tuple[float, float]] = field(default_factory=dict)
    retold: dict[str, float] = field(default_factory=dict)  # by directive: when it was last told again
    searches: dict[str, tuple[float, int]] = field(default_factory=dict)
    cooldown: Cooldown = field(default_factory=lambda: Cooldown(0, 0))
    quiet_until: float = 0.0
    clock_ahead: timedelta = timedelta(0)  # how far the market's clock is ahead of ours
    ttl_seconds: float = 30.0
    beat_now: asyncio.Event = field(default_factory=asyncio.Event)
    work_now: asyncio.Event = field(default_factory=asyncio.Event)
    _grants: list[wire.Grant] | None = None  # as they were last noted
    _note_at: float = 0.0
    _session_mark: int | None = -1  # no time that a file can have: the first look is always a change
    _check_at: float = 0.0
    _said: str | None = None  # the last reason for not sending that the user was told

    def __post_init__(self) -> None:
        self.cooldown = Cooldown(self.settings.cooldown_seconds_min, self.settings.cooldown_seconds_max)

    @property
    def steamid(self) -> str:
        """Whose account it is."""
        return self.place.steamid

    def say(self, sentence: str, level: int = logging.INFO) -> None:
        """Tell the user something, under his account's name."""
        log.log(level, "%s: %s", self.steamid, sentence)

    # --- time ----------------------------------------------------------------------------------------
    def market_now(self) -> datetime:
        """Return the market's time, as far as its last answer told it: a sandbox moves its clock."""
        return datetime.now(UTC) + self.clock_ahead

    @staticmethod
    def monotonic() -> float:
        """Return the time that only passes: for paces and leases."""
        return time.monotonic()

    @staticmethod
    def real_now() -> float:
        """Return real time in seconds: for what the journal keeps beyond this process."""
        return time.time()

    # --- what the market says ------------------------------------------------------------------------
    def take(self, orders: wire.Orders) -> None:
        """Take over what the answer to a heartbeat says."""
        now = self.monotonic()
        self.clock_ahead = orders.server_time - datetime.now(UTC)
        self.ttl_seconds = max(1.0, orders.ttl_seconds)
        # The market repeats what it still wants; only an inventory, which is dear to read, it asks for once.
        self.orders = {
            one: order for one, order in self.orders.items() if order.directive.action == "report_inventory"
        }
        for directive in orders.directives:
            # So early that a request which begins at the end of it still ends within the lease and its margin.
            lease = max(
                directive.lease_seconds / 2, directive.lease_seconds - self.settings.steam_timeout_seconds
            )
            self.orders[directive.directive_id] = Order(directive, now + lease)
        watch = {row.trade_id: row for row in orders.watch}
        for trade_id, row in watch.items():
            known = self.watch.get(trade_id)
            if known is None or known.state != row.state:
                self.look_at[trade_id] = now
            else:
                self.look_at[trade_id] = min(self.look_at.get(trade_id, now), now + self.poll_seconds(row))
        for trade_id in self.look_at.keys() - watch.keys():
            del self.look_at[trade_id]
        self.retold = {one: at for one, at in self.retold.items() if one in self.orders}
        self.told = {key: when for key, when in self.told.items() if key[0] in watch}
        self.watch = watch
        self._note(orders.grants, now)

    def _note(self, grants: list[wire.Grant], now: float) -> None:
        """Keep what `status` and `grants` show; not at every heartbeat, because each note goes to the disk."""
        if grants != self._grants:
            self._grants = grants
            self.journal.note("grants", grants)
        if now >= self._note_at:
            self._note_at = now + NOTE_SECONDS
            self.journal.note("heard", {"at": datetime.now(UTC), "market": self.pairing.market_url})

    def waiting(self, action: str) -> list[wire.Directive]:
        """Return the orders of one kind that wait."""
        return [one.directive for one in self.orders.values() if one.directive.action == action]

    def tell_again(self, directive_id: str) -> None:
        """Tell once more what came of an order that the market repeats; not at every heartbeat."""
        self.orders.pop(directive_id, None)
        now = self.monotonic()
        if now - self.retold.get(directive_id, -TELL_AGAIN_SECONDS) >= TELL_AGAIN_SECONDS:
            self.retold[directive_id] = now
            self.journal.tell_again(directive_id)

    def poll_seconds(self, row: wire.Watched) -> float:
        """Return how long to wait before the next look at a trade."""
        return min(max(row.poll_seconds, self.settings.poll_seconds_min), self.settings.poll_seconds_max)

    def heartbeat(self) -> wire.Heartbeat:
        """Return what is said to the market: how we are, and nothing that could act on Steam."""
        can = list(CAPABILITIES)
        if self.settings.auto_confirm and self.session is not None and self.session.identity_secret:
            can.append("confirm")
        blocking = self.blocking or ("program_fault" if self.has_fault else None)
        state = wire.SessionState(
            ok=blocking is None,
            expires_at=self.session.expires_at if self.session else None,
            blocking=blocking,
        )
        return wire.Heartbeat(
            device_id=self.pairing.device_id,
            steamid=self.session.steamid if self.session else self.steamid,
            session=state,
            capabilities=can,
            platform=platform.system().lower()[:64],
            version=__version__,
        )

    # --- the Steam session ---------------------------------------------------------------------------
    async def refresh_session(self) -> None:
        """Take up a session that was given anew, and look whether Steam still takes the one we have."""
        mark = self._mark()
        if mark != self._session_mark:
            await self._open_session(mark)
        if self.session is None or self.steam is None or self.session.steamid != self.steamid:
            return
        expires_at = self.session.expires_at
        if expires_at is not None and expires_at.timestamp() <= self.real_now():
            self.signed_out("the session is over")
            return
        if self.blocking in PASSING and self.monotonic() >= self._check_at:
            await self._check(self.steam)

    async def _open_session(self, mark: int | None) -> None:
        await self.close_steam()
        self._session_mark, self._check_at, self._said = mark, 0.0, None
        self.blocking = "no_steam_session"
        self.session = None
        try:
            self.session = load_session(self.place.session_path) if mark is not None else None
        except AgentError as error:
            self.say(str(error), logging.ERROR)
        if self.session is None:
            self.block("no_steam_session", "no Steam session: run `tradepost agent sign-in`.")
            return
        if self.session.steamid != self.steamid:
            self.block("account_mismatch", f"the session is of another account, {self.session.steamid}.")
            return
        self.steam = SteamTradeSession(
            self.session,
            community_url=self.settings.community_url,
            api_url=self.settings.api_url,
            timeout_seconds=self.settings.steam_timeout_seconds,
        )

    async def _check(self, steam: SteamTradeSession) -> None:
        try:
            await steam.check()
        except SignedOut as error:
            self.signed_out(str(error))
            return
        except SteamSilent as error:
            # Steam's silence says nothing of the session: it is good until Steam refuses it.
            self.say(f"{error}; the session could not be checked and is tried as it is.", logging.WARNING)
            self.be_quiet(error)
        else:
            self.say("the Steam session is good.")
        self.blocking = self._said = None
        self.journal.note("blocking", None)
        self.beat_now.set()

    def signed_out(self, why: str) -> None:
        """Note that Steam wants a new sign-in, and say so plainly; the market hears of it at once."""
        self._check_at = self.monotonic() + CHECK_AGAIN_SECONDS
        self.block(
            "no_steam_session",
            f"Steam wants a new sign-in ({why}): run `tradepost agent sign-in`. Nothing is sent until then.",
        )

    def new_device(self, why: str) -> None:
        """Note that Steam does not let this account trade from here yet."""
        self._check_at = self.monotonic() + NEW_DEVICE_SECONDS
        self.block("new_device", f"Steam does not let this account trade from here yet: {why}")

    def block(self, word: str, sentence: str) -> None:
        """Note why nothing can be sent, once, and let the market hear of it."""
        if self._said != word:
            self.say(sentence, logging.WARNING)
        self.blocking = self._said = word
        self.journal.note("blocking", sentence)
        self.beat_now.set()

    def be_quiet(self, error: SteamSilent) -> None:
        """Leave Steam alone for a while."""
        seconds = error.seconds if isinstance(error, SteamBusy) else self.settings.silent_seconds
        self.quiet_until = max(self.quiet_until, self.monotonic() + seconds)

    async def close_steam(self) -> None:
        """Let go of the connections to Steam."""
        if self.steam is not None:
            await self.steam.close()
            self.steam = None

    def _mark(self) -> int | None:
        try:
            return self.place.session_path.stat().st_mtime_ns
        except OSError:
            return None
