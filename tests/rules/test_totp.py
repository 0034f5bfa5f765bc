"""Codes of six digits: the vectors of RFC 4226 and RFC 6238, drift, and that none is good twice."""

import hashlib

import pytest

from tradepost.rules import totp

SECRET = b"12345678901234567890"
LONGER = {
    "sha1": SECRET,
    "sha256": b"12345678901234567890123456789012",
    "sha512": b"1234567890123456789012345678901234567890123456789012345678901234",
}
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
TOTP = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]


@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)))
def test_codes_are_those_of_rfc_4226(counter: int, code: str) -> None:
    assert totp.code_of(SECRET, counter) == code


@pytest.mark.parametrize(("at", "sha1", "sha256", "sha512"), TOTP)
def test_codes_are_those_of_rfc_6238(at: int, sha1: str, sha256: str, sha512: str) -> None:
    for digest, code in (("sha1", sha1), ("sha256", sha256), ("sha512", sha512)):
        assert hashlib.new(digest)  # there is such a hash here
        assert totp.code_of(LONGER[digest], totp.step_at(at), 8, digest) == code


@pytest.mark.parametrize(("off", "is_taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_off_by_one_step(off: int, is_taken: bool) -> None:
    now = 1_800_000_015
    code = totp.code_of(SECRET, totp.step_at(now + off))
    assert (totp.step_of(SECRET, code, now, None) is not None) is is_taken


def test_a_code_is_good_once_and_so_are_those_before_it() -> None:
    now = 1_800_000_000
    step = totp.step_at(now)
    this, before = totp.code_of(SECRET, step), totp.code_of(SECRET, step - 1)
    assert totp.step_of(SECRET, this, now, step - 1) == step
    assert totp.step_of(SECRET, this, now, step) is None
    assert totp.step_of(SECRET, before, now, step) is None
    assert totp.step_of(SECRET, totp.code_of(SECRET, step + 1), now, step) == step + 1


@pytest.mark.parametrize(
    "code", ["", "1", "12345", "1234567", "１２３４５６", "abcdef", "-12345", "12 456", "\x00" * 6]
)
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert totp.step_of(SECRET, code, 1_800_000_000, None) is None


def test_programs_for_codes_read_what_we_write() -> None:
    assert totp.write_secret(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    uri = totp.otpauth_uri(SECRET, "Trade post", "Ann <b>&?")
    assert uri == (
        "otpauth://totp/Trade%20post:Ann%20%3Cb%3E%26%3F?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Trade%20post&algorithm=SHA1&digits=6&period=30"
    )
