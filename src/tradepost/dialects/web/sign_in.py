"""Signing in through Steam, and out again: the ways there and back, and the session that comes of it.

Whoever comes back must be the browser that set out (its cookie), by a way that nobody took before (its state), with
an assertion that Steam signs once (its nonce). What does not fit gets one page, whatever it was: the log has the cause.
"""

import asyncio
from contextlib import suppress
from datetime import datetime
from functools import partial
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
from starlette.responses import Response

from tradepost import log
from tradepost.app import App
from tradepost.dialects.edge import client_address, header
from tradepost.dialects.fields import Code
from tradepost.dialects.pace import Pace
from tradepost.dialects.web import cookies
from tradepost.dialects.web.addresses import OwnPath
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import affiliates, second_factor, sessions, sign_ins, users
from tradepost.rules.client_address import neighbours
from tradepost.rules.refusals import StepUpNeeded
from tradepost.steam.answers import Person
from tradepost.steam.openid import NotSignedIn, SignedIn, new_state

SIGN_IN, BACK, CODE, SIGN_OUT = "/sign-in", "/sign-in/back", "/sign-in/code", "/sign-out"
HOME = "/"
PERSON_SECONDS = 2.0  # that somebody waits for his name to be read; the worker reads it else
DAY_SECONDS = 86_400

logger = log.get(__name__)


class Wanted(msgspec.Struct):
    """Where somebody is led once he is signed in, or out."""

    next: OwnPath | None = None
    moved: OwnPath | None = None  # set where he was sent on to our own address already


async def set_out(pace: Pace, visit: Visit) -> Response:
    """Send a visitor to Steam's page, and remember the way with his browser."""
    app, asked = visit.app, visit.query(Wanted)
    next_path = str(asked.next or HOME)
    if (
        not asked.moved
        and header(visit.scope, b"host").lower() != urlsplit(app.settings.base_url).netloc.lower()
    ):
        # Steam leads back to our own address, where a cookie that is set under another name is not seen. Once: a proxy
        # may show us a name that no browser knows.
        query = f"next={quote(next_path, safe='')}&moved=/"
        return visit.redirect(f"{app.settings.base_url}{SIGN_IN}?{query}")
    pace.count(neighbours(client_address(visit.scope)), app.real_now())
    state = new_state()
    # One browser may be on several ways, in as many tabs.
    browser = cookies.read(visit.scope, app.settings, cookies.BROWSER) or sign_ins.new_browser()
    async with app.db.transaction() as tx:
        await sign_ins.set_out(tx, state, browser, next_path, app.real_now())
    answer = visit.redirect(app.steam.openid.begin(_return_to(app), app.settings.base_url, state))
    seconds = sign_ins.WAY_MINUTES * 60
    answer.raw_headers.append(cookies.write(app.settings, cookies.BROWSER, browser, seconds))
    return answer


async def come_back(visit: Visit) -> Response:
    """Judge what a visitor came back from Steam with, and make him a session."""
    app, query = visit.app, visit.scope["query_string"].decode("latin-1")
    state, browser = _state(query), cookies.read(visit.scope, app.settings, cookies.BROWSER)
    next_path = None
    if state and browser:
        async with app.db.transaction() as tx:
            next_path = await sign_ins.come_back(tx, state, browser, app.real_now())
    if next_path is None:
        return _failed(visit, HOME, "this browser did not set out by this way, or came back by it before")

    async def claim_nonce(nonce: str, forget_after: datetime) -> bool:
        async with app.db.transaction() as tx:
            return await sign_ins.claim_nonce(tx, nonce, forget_after)

    match await app.steam.openid.verify(
        query, return_to=_return_to(app), state=state, now=app.real_now(), claim_nonce=claim_nonce
    ):
        case SignedIn(steamid):
            return await _signed_in(visit, steamid, next_path)
        case NotSignedIn(reason):
            return _failed(visit, next_path, reason)
        case no_answer:
            return _failed(visit, next_path, f"Steam gave no answer: {no_answer}", is_steams=True)


