"""What the user API answers as `content`, key for key: the shapes that its document is made from.

Nothing is written with these; tests hold every answer against them. Calls of other modules have theirs beside them.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

# What a call answers that answers no envelope: its media type, or that it leads elsewhere.
REDIRECT, CSV, ZIP = "a redirect", "text/csv", "application/zip"

Cents = Annotated[int, Meta(description="US cents.")]
Unix = Annotated[int, Meta(ge=0, description="Unix seconds.")]
SteamIdText = Annotated[str, Meta(pattern=r"^7656119[0-9]{10}$", description="A SteamID64.")]
YesText = Annotated[Literal["true", "false"], Meta(description="A text, not a truth value.")]
Scopes = list[Literal["read", "sell", "buy"]]
Prefix = Annotated[str, Meta(description="The key's first characters, to tell keys apart.")]


class Shown(Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of an answer."""


class Done(Shown):
    """What was done, in a sentence."""

    message: str


# Being connected ---------------------------------------------------------------------------------------------


class JwtMade(Shown):
    """A JWT."""

    jwt: Annotated[str, Meta(description="To be sent as `Authorization: Bearer`.")]
    expires_in: Annotated[int, Meta(ge=0, description="Seconds for which it is good.")]
    scopes: Annotated[Scopes, Meta(description="What it may do: what its API key may.")]


class Connected(Shown):
    """Who is connected."""

    isConnected: bool
    steamId: SteamIdText | None


class CsrfToken(Shown):
    """What a session's writes carry."""

    csrf_token: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="For the header `X-CSRF-Token`.")]
    expires_in: Annotated[int, Meta(ge=0, description="Seconds for which the session lasts at most.")]


class SessionRow(Shown):
    """A browser that is signed in, or a JWT."""

    id: str
    kind: Literal["browser", "jwt"]
    name: Annotated[
        str, Meta(description="How the browser, or the program that asked for the JWT, named itself.")
    ]
    apiKey: Annotated[str | None, Meta(description="The first characters of the API key of a JWT.")]
    since: Unix
    lastSeen: Unix | None
    expires: Unix
    current: Annotated[bool, Meta(description="Whether the call is made with it.")]


class Sessions(Shown):
    """Where the account is used."""

    sessions: list[SessionRow]


class Ended(Done):
    """Sessions were ended."""

    ended: Annotated[int, Meta(ge=0)]


class KeyRow(Shown):
    """An API key."""

    prefix: Prefix
    label: str
    scopes: Scopes
    allowAddresses: list[str]
    allowUrl: bool
    created: Unix
    expires: Unix | None
    lastUsed: Unix | None


class Keys(Shown):
    """The API keys of the account."""

    keys: list[KeyRow]


class KeyMade(Shown):
    """A new API key."""

    apiKey: Annotated[str, Meta(description="The key itself: it is shown this once.")]
    prefix: Prefix
    scopes: Scopes
    expires: Unix | None


# About oneself -----------------------------------------------------------------------------------------------


class Informations(
    Shown,
    rename={"two_factor": "2fa"},
):
    """What an account says of itself."""

    steamId: SteamIdText
    balance: Cents
    skrill: str
    tradeurl: str
    since: Unix
    image: str
    two_factor: YesText
    name: str
    lastactivity: Unix
    discordtag: str
    discord: str
    shorturl: str
    message: Annotated[int, Meta(ge=0, description="How many messages are unread.")]
    notification: Annotated[Literal[0, 1], Meta(description="1 where notices are wanted by mail.")]


class Infos(Shown):
    """A user."""

    informations: Informations


class Balance(Shown):
    """What can be spent."""

    balance: Cents


class ContactMail(Shown):
    """Where somebody is reached."""

    address: Annotated[str, Meta(description="Empty where none is known.")]


class TradeUrlKept(Done):
    """A trade URL was saved."""

    verified: Annotated[bool, Meta(description="Whether Steam was asked and takes it.")]


class MailNamed(Done):
    """A mail address was named, or forgotten."""

    confirmed: Annotated[bool, Meta(description="Whether it is the contact mail already.")]


class MailKept(Done):
    """A mail address was confirmed."""

    address: str


class MailNotices(Done):
    """Notices by mail were turned on or off."""

    notification: Literal[0, 1]


class MessageRow(Shown):
    """A message of an operator."""

    id: int
    text: str
    timestamp: Unix
    read: bool


class Messages(Shown):
    """What operators wrote to the user."""

    messages: list[MessageRow]
    unread: Annotated[int, Meta(ge=0)]


class MessagesRead(Done):
    """Messages were read."""

    unread: Annotated[int, Meta(ge=0)]


# The second factor -------------------------------------------------------------------------------------------


class FactorState(Shown, rename={"two_factor": "2fa"}):
    """Whether the second factor is on."""

    two_factor: YesText
    recoveryCodesLeft: Annotated[int, Meta(ge=0)]


class FactorBegun(Shown):
    """What goes into the program for codes."""

    secret: Annotated[str, Meta(pattern="^[A-Z2-7]{32}$")]
    otpauth: Annotated[str, Meta(pattern="^otpauth://totp/")]


class RecoveryCodes(Shown):
    """Codes that stand in for one of the program, each once."""

    recoveryCodes: Annotated[list[str], Meta(min_length=10, max_length=10)]
