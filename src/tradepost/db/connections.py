"""How every connection of ours is made: what it asks of the server, and how it reads JSON."""

import asyncpg
import msgspec
from asyncpg import Record

CONNECT_SECONDS = 3.0  # for one attempt at a connection, log-in included


def session(name: str, *, statement_seconds: float, lock_seconds: float) -> dict[str, str]:
    """What a connection asks of the server, as start-up parameters: those outlive a pooler's shuffling."""
    return {
        "application_name": name,
        "timezone": "UTC",
        "default_transaction_isolation": "read committed",
        "statement_timeout": str(int(statement_seconds * 1000)),
        "lock_timeout": str(int(lock_seconds * 1000)),
        "idle_in_transaction_session_timeout": "60000",
        "jit": "off",  # our statements are short: compiling one costs more than running it
    }


async def connect(dsn: str, name: str, *, statement_seconds: float) -> "asyncpg.Connection[Record]":
    """One connection outside any pool; 0 seconds means that a statement may take what it takes."""
    settings = session(name, statement_seconds=statement_seconds, lock_seconds=0)
    return await asyncpg.connect(
        dsn, timeout=CONNECT_SECONDS, server_settings=settings, statement_cache_size=0
    )


def _plain(value: object) -> object:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"a {type(value).__name__} is not kept as JSON")


async def teach_json(con: "asyncpg.Connection[Record]") -> None:
    """Let jsonb and json come and go as Python values; binary jsonb is the text after one byte of version.

    Parameters of the dialects are texts and numbers of kinds of their own, and are kept as what they are.
    """
    encode, decode = msgspec.json.Encoder(enc_hook=_plain).encode, msgspec.json.decode
    await con.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + encode(value),
        decoder=lambda data: decode(data[1:]),
        format="binary",
    )
    await con.set_type_codec("json", schema="pg_catalog", encoder=encode, decoder=decode, format="binary")
