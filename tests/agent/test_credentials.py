"""No Steam credential reaches the market: read off the source, and off every body of a whole run."""

import ast
import inspect
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

import tradepost.agent as agent_package
from agent.town import Town, town
from tradepost.agent import market, market_wire
from tradepost.agent.credentials import SteamSession
from tradepost.db import Db
from tradepost.dialects import agent_wire

SOURCE = Path(inspect.getfile(agent_package)).parent
SECRET_FIELDS = set(SteamSession.__struct_fields__) - {"steamid"}
# Who may know a session: who keeps it, who speaks to Steam, who holds it for them, and who takes it from the user.
MAY_KNOW = {"credentials.py", "steam_session.py", "account.py", "program.py", "confirming.py"}


def structs(module: object) -> Iterator[type[msgspec.Struct]]:
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, msgspec.Struct) and value is not msgspec.Struct:
            yield value


def imports(path: Path) -> set[str]:
    """Every module that a source file names in an import, functions' own included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return found


def test_the_sessions_fields_are_the_ones_we_watch_for() -> None:
    assert {"steam_login_secure", "sessionid", "access_token", "identity_secret"} == SECRET_FIELDS


@pytest.mark.parametrize("module", [market_wire, agent_wire], ids=["said", "heard"])
def test_no_body_has_a_field_for_a_credential(module: object) -> None:
    words = (
        "cookie",
        "secure",
        "sessionid",
        "access",
        "identity",
        "secret",
        "password",
        "refresh",
        "api_key",
    )
    for struct in structs(module):
        for name in struct.__struct_fields__:
            assert not any(word in name for word in words), f"{struct.__name__}.{name}"


def test_the_market_refuses_a_body_with_a_field_that_it_does_not_know() -> None:
    for struct in structs(agent_wire):
        assert struct.__struct_config__.forbid_unknown_fields, struct


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*.py")), ids=lambda path: path.name)
def test_only_a_few_modules_know_a_session(path: Path) -> None:
    if path.name not in MAY_KNOW:
        assert not any(name.startswith("tradepost.agent.credentials") for name in imports(path))
        for word in SECRET_FIELDS - {"access_token"}:
            assert word not in path.read_text(encoding="utf-8").replace("identity_secret in session.json", "")


def test_the_way_to_the_market_knows_no_session_and_no_steam() -> None:
    for module in (market, market_wire):
        named = imports(Path(inspect.getfile(module)))
        assert not any("steam" in name or "credentials" in name or "account" in name for name in named)


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*.py")), ids=lambda path: path.name)
def test_the_agent_imports_nothing_of_the_market_but_plain_facts(path: Path) -> None:
    allowed = (
        "tradepost.agent",
        "tradepost.steam.inspect_link",
        "tradepost.rules.games",
        "tradepost.__version__",
    )
    ours = {name for name in imports(path) if name.startswith("tradepost.")}
    assert {name for name in ours if not name.startswith(allowed)} == set()


def test_the_server_never_imports_the_agent() -> None:
    package = SOURCE.parent
    for path in package.rglob("*.py"):
        # The demo furnishes homes for programs of sellers; it is no part of what serves.
        if not path.is_relative_to(SOURCE) and not path.is_relative_to(package / "demo"):
            assert not any(name.startswith("tradepost.agent") for name in imports(path)), path


def test_a_session_does_not_show_itself() -> None:
    session = SteamSession("76561198000000001", "cookie-text", "id-text", "token-text", "secret-text")
    for text in (repr(session), str(session), f"{session}"):
        assert not any(word in text for word in ("cookie-text", "id-text", "token-text", "secret-text"))


@pytest.fixture
async def place(db: Db, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(db, tmp_path / "home") as made:
        yield made


@pytest.mark.sql
async def test_no_body_of_a_whole_run_holds_a_credential(
    place: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await place.user(place.seller_steamid, confirmation="mobile")
    seller, buyer = await place.pair(place.seller_id), await place.pair(place.buyer_id)
    await place.fault(kind="send", mode="created_but_16")
    await place.fault(kind="history", mode="status", code=500)
    view = await place.sell()
    await place.app.db.execute("DELETE FROM inventory_scan")
    async with place.agent(seller, auto_confirm=True), place.agent(buyer):
        view = await place.reaches(view, "sent")
        await place.sim.control("POST", f"/_sim/offers/{view.trade.steam_tradeofferid}/accept")
        await place.reaches(view, "protected")
    calls = {path for path, _ in place.recorder.bodies}
    assert {
        f"/agent/v1/{name}"
        for name in ("heartbeat", "directives/results", "trade-events", "inventory", "offline")
    } <= calls
    secrets = []
    for one in (seller, buyer):
        kept = json.loads(one.session_path.read_bytes())
        secrets += [kept[name] for name in SECRET_FIELDS]
        secrets += kept["access_token"].split(".")
    said = b"".join(body for _, body in place.recorder.bodies)
    logged = "\n".join(record.getMessage() for record in caplog.records if "tradepost.agent" in record.name)
    for secret in secrets:
        assert secret.encode() not in said
        assert secret not in logged
