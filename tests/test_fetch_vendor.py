"""The scripts of others come from where npm would look, and are taken only if they are the very bytes that were locked."""

import base64
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import fetch_vendor


def packed(path: str, body: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        member = tarfile.TarInfo(f"package/{path}")
        member.size = len(body)
        archive.addfile(member, io.BytesIO(body))
    return made.getvalue()


ARCHIVE = packed("dist/small.js", b"let small;")
GOOD = "sha512-" + base64.b64encode(hashlib.sha512(ARCHIVE).digest()).decode()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A registry that has one archive, and what it was asked for."""
    paths: list[str] = []

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(ARCHIVE)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
    yield paths
    server.shutdown()
    server.server_close()


def package(integrity: str) -> dict[str, Any]:
    return {"version": "1.2.3", "integrity": integrity, "files": ["dist/small.js"]}


def test_what_was_locked_is_fetched_once_and_replaces_what_was_there(
    asked: list[str], tmp_path: Path
) -> None:
    (tmp_path / "old.js").write_text("gone")
    for _ in range(2):
        fetch_vendor.fetch({"@some/small": package(GOOD)}, tmp_path)
    assert asked == ["/@some/small/-/small-1.2.3.tgz"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.js", "stamp"]
    assert (tmp_path / "small.js").read_bytes() == b"let small;"


def test_other_bytes_are_refused_and_nothing_of_them_is_kept(asked: list[str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is not what vendor\.toml locks"):
        fetch_vendor.fetch({"small": package(GOOD.replace("sha512-", "sha512-A")[:-1])}, tmp_path)
    assert asked and not list(tmp_path.iterdir())


def test_the_registry_is_the_one_that_npm_would_ask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".npmrc").write_text("fund=false\nregistry = https://npm.example/all/\n")
    told = {"HOME": str(home), "NPM_CONFIG_REGISTRY": "https://other.example/"}
    assert fetch_vendor.registry(told, tmp_path) == "https://other.example"
    assert fetch_vendor.registry({"HOME": str(home)}, tmp_path) == "https://npm.example/all"
    assert fetch_vendor.registry({"HOME": str(tmp_path)}, tmp_path).startswith("https://registry.")