async def _signed_in(visit: Visit, steamid: str, next_path: str) -> Response:
    app, settings = visit.app, visit.app.settings
    known = await users.by_steamid(app.db, steamid)
    name, avatar = ("", "") if known is not None and known.name else await _person(app, steamid)
    async with app.db.transaction() as tx:
        account = await users.know(tx, steamid, "sign_in", app.now(), name=name, avatar=avatar)
        before = None if visit.visitor is None else visit.visitor.account_id
        came_by = cookies.read(visit.scope, settings, cookies.AFFILIATE)
        await affiliates.signed_in(tx, account.id, came_by, app.real_now(), before=before)
        # What this browser was signed in as before ends; so does a cookie that somebody else put into it.
        await sessions.end(tx, cookies.read(visit.scope, settings, cookies.SESSION))
        browser = header(visit.scope, b"user-agent")
        key = await sessions.make(tx, settings, account.id, browser, app.real_now())
        awaits_code = await second_factor.is_on(tx, account.id)
    logger.info("signed_in", account_id=account.id, awaits_code=awaits_code)
    answer = visit.redirect(visit.code_url(next_path) if awaits_code else next_path)
    seconds = settings.session_days * DAY_SECONDS
    answer.raw_headers.append(cookies.write(settings, cookies.SESSION, key, seconds))
    answer.raw_headers.append(cookies.write(settings, cookies.BROWSER, "", 0))
    if came_by:
        answer.raw_headers.append(cookies.write(settings, cookies.AFFILIATE, "", 0))
    return answer


async def _person(app: App, steamid: str) -> tuple[str, str]:
    """Somebody's name and picture for his first page, if Steam tells them at once."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PERSON_SECONDS):
            person = await app.steam.person(steamid)
            if isinstance(person, Person):
                return person.name, person.avatar_url
    return "", ""


def _failed(visit: Visit, next_path: str, reason: str, *, is_steams: bool = False) -> Response:
    logger.info("not_signed_in", reason=reason)
    sentence = (
        "Steam does not answer at the moment, so we cannot know who you are. Nothing was changed."
        if is_steams
        else "The sign-in was not completed: it was broken off, took too long, or was begun in another browser."
    )
    url = visit.sign_in_url(next_path)
    return visit.page(
        "sign_in.html",
        503 if is_steams else 403,
        title="You are not signed in",
        sentence=sentence,
        sign_in_url=url,
    )


async def ask_code(visit: Visit) -> Response:
    """Ask for a code of whoever has a second factor: to complete a sign-in, or before what money depends on."""
    next_path = str(visit.query(Wanted).next or HOME)
    if not visit.signed_in().has_factor:
        return visit.redirect(next_path)
    return visit.page("code.html", next=next_path)


class Given(msgspec.Struct):
    """A code, and where its owner is led then."""

    code: Code
    next: OwnPath | None = None


async def give_code(visit: Visit) -> Response:
    """Take a code: its session counts as proven from now on, for the next minutes as freshly so."""
    app, visitor = visit.app, visit.signed_in()
    given = await visit.form(Given)
    next_path = str(given.next or HOME)
    try:
        await second_factor.use(app, visitor.account_id, given.code)
    except StepUpNeeded as refusal:
        return visit.page("code.html", 403, next=next_path, fault=refusal.sentence)
    async with app.db.transaction() as tx:
        await sessions.note_code(tx, visitor.session_id, app.real_now())
    return visit.redirect(next_path)


async def sign_out(visit: Visit) -> Response:
    """End the visitor's session."""
    settings = visit.app.settings
    next_path = (await visit.form(Wanted)).next or HOME
    async with visit.app.db.transaction() as tx:
        await sessions.end(tx, cookies.read(visit.scope, settings, cookies.SESSION))
    answer = visit.redirect(next_path)
    answer.raw_headers.append(cookies.write(settings, cookies.SESSION, "", 0))
    return answer


def _return_to(app: App) -> str:
    return f"{app.settings.base_url}{BACK}"


def _state(query: str) -> str:
    """The state that somebody came back with; the judge of all the rest looks at it again."""
    try:
        states = [value for name, value in parse_qsl(query, max_num_fields=100) if name == "state"]
    except ValueError:
        return ""
    return states[0] if len(states) == 1 and len(states[0]) <= cookies.VALUE_CHARS_MAX else ""


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of signing in and out."""
    pace = Pace(app.settings.sign_ins_per_minute)
    return [
        Page(app, desk, SIGN_IN, get=partial(set_out, pace)),
        Page(app, desk, BACK, get=come_back),
        Page(app, desk, CODE, get=ask_code, post=give_code, halfway=True),
        Page(app, desk, SIGN_OUT, post=sign_out, halfway=True),
    ]
