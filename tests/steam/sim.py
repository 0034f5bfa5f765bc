"""A simulated Steam inside a test: served over real HTTP (or TLS) on a free port of this event loop."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tradepost.steam.simulator.program import Tls, create_app, serving

STEAM_HOSTS = (
    "steamcommunity.com",
    "api.steampowered.com",
    "login.steampowered.com",
    "store.steampowered.com",
    "help.steampowered.com",
    "localhost",
)


@dataclass
class Sim:
    """A running simulator: where it listens, and its control API."""

    base_url: str
    http: aiohttp.ClientSession
    tls: Tls | None = None

    async def control(self, method: str, path: str, json: Any = None) -> Any:
        """Asks the control API; its refusal is a test's mistake and raises."""
        async with self.http.request(method, self.base_url + path, json=json) as response:
            if not response.ok:
                raise AssertionError(f"{method} {path}: {response.status} {await response.text()}")
            return await response.json()

    async def login(self, steamid: str) -> dict[str, Any]:
        """Signs in as an account: access_token, steamLoginSecure, sessionid, identity_secret and more."""
        signed_in: dict[str, Any] = await self.control("POST", f"/_sim/users/{steamid}/login")
        return signed_in

    async def advance(self, seconds: int) -> None:
        """Moves Steam's clock forward."""
        await self.control("POST", "/_sim/clock", {"advance_seconds": seconds})


@asynccontextmanager
async def simulator(tls: bool = False, data_dir: Path | str | None = None) -> AsyncIterator[Sim]:
    """Runs a simulated Steam; with tls, under a certificate for Steam's host names."""
    with tempfile.TemporaryDirectory() as directory:
        certificate = await asyncio.to_thread(make_certificate, Path(directory)) if tls else None
        app = create_app(Path(data_dir) if data_dir else None)
        try:
            async with serving(app, "127.0.0.1", 0, certificate) as base_url:
                connector = aiohttp.TCPConnector(ssl=False) if tls else None
                async with aiohttp.ClientSession(connector=connector) as http:
                    yield Sim(base_url, http, certificate)
        finally:
            app.close()


def make_certificate(directory: Path) -> Tls:
    """A fresh self-signed certificate for Steam's hosts and 127.0.0.1, good for a day."""
    tls = Tls(directory / "steam.pem", directory / "steam.key")
    names = ",".join([*(f"DNS:{host}" for host in STEAM_HOSTS), "IP:127.0.0.1"])
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-days", "1", "-subj", "/CN=steamcommunity.com", "-addext", f"subjectAltName={names}"]
    command += ["-out", str(tls.cert), "-keyout", str(tls.key)]
    subprocess.run(command, check=True, capture_output=True)
    return tls
