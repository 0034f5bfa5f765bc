"""What a parameter of the user API may be, beside what `dialects/fields` knows."""

from tradepost.market.tokens import LABEL_CHARS_MAX, PREFIX_CHARS, SCOPES
from tradepost.rules import contact
from tradepost.steam.trade_url import TradeUrl, read_trade_url


class Address(str):
    """A mail address."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "Address":
        """The address as it is."""
        if not contact.is_mail(text):
            raise ValueError("must be a mail address, such as name@example.com")
        return cls(text)


class TradeUrlText(str):
    """A trade URL, as it is copied from Steam's page."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "TradeUrlText":
        """The address as it is, if it is one."""
        if read_trade_url(text) is None:
            raise ValueError(
                "must be a trade URL: https://steamcommunity.com/tradeoffer/new/?partner=...&token=..."
            )
        return cls(text)

    @property
    def url(self) -> TradeUrl:
        """Its parts."""
        found = read_trade_url(self)
        if found is None:
            raise ValueError("a trade URL that was read is none")
        return found


class ShortName(str):
    """The short name of somebody's page."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "ShortName":
        """The name as it is; whether he may have it is another question."""
        if not contact.is_short_name(text):
            raise ValueError("must be 1 to 12 small letters and digits")
        return cls(text)


class DiscordId(str):
    """The number of a Discord user."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "DiscordId":
        """The number, which stays a text."""
        if not contact.is_discord_id(text):
            raise ValueError("must be a Discord user id: 17 to 20 digits")
        return cls(text)


class DiscordTag(str):
    """A Discord name."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "DiscordTag":
        """The name as it is."""
        if not contact.is_discord_tag(text):
            raise ValueError("must be a Discord name, such as name or name#1234")
        return cls(text)


class MailedCode(str):
    """The six digits that were mailed."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "MailedCode":
        """The digits."""
        if not (text.isascii() and text.isdecimal() and len(text) == contact.MAILED_DIGITS):
            raise ValueError("must be the six digits that were mailed")
        return cls(text)


class SessionId(str):
    """The name of a session in the list of sessions."""

    __slots__ = ()
    CHARS_MAX = 40

    @classmethod
    def read(cls, text: str) -> "SessionId":
        """The name as it is; whether there is such a session, is looked up."""
        if not (1 <= len(text) <= cls.CHARS_MAX and text.isascii() and text.isprintable()):
            raise ValueError("must be the id of a session, as the list of sessions has it")
        return cls(text)


class KeyPrefix(str):
    """The first characters of an API key."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "KeyPrefix":
        """The characters as they are."""
        if not (len(text) == PREFIX_CHARS and text.isascii() and text.isprintable()):
            raise ValueError(f"must be the first {PREFIX_CHARS} characters of an API key")
        return cls(text)


class Label(str):
    """What an owner calls his API key."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "Label":
        """The words as they are."""
        if len(text) > LABEL_CHARS_MAX or not text.isprintable():
            raise ValueError(f"must have at most {LABEL_CHARS_MAX} printable characters")
        return cls(text)


class KeyScope(str):
    """What an API key may be used for."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "KeyScope":
        """One of the three words."""
        if text not in SCOPES:
            raise ValueError(f"must be one of {', '.join(SCOPES)}")
        return cls(text)


class Network(str):
    """An address or a network that an API key is bound to."""

    __slots__ = ()
    CHARS_MAX = 50

    @classmethod
    def read(cls, text: str) -> "Network":
        """The text as it is; what it stands for is judged where the key is made."""
        if not 1 <= len(text) <= cls.CHARS_MAX:
            raise ValueError("must be an address or a network, such as 10.0.0.0/8")
        return cls(text)


class Days(int):
    """For how many days something is good."""

    MOST = 3_650

    @classmethod
    def read(cls, text: str) -> "Days":
        """The number that the text says."""
        good = (
            text.isascii()
            and text.isdecimal()
            and not text.startswith("0")
            and len(text) <= len(str(cls.MOST))
        )
        if not good or int(text) > cls.MOST:
            raise ValueError(f"must be a whole number of days from 1 to {cls.MOST}")
        return cls(text)
