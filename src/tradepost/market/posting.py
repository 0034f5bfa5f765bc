"""Posting: mails that are due go to a mail server, a few over one connection, and what it said is written down.

Claiming counts the attempt and pushes `due_at` on, so a worker that dies leaves a retry, under the same Message-ID. In
a demo that names no mail server the mailbox page is where mails go: they count as sent at once, and keep their text.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from urllib.parse import urlsplit

import aiosmtplib

from tradepost import log
from tradepost.app import App
from tradepost.config import Settings
from tradepost.market.mails import COLUMNS, Mail
from tradepost.rules import mail as rules

CLAIMED_MAX = 20  # in one turn, over one connection
STEP_SECONDS = 15.0  # for one answer of the mail server
TURN_SECONDS = (
    45.0  # for all of a turn: less than the ladder's first step, so that nobody else claims them meanwhile
)
FORGOTTEN_MAX = 1_000  # in one turn
NO_SERVER = "No mail server is set."

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a mail was not taken, and whether that is the last word on it."""

    text: str
    is_final: bool = False


async def send_mails(app: App) -> int:
    """Send the mails that are due; return how many were tried."""
    await _give_up_left(app)
    if not app.settings.smtp_host:
        return await _into_the_mailbox(app) if app.settings.mode == "demo" else 0
    claimed = await _claim(app)
    if claimed:
        untried = await _send(app, claimed)
        await _let_go(app, untried)
        return len(claimed) - len(untried)
    return 0


# Claiming ----------------------------------------------------------------------------------------------------


async def _claim(app: App) -> list[Mail]:
    now = app.real_now()
    return await app.db.rows(
        Mail,
        "UPDATE mail SET attempts = attempts + 1,"
        " due_at = $1 + coalesce(($3::interval[])[attempts + 1], ($3::interval[])[1])"
        " WHERE id = ANY (ARRAY(SELECT id FROM mail WHERE state = 'waiting' AND due_at <= $1 AND attempts < $4"
        f" ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)) RETURNING {COLUMNS}",
        now, CLAIMED_MAX, list(rules.WAITS), rules.ATTEMPTS_MAX,
    )  # fmt: skip


async def _let_go(app: App, untried: Sequence[Mail]) -> None:
    """Let others have mails that this turn did not come to: for them it was no attempt."""
    for mail in untried:
        await app.db.execute(
            "UPDATE mail SET attempts = attempts - 1, due_at = $3 WHERE id = $1 AND attempts = $2 AND state = 'waiting'",
            mail.id, mail.attempts, app.real_now(),
        )  # fmt: skip


async def _give_up_left(app: App) -> None:
    """Give up mails whose last attempt was cut off, and those that nobody could try for longer than attempts take."""
    now = app.real_now()
    rows = await app.db.fetch(
        "UPDATE mail SET state = 'given_up', due_at = NULL, ended_at = $1, text = NULL, fault = coalesce(fault, $5)"
        " WHERE id = ANY (ARRAY(SELECT id FROM mail WHERE state = 'waiting' AND due_at <= $1 AND (attempts >= $2 OR made_at < $3)"
        " LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED)) RETURNING id, attempts, fault",
        now, rules.ATTEMPTS_MAX, now - rules.KEPT_WAITING, CLAIMED_MAX, NO_SERVER,
    )  # fmt: skip
    for row in rows:
        logger.error("mail_given_up", mail_id=row["id"], attempts=row["attempts"], why=row["fault"])


# Sending -----------------------------------------------------------------------------------------------------


async def _send(app: App, mails: Sequence[Mail]) -> Sequence[Mail]:
    """Send mails one after the other over one connection; return those that were not tried."""
    clock = asyncio.get_running_loop().time
    until = clock() + TURN_SECONDS
    try:
        server = _server(app.settings)
        async with asyncio.timeout_at(until):
            await server.connect()
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
        # Each of them was due and not taken: they come again as the ladder says, and not all at every turn.
        fault = _fault(error)
        logger.warning("mail_server_not_reached", why=fault.text)
        for mail in mails:
            await _settle(app, mail, fault)
        return ()
    try:
        for place, mail in enumerate(mails):
            if clock() > until - STEP_SECONDS or not server.is_connected:
                return mails[place:]
            await _settle(app, mail, await _send_one(app, server, mail, until))
    finally:
        await _leave(server)
    return ()


async def _send_one(app: App, server: aiosmtplib.SMTP, mail: Mail, until: float) -> Fault | None:
    sender = _sender(app.settings)
    try:
        async with asyncio.timeout_at(until):
            await server.sendmail(sender.addr_spec, [mail.recipient], letter(app.settings, mail))
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
        server.close()  # whatever state it is in: the next mail is not to suffer for this one
        return _fault(error)
    return None


