"""A post office: a real mail server on this machine, which takes mails, refuses them or lets us wait."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

USER, PASSWORD = "market", "öffne dich"


@dataclass
class Office:
    """What a mail server got, and what it is told to answer."""

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    connections: int = 0
    over_tls: list[bool] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)  # by recipient, instead of 250
    after_data: str = "250 OK"

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails as a program of the recipient's reads them."""
        return [message_from_bytes(raw(one), policy=policy.default) for one in self.envelopes]

    # What aiosmtpd calls.

    async def handle_EHLO(self, server: SMTP, session: Session, _: Envelope, name: str, responses: list[str]) -> list[str]:  # fmt: skip
        session.host_name = name
        return responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # fmt: skip
        if refusal := self.refusals.get(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.after_data.startswith("250"):
            self.envelopes.append(envelope)
            assert server.transport is not None
            self.over_tls.append(server.transport.get_extra_info("ssl_object") is not None)
        return self.after_data


def raw(envelope: Envelope) -> bytes:
    """A mail as it came."""
    assert isinstance(envelope.content, bytes)
    return envelope.content


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 with its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = folder / "mail.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path


def _log_in(_: Any, __: Any, ___: Any, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword), mechanism
    return AuthResult(
        success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False
    )


@asynccontextmanager
async def office(pem: Path | None = None, *, tls_at_once: bool = False, wants_password: bool = False) -> AsyncIterator[Office]:  # fmt: skip
    """A mail server; with a certificate it speaks STARTTLS, or TLS at once."""
    made, context = Office(), None
    if pem is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)

    class Counting(SMTP):
        def connection_made(self, transport: Any) -> None:
            made.connections += isinstance(transport, asyncio.Transport) and self.session is None
            super().connection_made(transport)

    def smtp() -> SMTP:
        return Counting(
            made,
            tls_context=None if tls_at_once else context,
            require_starttls=context is not None and not tls_at_once,
            authenticator=_log_in if wants_password else None,
            auth_required=wants_password,
            auth_require_tls=False,
            hostname="mail.example.com",
            loop=loop,
        )

    # In a loop of Python's own: how it begins TLS in the middle of a connection, no other loop knows.
    loop = asyncio.SelectorEventLoop()
    thread = threading.Thread(target=loop.run_forever, name="post office", daemon=True)
    thread.start()

    async def call(what: Coroutine[Any, Any, Any]) -> Any:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(what, loop))

    server = await call(loop.create_server(smtp, "127.0.0.1", 0, ssl=context if tls_at_once else None))
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        await call(_end(server))  # in its own loop, which may be ending a connection at this very moment
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(thread.join)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
