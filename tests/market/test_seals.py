"""Seals: what lies in the database opens nowhere else and under no other key, and is sealed anew when keys change."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from box import market
from market.receiving import make, put, receiving, turn
from tradepost.app import App
from tradepost.cli import main
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market.seals import SEALED, UNSET, Place, SealBroken, Seals, key_of, rotate, seals

OLD, NEW = b"o" * 32, b"n" * 48
HERE = Place("receiver", (7, "webhook"), "secret")


def written(**keys: bytes) -> str:
    return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in keys.items())


def with_keys(app: App, **keys: bytes) -> App:
    """The same market, started with other keys."""
    return replace(app, settings=replace(app.settings, key=written(**keys)))


def test_a_secret_opens_where_it_was_sealed_and_looks_different_each_time() -> None:
    ours = Seals({"k1": OLD})
    first, second = ours.seal(HERE, b"secret"), ours.seal(HERE, b"secret")
    assert first != second and b"secret" not in first
    assert first.startswith(b"k1:") and key_of(first) == "k1"
    assert ours.open(HERE, first) == ours.open(HERE, second) == b"secret"


@pytest.mark.parametrize(
    "place",
    [
        Place("receiver", (8, "webhook"), "secret"),
        Place("receiver", (7, "webhook"), "old_secret"),
        Place("receiver", (7, "ipn"), "secret"),
        Place("other", (7, "webhook"), "secret"),
    ],
)
def test_moved_to_another_row_or_column_it_does_not_open(place: Place) -> None:
    ours = Seals({"k1": OLD})
    with pytest.raises(SealBroken, match="changed or moved"):
        ours.open(place, ours.seal(HERE, b"secret"))


def test_with_any_bit_changed_it_does_not_open() -> None:
    ours = Seals({"k1": OLD})
    sealed = ours.seal(HERE, b"secret")
    for at in range(len(b"k1:"), len(sealed)):
        with pytest.raises(SealBroken):
            ours.open(HERE, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
    for cut in range(len(sealed)):
        with pytest.raises(SealBroken):
            ours.open(HERE, sealed[:cut])


def test_under_another_key_it_does_not_open_and_under_an_older_one_it_does() -> None:
    sealed = Seals({"k1": OLD}).seal(HERE, b"secret")
    with pytest.raises(SealBroken, match="no key has the id k1"):
        Seals({"k2": NEW}).open(HERE, sealed)
    with pytest.raises(SealBroken):
        Seals({"k1": NEW}).open(HERE, sealed)
    both = Seals({"k2": NEW, "k1": OLD})
    assert both.open(HERE, sealed) == b"secret" and key_of(both.seal(HERE, b"secret")) == "k2"


def test_only_outside_of_production_a_market_without_keys_seals_at_all() -> None:
    assert seals(Settings(mode="sandbox")).newest == UNSET
    assert seals(Settings(mode="sandbox", key=written(k1=OLD))).newest == "k1"
    sealed = seals(Settings(mode="sandbox")).seal(HERE, b"secret")
    assert seals(Settings(mode="demo", key=written(k1=OLD))).open(HERE, sealed) == b"secret"
    with pytest.raises(SealBroken):
        seals(Settings(mode="production", key=written(k1=OLD))).open(HERE, sealed)


async def test_no_secret_lies_in_the_database_in_the_clear(db: Db) -> None:
    async with market(db, callback_networks=("127.0.0.0/8",)) as box:
        merchant = await box.stock.person()
        first = await put(box.app, merchant, "http://127.0.0.1:9/")
        second = await put(box.app, merchant, "http://127.0.0.1:9/", rotate=True)
    rows = await db.fetch("SELECT * FROM receiver")
    kept = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in rows[0].values())
    for shown in (first.secret, second.secret):
        assert shown is not None
        text = shown.removeprefix("whsec_")
        assert text.encode() not in kept and base64.b64decode(text) not in kept


@pytest.mark.sql
async def test_every_column_that_holds_a_seal_is_known_to_the_rotation(db: Db) -> None:
    found = await db.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND data_type = 'bytea' AND column_name LIKE '%secret%'"
    )
    known = {(table, column) for table, _, columns in SEALED for column in columns}
    assert {(row["table_name"], row["column_name"]) for row in found} == known


async def test_after_a_rotation_of_keys_the_old_key_is_not_needed(db: Db) -> None:
    async with market(db, callback_networks=("127.0.0.0/8",)) as box, receiving() as receiver:
        before, during = with_keys(box.app, k1=OLD), with_keys(box.app, k2=NEW, k1=OLD)
        after = with_keys(box.app, k2=NEW)
        people = [await box.stock.person() for _ in range(3)]
        secrets = [(await put(before, one, receiver.url)).secret for one in people]
        await put(before, people[0], receiver.url, rotate=True)
        assert await rotate(during) == (4, "k2")
        assert await rotate(during) == (0, "k2")
        for one in people:
            await make(db, one, box.app.now())
        assert {outcome.status for _, outcome in await turn(after)} == {200}
        for secret in secrets:
            assert secret is not None
            assert any(verifies(request, secret) for request in receiver.received)


def verifies(request: object, secret: str) -> bool:
    from market.receiving import Received

    assert isinstance(request, Received)
    try:
        request.verified(secret)
    except Exception:
        return False
    return True


async def test_a_key_that_is_missing_stops_the_rotation_and_changes_nothing(db: Db) -> None:
    async with market(db, callback_networks=("127.0.0.0/8",)) as box:
        merchant = await box.stock.person()
        await put(with_keys(box.app, k1=OLD), merchant, "http://127.0.0.1:9/")
        kept = await db.value("SELECT secret FROM receiver")
        with pytest.raises(SealBroken, match="no key has the id k1"):
            await rotate(with_keys(box.app, k2=NEW))
        assert await db.value("SELECT secret FROM receiver") == kept


def test_production_does_not_start_without_a_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("TRADEPOST_MODE", "TRADEPOST_KEY", "TRADEPOST_KEY_FILE", "TRADEPOST_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRADEPOST_BASE_URL", "https://market.example")
    assert main(["keys", "rotate", "--data-dir", str(tmp_path)]) == 1
    assert "production needs TRADEPOST_KEY" in capsys.readouterr().err
