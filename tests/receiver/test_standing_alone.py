"""The receiver runs where nothing else of Tradepost is: with the standard library, on a merchant's machine."""

import shutil
import subprocess
import sys
from pathlib import Path

import tradepost
from receiver.market import SECRET, told

FOLDER = Path(tradepost.__file__).parent
PROGRAM = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
found = importlib.import_module(sys.argv[5])
Receiver, SqliteStore = found.Receiver, found.SqliteStore
store = SqliteStore(sys.argv[2])
store.new_order("1001", "order-7-o")
receiver = Receiver(store, [sys.argv[3]])
print(receiver.answer("GET", sys.argv[4].encode(), {}).body.decode(), store.balance_cents("1001"))
print(*sorted(name for name in sys.modules if name.startswith("tradepost")), "")
"""


def run(folder: Path, module: str, database: Path) -> tuple[str, list[str]]:
    """What it says with this folder and the standard library alone, and the modules of ours that it loaded."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(folder), str(database), SECRET, told().query.decode(), module],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    first, modules = done.stdout.splitlines()
    return first, modules.split()


def test_it_works_without_any_other_package_and_loads_no_other_module_of_ours(tmp_path: Path) -> None:
    said, modules = run(FOLDER.parent, "tradepost.receiver", tmp_path / "shop.db")
    assert said == "ok 666"
    assert all(name == "tradepost" or name.startswith("tradepost.receiver") for name in modules)


def test_its_folder_copied_beside_a_shop_works_under_any_name(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "receiver", tmp_path / "skins")
    assert run(tmp_path, "skins", tmp_path / "shop.db") == ("ok 666", [])