async def _settle(app: App, mail: Mail, fault: Fault | None) -> None:
    """Write down what became of an attempt, if no later one has begun."""
    now, keeps_text = app.real_now(), app.settings.mode == "demo"
    if fault is None:
        state = "sent"
    else:
        state = "given_up" if fault.is_final or mail.attempts >= rules.ATTEMPTS_MAX else "waiting"
    done = await app.db.execute(
        "UPDATE mail SET state = $3, fault = $4, ended_at = CASE WHEN $3 <> 'waiting' THEN $5::timestamptz END,"
        " due_at = CASE WHEN $3 = 'waiting' THEN due_at END, text = CASE WHEN $3 = 'waiting' OR $6 THEN text END"
        " WHERE id = $1 AND attempts = $2 AND state = 'waiting'",
        mail.id, mail.attempts, state, None if fault is None else fault.text, now, keeps_text,
    )  # fmt: skip
    if done and fault is not None:
        tell = logger.error if state == "given_up" else logger.warning
        tell("mail_given_up" if state == "given_up" else "mail_not_taken",
             mail_id=mail.id, attempts=mail.attempts, why=fault.text)  # fmt: skip


async def _leave(server: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        if server.is_connected:
            async with asyncio.timeout(STEP_SECONDS):
                await server.quit()
    server.close()


def _server(settings: Settings) -> aiosmtplib.SMTP:
    context = None
    if settings.smtp_security != "none":
        context = ssl.create_default_context(cafile=settings.smtp_ca_file)
    return aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_user or None,
        password=settings.smtp_password or None,
        use_tls=settings.smtp_security == "tls",
        start_tls=settings.smtp_security == "starttls",
        tls_context=context,
        timeout=STEP_SECONDS,
        local_hostname=_own_host(settings),  # else it asks a name server who we are, and waits for that
    )


def _fault(error: Exception) -> Fault:
    """What went wrong, in a sentence that an operator reads."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused() if error.recipients:
            first = error.recipients[0]
            return _refusal(first.code, first.message, about_recipient=True)
        case aiosmtplib.SMTPDataError():
            return _refusal(error.code, error.message, about_recipient=True)
        case aiosmtplib.SMTPResponseException():
            return _refusal(error.code, error.message, about_recipient=False)
        case aiosmtplib.SMTPException():
            text = f"The mail server: {error}"
        case TimeoutError():
            text = "The mail server did not answer in time."
        case ssl.SSLError():
            text = f"The mail server did not speak TLS as it should: {error.reason}"
        case _:
            text = f"The mail server was not reached: {type(error).__name__}"
    return Fault(rules.one_line(text))


def _refusal(code: int, said: str, *, about_recipient: bool) -> Fault:
    final = rules.is_final(code, said, about_recipient=about_recipient)
    return Fault(rules.one_line(f"The mail server answered {code}: {said}"), final)


# What is sent ------------------------------------------------------------------------------------------------


def letter(settings: Settings, mail: Mail) -> bytes:
    """Return a mail as it is sent: seven bits and lines of seventy-six characters, whatever its text holds."""
    sender = _sender(settings)
    made = EmailMessage(policy=SMTP_POLICY)
    made["From"] = sender
    made["To"] = mail.recipient
    made["Subject"] = mail.subject
    made["Date"] = format_datetime(mail.made_at)
    made["Message-ID"] = f"<{mail.name}@{sender.domain}>"
    made["Auto-Submitted"] = "auto-generated"  # so that nobody's holidays are answered to us
    made.set_content(mail.text or "", charset="utf-8", cte="quoted-printable")
    return made.as_bytes()


def _sender(settings: Settings) -> Address:
    name, bracket, rest = settings.mail_sender.rpartition("<")
    return Address(
        name.strip(), addr_spec=rest.rstrip().removesuffix(">") if bracket else settings.mail_sender
    )


def _own_host(settings: Settings) -> str:
    return urlsplit(settings.base_url).hostname or "localhost"


# Without a mail server, and long ago -------------------------------------------------------------------------


async def _into_the_mailbox(app: App) -> int:
    return await app.db.execute(
        "UPDATE mail SET state = 'sent', due_at = NULL, ended_at = $1, attempts = attempts + 1"
        " WHERE state = 'waiting' AND due_at <= $1",
        app.real_now(),
    )


async def forget_mails(app: App) -> int:
    """Remove mails that were sent or given up long ago; return how many there were."""
    return await app.db.execute(
        "DELETE FROM mail WHERE id = ANY (ARRAY(SELECT id FROM mail WHERE ended_at < $1 ORDER BY ended_at LIMIT $2))",
        app.real_now() - timedelta(days=app.settings.mails_kept_days),
        FORGOTTEN_MAX,
    )
