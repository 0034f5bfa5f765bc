"""The receiver runs where nothing else of Tradepost is: with the standard library, on a merchant's machine."""

import subprocess
import sys
from pathlib import Path

import tradepost
from receiver.market import SECRET, told

FOLDER = Path(tradepost.__file__).parent
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from tradepost.receiver import Receiver, SqliteStore
store = SqliteStore(sys.argv[2])
store.new_order("1001", "order-7-o")
receiver = Receiver(store, [sys.argv[3]])
print(receiver.answer("GET", sys.argv[4].encode(), {}).body.decode(), store.balance_cents("1001"))
print(*sorted(name for name in sys.modules if name.startswith("tradepost")))
"""


def test_it_works_without_any_other_package_and_loads_no_other_module_of_ours(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(FOLDER.parent), str(tmp_path / "shop.db"), SECRET, told().query.decode()],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    first, modules = done.stdout.splitlines()
    assert first == "ok 666"
    assert all(name == "tradepost" or name.startswith("tradepost.receiver") for name in modules.split())
