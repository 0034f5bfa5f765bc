"""What users may say of themselves: mail addresses, Discord names, short names, and the ones that nobody may have."""

import pytest

from tradepost.rules import contact

MAILS = ["a@b.de", "first.last+tag@mail.example.com", "x_y-z@sub.domain.co.uk", "o'hara@example.org", "1@2.3.io", "a@xn--bcher-kva.example"]  # fmt: skip
NO_MAILS = [
    "", "@", "a@", "@b.de", "a@b", "a b@c.de", "a@b..de", "a..b@c.de", ".a@b.de", "a.@b.de", "a@-b.de", "a@b-.de", "a@b.de.", "a@b.1", "a@[127.0.0.1]",
    "a@127.0.0.1", '"a b"@c.de', "a@b.de\n", "\na@b.de", "a@b.de\r\nBcc: x@y.de", "a@b.de,c@d.de", "a@b.de;c@d.de", "<a@b.de>", "Ann <a@b.de>", "a(b)@c.de",
    "ä@b.de", "a@bücher.de", "a@b.dé", "a\x00@b.de", "a@b.de%0aBcc:x", "a@b@c.de", "x" * 65 + "@b.de", "a@" + "b" * 64 + ".de", "a@" + "b." * 126 + "de", "a\u202e@b.de",
]  # fmt: skip


@pytest.mark.parametrize("text", MAILS)
def test_a_mail_address_is_taken(text: str) -> None:
    assert contact.is_mail(text)


@pytest.mark.parametrize("text", NO_MAILS)
def test_what_is_no_mail_address_is_refused(text: str) -> None:
    assert not contact.is_mail(text)


@pytest.mark.parametrize(("text", "good"), [("80351110224678912", True), ("1" * 20, True), ("1" * 16, False), ("1" * 21, False), ("0" * 18, False),
                                            ("8035111022467891x", False), ("８0351110224678912", False), ("", False)])  # fmt: skip
def test_a_discord_id_is_a_number(text: str, good: bool) -> None:
    assert contact.is_discord_id(text) is good


@pytest.mark.parametrize(("text", "good"), [("nelly", True), ("Nelly Quick#1337", True), ("a.b_c", True), ("x", False), ("x" * 33, False), ("a@b", False), ("a#12", False),
                                            ("a\nb", False), ("```x", False), (" nelly", False), ("ne\u202elly", False), ("a#1234#5678", False)])  # fmt: skip
def test_a_discord_name_is_one_of_either_time(text: str, good: bool) -> None:
    assert contact.is_discord_tag(text) is good


@pytest.mark.parametrize(("text", "good"), [("a", True), ("ann42", True), ("x" * 12, True), ("x" * 13, False), ("", False), ("Ann", False), ("a-b", False), ("a_b", False),
                                            ("аnn", False), ("a/b", False), ("ann\n", False), ("１", False)])  # fmt: skip
def test_a_short_name_has_small_letters_and_digits(text: str, good: bool) -> None:
    assert contact.is_short_name(text) is good


def test_names_that_pass_for_the_market_are_reserved_and_each_could_be_asked_for() -> None:
    assert {"admin", "api", "support", "steam", "valve", "login", "tradepost"} <= contact.RESERVED
    assert all(name == name.lower() and name.isalnum() for name in contact.RESERVED)
    assert not contact.is_reserved("ann42")
