"""The clients in Python and PHP do what the page about them prints, against the real server."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from dialects.shop import Shop

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/api/clients.md").read_text(encoding="utf-8")
PIECES = re.findall(
    r"## ([^\n]+)\n(?:(?!\n## ).)*?```python\n(.*?)```\n+```php\n(.*?)```\n+```text\n(.*?)```",
    PAGE,
    re.DOTALL,
)
SECONDS = 60


async def run(shop: Shop, folder: str, *command: str, code: str) -> str:
    """What a program prints that has a client beside it, and the market's address and token from outside."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT / "clients" / folder,
        env={"PATH": os.environ["PATH"], "MARKET_URL": shop.url, "MARKET_TOKEN": shop.token},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(code.encode()), SECONDS)
    return said.decode()


def test_the_page_has_every_piece_in_both_languages() -> None:
    assert len(PIECES) == PAGE.count("```python") == PAGE.count("```php") == PAGE.count("\n## ") > 1


@pytest.mark.parametrize("piece", PIECES, ids=[piece[0] for piece in PIECES])
async def test_a_piece_in_python_prints_what_the_page_says(story: Shop, piece: tuple[str, ...]) -> None:
    assert await run(story, "python", sys.executable, "-", code=piece[1]) == piece[3]


@pytest.mark.parametrize("piece", PIECES, ids=[piece[0] for piece in PIECES])
async def test_a_piece_in_php_prints_what_the_page_says(story: Shop, piece: tuple[str, ...]) -> None:
    if shutil.which("php") is None:
        pytest.skip("PHP is not installed")
    assert await run(story, "php", "php", "-d", "include_path=.", code=piece[2]) == piece[3]
