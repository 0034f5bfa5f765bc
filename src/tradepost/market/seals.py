"""Seals: secrets as they lie in the database, under keys that are neither in it nor in its backups (rules.md 21).

A sealed secret begins with the id of its key, so that several keys can be in use while they are changed, and is bound
to its place (table, row, column): copied elsewhere it does not open.
"""

import os
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tradepost.app import App
from tradepost.config import Settings, keys
from tradepost.db import Tx

NONCE_BYTES = 12
KEY_BYTES = 32
# Where no key is set: in a sandbox or demo alone, whose tokens and items are worth nothing. Production does not start.
UNSET, UNSET_KEY = "unset", bytes(KEY_BYTES)

# What lies sealed: table, its key's columns, and the sealed columns.
SEALED: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("receiver", ("account_id", "kind"), ("secret", "old_secret")),
    ("gateway", ("account_id",), ("secret", "old_secret", "secret_v2", "old_secret_v2")),
    ("second_factor", ("account_id",), ("secret",)),
)


class SealBroken(Exception):
    """A sealed secret does not open: its key is not among ours, or it is not where it was sealed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret lies: its table, the key of its row, its column."""

    table: str
    row: tuple[object, ...]
    column: str

    @property
    def name(self) -> bytes:
        """The place in words that no other place has."""
        return "/".join((self.table, *map(str, self.row), self.column)).encode()


class Seals:
    """Seals and opens secrets; the first key is the one for new secrets."""

    def __init__(self, given: dict[str, bytes]) -> None:
        self._ciphers = {name: AESGCM(_derived(key)) for name, key in given.items()}
        self.newest = next(iter(self._ciphers))

    def seal(self, place: Place, secret: bytes) -> bytes:
        """The secret as it is kept."""
        nonce = os.urandom(NONCE_BYTES)
        box = self._ciphers[self.newest].encrypt(nonce, secret, place.name)
        return b"%b:%b%b" % (self.newest.encode(), nonce, box)

    def open(self, place: Place, sealed: bytes) -> bytes:
        """The secret itself; raises SealBroken."""
        name, _, box = sealed.partition(b":")
        cipher = self._ciphers.get(name.decode("ascii", "replace"))
        if cipher is None:
            raise SealBroken(
                f"no key has the id {key_of(sealed)}, under which {place.name.decode()} was sealed"
            )
        try:
            return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], place.name)
        except (InvalidTag, ValueError):  # the second: too short to be one
            raise SealBroken(f"{place.name.decode()} does not open: it was changed or moved") from None


def key_of(sealed: bytes) -> str:
    """The id of the key that a secret lies under."""
    return sealed.partition(b":")[0].decode("ascii", "replace")


def _derived(key: bytes) -> bytes:
    """A key of the cipher's length, good for nothing else: the operator's may be longer, and may have other uses."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"tradepost: secrets at rest").derive(key)


@lru_cache(maxsize=8)
def seals(settings: Settings) -> Seals:
    """The seals under the keys of the settings; a key file is read once."""
    given = keys(settings)
    if settings.mode != "production":
        given.setdefault(UNSET, UNSET_KEY)  # last: what was sealed before a key was set opens still
    return Seals(given)


async def rotate(app: App) -> tuple[int, str]:
    """Seal everything anew under the newest key; return how many secrets that were, and the key's id."""
    ours, done = seals(app.settings), 0
    for table, row, columns in SEALED:
        async with app.db.transaction() as tx:
            done += await _rotate(tx, ours, table, row, columns)
    return done, ours.newest


async def _rotate(tx: Tx, ours: Seals, table: str, row: tuple[str, ...], columns: tuple[str, ...]) -> int:
    done = 0
    for found in await tx.fetch(
        f"SELECT {', '.join((*row, *columns))} FROM {table} ORDER BY {', '.join(row)} FOR NO KEY UPDATE"
    ):
        key = tuple(found[name] for name in row)
        for column in columns:
            if found[column] is None or key_of(found[column]) == ours.newest:
                continue
            place = Place(table, key, column)
            sealed = ours.seal(place, ours.open(place, found[column]))
            where = " AND ".join(f"{name} = ${number}" for number, name in enumerate(row, 2))
            await tx.execute(f"UPDATE {table} SET {column} = $1 WHERE {where}", sealed, *key)
            done += 1
    return done
