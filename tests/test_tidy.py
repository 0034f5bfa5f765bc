"""The rules of the house, read off the source: who imports whom, where time comes from, what nobody writes."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
MODULES = sorted((SRC / "tradepost").rglob("*.py"))
TEXTS = sorted(
    path
    for folder in ("src/tradepost", "tests", "scripts", "bench", "examples", "docs", ".ci")
    for path in (ROOT / folder).rglob("*")
    if path.is_file()
    and path.suffix not in {".pyc", ".gz", ".png"}
    and not {"node_modules", "vendor"} & set(path.parts)
) + [path for path in ROOT.iterdir() if path.is_file() and path.suffix != ".lock"]
THIS = Path(__file__)


def name_of(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path, node: ast.AST | None = None) -> Iterator[str]:
    """What a module imports anywhere in it, or in one part of it: full names, of the things imported too."""
    for found in ast.walk(node or tree(path)):
        if isinstance(found, ast.Import):
            yield from (alias.name for alias in found.names)
        elif isinstance(found, ast.ImportFrom):
            base = found.module or ""
            if found.level:
                package = name_of(path).split(".")
                package = package if path.stem == "__init__" else package[:-1]
                base = ".".join([*package[: len(package) - found.level + 1], *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in found.names)


def within(name: str, *rooms: str) -> bool:
    return any(name == f"tradepost.{room}" or name.startswith(f"tradepost.{room}.") for room in rooms)


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


# --- who imports whom ---

SERVER = ["app", "server", "routes", "worker", "patience", "stopping", "market", "dialects", "rules", "steam"]
SERVER += ["db", "config", "log", "embedded"]
FORBIDDEN = {
    # a room: what may not be imported in it
    "rules": (
        "app",
        "agent",
        "market",
        "dialects",
        "steam",
        "db",
        "config",
        "log",
        "embedded",
        "demo",
        "cli",
    ),
    "market": ("dialects", "agent", "embedded", "demo", "cli", "routes", "steam.simulator"),
    "steam": ("market", "dialects", "agent", "db", "app", "embedded", "demo", "cli", "routes", "worker"),
    "agent": ("market", "dialects", "db", "app", "embedded", "demo", "cli", "routes", "worker"),
    "db": ("market", "dialects", "agent", "steam", "app", "rules", "demo", "cli", "routes", "worker"),
    "embedded": ("market", "dialects", "agent", "steam", "app", "rules", "demo", "cli", "routes", "worker"),
    "config": (
        "market",
        "dialects",
        "agent",
        "steam",
        "app",
        "db",
        "embedded",
        "demo",
        "cli",
        "routes",
        "worker",
    ),
}
ASSEMBLY = ("app", "server", "routes", "dialects")  # who may import a dialect


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_point_inward(room: str) -> None:
    wrong = {
        f"{name_of(path)} imports {name}"
        for path in MODULES
        if within(name_of(path), room)
        for name in imports(path)
        if within(name, *FORBIDDEN[room])
    }
    assert not wrong


def test_rules_import_the_standard_library_alone() -> None:
    wrong = {
        f"{name_of(path)} imports {name}"
        for path in MODULES
        if within(name_of(path), "rules")
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not within(name, "rules")
        and name != "tradepost"
    }
    assert not wrong


def test_nobody_imports_a_dialect_but_those_who_put_the_program_together() -> None:
    wrong = {
        f"{name_of(path)} imports {name}"
        for path in MODULES
        if not within(name_of(path), *ASSEMBLY)
        for name in imports(path)
        if within(name, "dialects")
    }
    assert not wrong


def test_the_server_never_imports_the_agent() -> None:
    wrong = {
        f"{name_of(path)} imports {name}"
        for path in MODULES
        if within(name_of(path), *SERVER)
        for name in imports(path)
        if within(name, "agent")
    }
    # The command line starts both, and may only reach for the agent inside the command that runs it.
    for path in MODULES:
        if within(name_of(path), "cli", "__main__"):
            top = [node for node in tree(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
            wrong |= {
                f"{name_of(path)} imports {n} at once"
                for node in top
                for n in imports(path, node)
                if within(n, "agent")
            }
    assert not wrong


def test_the_merchant_s_receiver_stands_alone_and_nobody_here_imports_it() -> None:
    wrong = {
        f"{name_of(path)} imports {name}"
        for path in MODULES
        for name in imports(path)
        if within(name_of(path), "receiver") != within(name, "receiver")
        and (within(name, "receiver") or name.split(".")[0] not in sys.stdlib_module_names)
    }
    assert not wrong


def test_only_the_door_knows_the_driver() -> None:
    wrong = {
        name_of(p)
        for p in MODULES
        if not within(name_of(p), "db") and any(n.startswith("asyncpg") for n in imports(p))
    }
    assert not wrong


# --- time ---

CLOCKS = re.compile(
    r"^(datetime\.)?(datetime|date)\.(now|utcnow|today)$|^time\.(time|time_ns|localtime|gmtime)$"
)
OWN_CLOCKS = {
    "app": "is where the clock is",
    "agent": "paces itself on the seller's machine, where no sandbox reaches",
    "steam.simulator": "is a world with a clock of its own, which the sandbox moves",
    "receiver": "runs on the merchant's machine, and looks at the timestamps of what comes to it",
}


def test_time_comes_from_the_clock_that_is_handed_in() -> None:
    wrong = {
        f"{where(path, node)}: {ast.unparse(node)}"
        for path in MODULES
        if not within(name_of(path), *OWN_CLOCKS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and CLOCKS.match(ast.unparse(node))
    }
    assert not wrong


SQL_CLOCKS = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)"
    r"|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b",
    re.IGNORECASE,
)
SQL_CLOCKS_ALLOWED = {
    "tradepost.db.migrations": "notes when a step was applied, before there is a clock to ask"
}


def test_nobody_waits_by_what_forgets_that_it_was_cancelled() -> None:
    """asyncio.wait_for does, up to Python 3.11, where what it waits for comes together with the cancellation."""
    wrong = {
        where(path, node)
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute | ast.Name)
        and "wait_for" in (getattr(node, "attr", ""), getattr(node, "id", ""))
    }
    assert not wrong


def test_no_sql_reads_a_clock() -> None:
    wrong = set()
    for path in MODULES:
        if name_of(path) in SQL_CLOCKS_ALLOWED:
            continue
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and SQL_CLOCKS.search(node.value)
            ):
                looks_like_sql = re.search(
                    r"\b(select|insert|update|delete|where|set)\b", node.value, re.IGNORECASE
                )
                wrong |= {f"{where(path, node)}: {node.value[:80]}"} if looks_like_sql else set()
    for path in (SRC / "tradepost" / "sql").glob("*.sql"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if SQL_CLOCKS.search(line.partition("--")[0]):
                wrong.add(f"{path.name}:{number}: {line.strip()}")
    assert not wrong


# --- money, transactions ---

FLOATS_ALLOWED = {
    "tradepost.market.shelf.values": "an item's wear is Steam's 32-bit float",
    "tradepost.market.shelf.wanted": "and so is a filter by it",
}


def test_no_money_is_ever_a_float() -> None:
    wrong = set()
    for path in MODULES:
        if not within(name_of(path), "rules", "market") or name_of(path) in FLOATS_ALLOWED:
            continue
        for node in ast.walk(tree(path)):
            calls_float = isinstance(node, ast.Call) and ast.unparse(node.func) == "float"
            divides = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
            names_cents = "cents" in ast.unparse(node) if divides else False
            if calls_float or (divides and names_cents):
                wrong.add(f"{where(path, node)}: {ast.unparse(node)}")
    assert not wrong


def public_functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def test_the_first_argument_of_a_market_verb_says_who_commits() -> None:
    wrong = set()
    for path in MODULES:
        if not within(name_of(path), "market"):
            continue
        for verb in public_functions(path):
            names = [argument.arg for argument in [*verb.args.posonlyargs, *verb.args.args]]
            if isinstance(verb, ast.AsyncFunctionDef) and (not names or names[0] not in {"tx", "app"}):
                wrong.add(
                    f"{where(path, verb)}: {verb.name}({', '.join(names)}) awaits, and takes neither tx nor app first"
                )
            if "tx" in names[1:] or "app" in names[1:]:
                wrong.add(f"{where(path, verb)}: {verb.name} takes tx or app, but not first")
    assert not wrong


def test_nobody_calls_the_world_inside_a_transaction() -> None:
    wrong = set()
    for path in MODULES:
        for block in ast.walk(tree(path)):
            if not isinstance(block, ast.AsyncWith):
                continue
            if not any(ast.unparse(item.context_expr).endswith(".transaction()") for item in block.items):
                continue
            for node in (inner for statement in block.body for inner in ast.walk(statement)):
                if isinstance(node, ast.Attribute) and re.match(
                    r"(self\.|app\.|self\.app\.)(steam|http|dial)\b", ast.unparse(node)
                ):
                    wrong.add(f"{where(path, node)}: {ast.unparse(node)}")
    assert not wrong


# --- what nobody writes ---


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is(path: Path) -> None:
    said = ast.get_docstring(tree(path)) or ""
    assert re.match(r".+[.:!?]$", said.split("\n", 1)[0]), (
        "the first line of a module's docstring is a sentence"
    )


def lines_with(pattern: str, *paths: Path) -> list[str]:
    compiled = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in paths
        if path != THIS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if compiled.search(line)
    ]


def test_nothing_is_left_to_do() -> None:
    assert not lines_with(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError", *TEXTS)


def test_every_exception_from_a_rule_has_its_reason_beside_it() -> None:
    python = [path for path in TEXTS if path.suffix == ".py"]
    codes = r"[A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*"
    assert not lines_with(rf"# noqa(?!: {codes} (- |# )\S)", *python)
    assert not lines_with(r"# type: ignore(?!\[[a-z-]+(, ?[a-z-]+)*\] +# \S)", *python)
    assert not lines_with(r"# pragma: no cover(?! - \w)", *python)


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert not lines_with(r"(?<![\w.-])/(work|root|opt/pypi|opt/wheels)/", *TEXTS)


def test_library_code_prints_nothing() -> None:
    wrong = {
        where(path, node)
        for path in MODULES
        if not within(name_of(path), "cli", "__main__", "demo", "agent")  # these speak to a person
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    }
    assert not wrong


def test_modules_are_nouns_and_nobody_is_a_manager() -> None:
    empty_words = re.compile(r"Manager|Helper|Service|Util|Handler$")
    wrong = {
        path.stem for path in MODULES if path.stem in {"utils", "util", "helpers", "common", "misc", "base"}
    }
    for path in MODULES:
        wrong |= {
            n.name for n in ast.walk(tree(path)) if isinstance(n, ast.ClassDef) and empty_words.search(n.name)
        }
    assert not wrong


# --- what we depend on ---

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = re.compile(r"^[A-Za-z0-9_.-]+")


def names(requirements: list[str]) -> list[str]:
    return [found[0] for requirement in requirements if (found := NAME.match(requirement))]


RUNTIME, DEV = names(PROJECT["dependencies"]), names(PROJECT["optional-dependencies"]["dev"])
BENCH = names(PROJECT["optional-dependencies"]["bench"])


@pytest.mark.parametrize("name", RUNTIME + DEV + BENCH)
def test_every_dependency_has_its_reason(name: str) -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{re.escape(name)}` \| \S", text, re.MULTILINE), (
        f"docs/dependencies.md does not say why {name}"
    )


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", RUNTIME),
        ("requirements-dev.lock", RUNTIME + DEV),
        ("requirements-bench.lock", RUNTIME + BENCH),
    ],
)
def test_a_lock_pins_all_that_is_needed_with_hashes_and_names_no_index(lock: str, wanted: list[str]) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9.-]+)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert set(wanted) | {"setuptools"} <= set(pins)
    assert len(pins) == len(re.findall(r"^[a-z]", text, re.MULTILINE)), "a pin without a hash"
    assert not re.search(r"://|--(index|extra|find|trusted)", text)
