"""Fetches the scripts of others that the pages use, as `vendor.toml` locks them, into `dialects/web/vendor/`.

    python scripts/fetch_vendor.py [tests]

Each package is one archive from an npm registry, checked by its digest before anything of it is used; node is not
needed. The registry is the one that npm would ask (`npm_config_registry`, or `registry=` in an .npmrc), else the public
one. With `tests`, what only the tests need goes to `tests/vendor/` too. What is there already is not fetched again.
"""

import base64
import hashlib
import os
import re
import sys
import tarfile
import tomllib
import urllib.request
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "src/tradepost/dialects/web/vendor.toml"
PAGES, TESTS = ROOT / "src/tradepost/dialects/web/vendor", ROOT / "tests/vendor"
PUBLIC = "https://registry.npmjs.org"
BYTES_MAX = 1 << 25
SECONDS = 60
STAMP = "stamp"  # says of which packages the files beside it are


def registry(environ: Mapping[str, str] = os.environ, folder: Path = ROOT) -> str:
    """Where npm packages come from on this machine."""
    for name, value in environ.items():
        if name.lower() == "npm_config_registry" and value:
            return value.rstrip("/")
    homes = [folder, Path(environ["HOME"])] if "HOME" in environ else [folder]
    for path in [*(home / ".npmrc" for home in homes), Path("/etc/npmrc")]:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if found := re.search(r"^\s*registry\s*=\s*\"?([^\s\"]+)", text, re.MULTILINE):
            return found[1].rstrip("/")
    return PUBLIC


def archive(name: str, package: Mapping[str, Any]) -> bytes:
    """A package's archive, if it is the very one that was locked; raises ValueError for any other."""
    base = name.rpartition("/")[2]
    address = f"{registry()}/{name}/-/{base}-{package['version']}.tgz"
    if not address.startswith(("https://", "http://")):
        raise ValueError(f"{address} is no address of a registry")
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 - of http and https alone
        body: bytes = answer.read(BYTES_MAX + 1)
    kind, _, wanted = package["integrity"].partition("-")
    if base64.b64encode(hashlib.new(kind, body).digest()).decode() != wanted:
        raise ValueError(f"what came from {address} is not what vendor.toml locks")
    return body


def files(name: str, package: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The files that are wanted of a package, by the names that they get."""
    with tarfile.open(fileobj=BytesIO(archive(name, package)), mode="r:gz") as opened:
        for path in package["files"]:
            member = opened.extractfile(f"package/{path}")
            if member is None:
                raise ValueError(f"{name} has no file {path}")
            yield path.rpartition("/")[2], member.read()


def fetch(wanted: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Fill a folder with the files of these packages, unless it has them."""
    said = "".join(f"{name}@{one['version']} {one['integrity']}\n" for name, one in sorted(wanted.items()))
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == said:
        return
    found = [file for name, package in wanted.items() for file in files(name, package)]
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, body in found:
        (folder / name).write_bytes(body)
    stamp.write_text(said, encoding="utf-8")
    print("Fetched " + ", ".join(f"{name} {one['version']}" for name, one in wanted.items()))


def main(arguments: list[str]) -> int:
    """Fetch what the pages need, and on demand what the tests do."""
    lock = tomllib.loads(LOCK.read_text(encoding="utf-8"))
    parts = {"pages": PAGES, "tests": TESTS} if "tests" in arguments else {"pages": PAGES}
    try:
        for part, folder in parts.items():
            fetch({name: one for name, one in lock.items() if one.get("for", "pages") == part}, folder)
    except (OSError, ValueError, KeyError, tarfile.TarError) as error:
        print(f"The pages' scripts could not be fetched: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
