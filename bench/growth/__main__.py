"""`python -m bench.growth AXIS... [--short] [most=100k]`: the same as `python -m bench growth AXIS...`."""

import asyncio
import sys

from bench.growth.axes import run
from bench.options import NotRun, Options

words = tuple(word for word in sys.argv[1:] if "=" not in word and not word.startswith("-"))
values = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
try:
    asyncio.run(run(Options(short="--short" in sys.argv, words=words, values=values)))
except NotRun as refused:
    raise SystemExit(str(refused)) from None
