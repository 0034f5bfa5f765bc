"""RSA as Steam's sign-in uses it: a key of our own, and the password that a client encrypted with it."""

import secrets
from dataclasses import dataclass
from functools import cache

KEY_BITS = 1024  # no secret depends on it; a longer key would only be slower to make
EXPONENT = 65537
WITNESSES = 20
_SMALL_PRIMES = [n for n in range(3, 2000) if all(n % d for d in range(2, int(n**0.5) + 1))]


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair."""

    modulus: int
    private_exponent: int

    @property
    def modulus_hex(self) -> str:
        """The public modulus as Steam sends it."""
        return f"{self.modulus:0{KEY_BITS // 4}x}"

    def decrypt(self, message: bytes) -> str | None:
        """The text inside a PKCS #1 v1.5 message; None if there is none."""
        number = int.from_bytes(message, "big")
        if number >= self.modulus:
            return None
        plain = pow(number, self.private_exponent, self.modulus).to_bytes(KEY_BITS // 8, "big")
        padding, found, text = plain[2:].partition(b"\0")
        if plain[:2] != b"\0\2" or not found or not padding:
            return None
        return text.decode("utf-8", "replace")


@cache
def own_key() -> Key:
    """This process's key, made when it is first asked for."""
    while True:
        p, q = _prime(KEY_BITS // 2), _prime(KEY_BITS // 2)
        if p != q and (p - 1) * (q - 1) % EXPONENT:
            return Key(p * q, pow(EXPONENT, -1, (p - 1) * (q - 1)))


def _prime(bits: int) -> int:
    while True:
        candidate = (
            secrets.randbits(bits) | 3 << bits - 2 | 1
        )  # the two highest bits: products have full length
        if all(candidate % small for small in _SMALL_PRIMES) and _is_probably_prime(candidate):
            return candidate


def _is_probably_prime(number: int) -> bool:
    """Miller's test with random witnesses."""
    halvings = ((number - 1) & -(number - 1)).bit_length() - 1
    odd = number - 1 >> halvings
    for _ in range(WITNESSES):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if power in {1, number - 1}:
            continue
        for _ in range(halvings - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
