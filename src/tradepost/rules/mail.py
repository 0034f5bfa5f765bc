"""Mails: what may stand in one, when it is tried again, and what a mail server's answer means for it."""

from datetime import timedelta

from tradepost.rules.notice import LADDER

SUBJECT_CHARS_MAX = 200
TEXT_CHARS_MAX = 100_000
FAULT_CHARS_MAX = 300
# As notices: eight attempts within 34 hours. Then whoever waited for it has long done something else.
WAITS: tuple[timedelta, ...] = LADDER
POLICY = "5.7."
ATTEMPTS_MAX = len(WAITS) + 1
KEPT_WAITING = sum(WAITS, timedelta(hours=1))  # a mail that could not even be tried is given up after that


def one_line(text: str) -> str:
    """Return a text as a header takes it: no line ends in it, nor anything else that is not seen.

    Not only CR and LF: Python's own `splitlines` breaks lines at ten more characters, and so may what reads mails.
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line[:SUBJECT_CHARS_MAX]


def body(text: str) -> str:
    """Return a text as a mail's body takes it: its lines end alike, and nothing in it steers a terminal."""
    lines = text[:TEXT_CHARS_MAX].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ("".join(c if c.isprintable() or c == "\t" else " " for c in line).rstrip() for line in lines)
    return "\n".join(kept).strip("\n") + "\n"


def is_final(code: int, said: str, *, about_recipient: bool) -> bool:
    """Whether a mail server's refusal is its last word on a mail.

    5xx is, where it is about the recipient or the mail itself. About our sender or our password, or where the server
    calls it a matter of its policy (5.7.x of RFC 3463: it relays nothing for us, or wants a password), it tells of our
    own settings: those are mended, and the mail goes out after that.
    """
    return 500 <= code < 600 and about_recipient and not said.startswith(POLICY)  # noqa: PLR2004 - SMTP's own numbers
