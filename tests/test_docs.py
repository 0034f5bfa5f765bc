"""Docs that can rot are tests: every setting, chore, verb, kind of transfer and route has its line."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.routing import BaseRoute, Mount, Route

from tradepost.agent.program import _parser as _agents_parser
from tradepost.app import App
from tradepost.cli import _parser
from tradepost.config import Settings, settings_table
from tradepost.routes import routes
from tradepost.rules.trade import State
from tradepost.worker import CHORES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_every_setting_stands_in_operating_as_it_is() -> None:
    assert settings_table().strip() in read("operating.md")


@pytest.mark.parametrize("chore", [chore.run.__name__ for chore in CHORES])
def test_every_chore_stands_in_operating(chore: str) -> None:
    assert f"| `{chore}` |" in read("operating.md")


@pytest.mark.parametrize("state", State)
def test_every_state_of_a_trade_stands_in_trades(state: State) -> None:
    assert f"| {state.value} |" in read("trades.md")


def test_every_kind_of_transfer_stands_in_ledger() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "src/tradepost/market").glob("*.py")
    )
    kinds = set(re.findall(r'ledger\.post\(\s*tx,\s*f?"[^"]*",\s*"(\w+)"', source)) | {"deposit", "held"}
    assert {"refunded", "finished"} <= kinds
    missing = [kind for kind in kinds if f"| {kind} |" not in read("ledger.md")]
    assert not missing


def _paths(found: list[BaseRoute], prefix: str = "") -> list[str]:
    paths: list[str] = []
    for route in found:
        if isinstance(route, Mount):
            paths.extend(_paths(list(route.routes or []), prefix + route.path))
        elif isinstance(route, Route):
            paths.append(prefix + route.path)
    return paths


def test_every_route_stands_in_a_page_of_the_docs() -> None:
    app = cast(App, SimpleNamespace(settings=Settings(mode="sandbox")))
    pages = "".join(path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))
    paths = [path for path in _paths(routes(app)) if "{rest" not in path and ":path}" not in path]
    assert len(paths) > 15
    missing = [path for path in paths if path not in pages]
    assert not missing


def _verbs(parser: Any, prefix: str = "tradepost") -> list[str]:
    found: list[str] = []
    for action in parser._actions:
        for name, child in (
            (getattr(action, "choices", None) or {}).items() if hasattr(action, "add_parser") else ()
        ):
            below = _verbs(child, f"{prefix} {name}")
            found.extend(below or [f"{prefix} {name}"])
    return found


def _unexplained(parser: Any) -> list[str]:
    """The arguments, here and in all verbs below, of which `--help` shows the name alone."""
    found: list[str] = []
    for action in parser._actions:
        if hasattr(action, "add_parser"):
            for child in action.choices.values():
                found.extend(_unexplained(child))
        elif not action.help:
            found.append(f"{parser.prog} {action.dest}")
    return found


def test_every_argument_of_every_verb_is_explained() -> None:
    assert _unexplained(_parser()) == []
    assert _unexplained(_agents_parser()) == []


def test_every_verb_says_in_a_sentence_what_it_does() -> None:
    verbs = _verbs(_parser())
    assert {
        "tradepost check",
        "tradepost merchant create",
        "tradepost token revoke",
        "tradepost trade rule",
    } <= set(verbs)


@pytest.mark.parametrize(
    "page",
    [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"],
    ids=lambda page: page.name,
)
def test_no_link_leads_nowhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
