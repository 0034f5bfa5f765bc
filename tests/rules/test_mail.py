"""Mails: headers that nobody can add to, bodies that steer nothing, and refusals that are the last word or not."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.rules import mail


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Your code", "Your code"),
        ("a\r\nBcc: everybody@example.org", "a Bcc: everybody@example.org"),
        ("a\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h\x1ci", "a b c d e f g h i"),
        ("\x00\x1b[31mred\ud800", "[31mred"),
        ("Zażółć  жёлтый\t", "Zażółć жёлтый"),
        ("x" * 1000, "x" * mail.SUBJECT_CHARS_MAX),
        ("", ""),
    ],
)
def test_a_subject_is_one_line(text: str, line: str) -> None:
    assert mail.one_line(text) == line


@given(st.text())
def test_whatever_somebody_writes_a_subject_takes_one_line_by_every_reading_of_what_a_line_is(
    text: str,
) -> None:
    line = mail.one_line(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= mail.SUBJECT_CHARS_MAX
    parsed = email.message_from_string(f"Subject: {line}\n\n", policy=email.policy.default)
    assert [name for name, _ in parsed.items()] == ["Subject"]


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("one\r\ntwo\rthree", "one\ntwo\nthree\n"),
        ("a\tb  \n\n\n", "a\tb\n"),
        ("\x1b[2Jgone\x00", " [2Jgone\n"),
        ("\n\nmiddle\n", "middle\n"),
    ],
)
def test_a_body_has_lines_and_nothing_that_steers(text: str, body: str) -> None:
    assert mail.body(text) == body


@pytest.mark.parametrize(
    ("code", "said", "about_recipient", "final"),
    [
        (550, "5.1.1 No such user here", True, True),
        (550, "No such user here", True, True),
        (552, "5.2.2 Mailbox full", True, True),
        (554, "5.7.1 Relay access denied", True, False),
        (450, "4.2.0 Greylisted", True, False),
        (421, "Too many connections", True, False),
        (535, "5.7.8 Authentication failed", False, False),
        (553, "5.1.8 Sender unknown", False, False),
    ],
)
def test_only_a_lasting_refusal_of_a_recipient_or_a_mail_is_the_last_word(
    code: int, said: str, about_recipient: bool, final: bool
) -> None:
    assert mail.is_final(code, said, about_recipient=about_recipient) is final
