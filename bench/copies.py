"""Copies: what our server answers, as files for nginx to send, so that both sides send the same bytes."""

import asyncio
import gzip
import random
from collections.abc import Iterable, Mapping
from pathlib import Path

import aiohttp
from yarl import URL

AT_ONCE = 16
FOLDER = 1_000  # files of one folder
SAMPLE = 200


class Differs(Exception):
    """Both sides answered differently where they must not."""


class Copies:
    """A folder of files, and which address of ours each is a copy of."""

    def __init__(self, root: Path, token: str) -> None:
        self.root, self._headers = root, {"Token": token, "Accept-Encoding": "identity"}
        self.places: dict[str, str] = {}  # by our address: nginx's
        root.mkdir(parents=True, exist_ok=True)

    async def take(self, url: str, paths: Iterable[str]) -> None:
        """Ask our server for what was not asked yet, and keep what it answers."""
        waiting = [path for path in dict.fromkeys(paths) if path not in self.places]
        for path in waiting:
            number = len(self.places)
            self.places[path] = f"/{number // FOLDER}/{number % FOLDER}"
        asked = iter(waiting)

        async def some(http: aiohttp.ClientSession) -> None:
            for path in asked:
                body = await answer(http, url, path)
                file = self.root / self.places[path][1:]
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(body)

        async with aiohttp.ClientSession(headers=self._headers, auto_decompress=False) as http:
            await asyncio.gather(*(some(http) for _ in range(AT_ONCE)))

    def press(self, path: str) -> str:
        """The place of a copy that nginx sends compressed, from a file beside it."""
        place = self.places[path]
        file = self.root / "pressed" / place[1:].replace("/", "-")
        file.parent.mkdir(exist_ok=True)
        plain = (self.root / place[1:]).read_bytes()
        file.write_bytes(plain)
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(plain, 6, mtime=0))
        return f"/pressed/{file.name}"

    async def compare(self, ours: str, theirs: str, paths: Iterable[str]) -> int:
        """Ask both sides for a sample of these; raises Differs where they answer with different bytes."""
        known = list(dict.fromkeys(paths))
        sample = random.Random(5).sample(known, min(SAMPLE, len(known)))  # noqa: S311 - any will do
        async with aiohttp.ClientSession(headers=self._headers, auto_decompress=False) as http:
            for path in sample:
                if await answer(http, ours, path) != await answer(http, theirs, self.places[path]):
                    raise Differs(f"{path} is answered differently by both sides")
        return len(sample)


async def answer(
    http: aiohttp.ClientSession, url: str, path: str, headers: Mapping[str, str] | None = None
) -> bytes:
    """The body of an answer that must be a 200."""
    # The address goes out as it stands: written anew, it would be another one.
    async with http.get(URL(url + path, encoded=True), headers=headers) as reply:
        body = await reply.read()
        if reply.status != 200:  # noqa: PLR2004 - HTTP's own
            raise Differs(f"{path} was answered {reply.status}: {body[:200]!r}")
        return body
