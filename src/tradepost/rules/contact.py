"""What users may say of themselves: mail addresses, their names at Discord, and the short name of their page."""

import re

MAIL_CHARS_MAX = 254
LOCAL_CHARS_MAX = 64
SHORT_CHARS_MAX = 12
MAILED_DIGITS = 6  # of a code that is mailed

# The dot-atoms of RFC 5321 and names of hosts, in ASCII: what is quoted or commented is legal, and nobody has it.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAIL = re.compile(
    rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9])", re.ASCII
)
_DISCORD = re.compile(r"[1-9][0-9]{16,19}", re.ASCII)
_DISCORD_TAG = re.compile(r"[^\x00-\x1f\x7f@#:`]{2,32}(?:#[0-9]{4})?")
_SHORT = re.compile(rf"[a-z0-9]{{1,{SHORT_CHARS_MAX}}}", re.ASCII)

# Names under which somebody could pass for the market itself or for Steam, or that our own pages may want one day.
_RESERVED = """
    abuse about account accounts admin admins administrator affiliate affiliates agent agents alert alerts api app auth
    balance bank billing blog bot bots buy buyorder cash cashout chat checkout clock contact csrf dashboard demo deposit
    dev disconnect discord docs download email error export faq favicon fee fees finance forum gaben healthz help helpdesk home
    host hostmaster images index info inventory item items join legal live login logout mail manager market me
    merchant merchants metrics mod moderator mods money news notice notices null offer offers official operator
    operators order orders owner page pages pay payment payments payout payouts paypal post postmaster price prices
    privacy profile raw readyz refund refunds register root sale sales sandbox search secure security sell seller sellers
    server session sessions settings shop signin signout signup skrill staff static stats status steam steamadmin
    steampowered steamsupport steamtrade store stream stripe support sys sysadmin system team terms test tos trade
    tradepost trades trading trust u undefined update user users valve verify wallet web webhook webmaster welcome
    withdraw www
"""
RESERVED = frozenset(_RESERVED.split())


def is_mail(text: str) -> bool:
    """Whether a text is a mail address that mail can be sent to."""
    found = _MAIL.fullmatch(text)
    return found is not None and len(text) <= MAIL_CHARS_MAX and len(found[1]) <= LOCAL_CHARS_MAX


def is_discord_id(text: str) -> bool:
    """Whether a text is the number of a Discord user."""
    return _DISCORD.fullmatch(text) is not None


def is_discord_tag(text: str) -> bool:
    """Whether a text is a Discord name, of today or with the four digits that names had before."""
    return _DISCORD_TAG.fullmatch(text) is not None and text.isprintable() and text == text.strip()


def is_short_name(text: str) -> bool:
    """Whether a text can be the short name of somebody's page; whether he may have it is another question."""
    return _SHORT.fullmatch(text) is not None


def is_reserved(short_name: str) -> bool:
    """Whether nobody may have this short name."""
    return short_name in RESERVED
