"""v2's call about the token itself: what it may do, from where and until when, and how often it may call."""

from tradepost.dialects.pace import limits
from tradepost.dialects.shadowpay.calls import Call, Content, Nothing
from tradepost.market.telling import moment


async def token(call: Call, asked: Nothing) -> Content:
    """What the token that is used may do; nothing by which another could use it."""
    caller, settings = call.caller, call.app.settings
    return {
        "data": {
            "prefix": caller.prefix,
            "label": caller.label,
            "scopes": sorted(caller.scopes),
            "allow_addresses": [str(network) for network in caller.allow_addresses],
            "allow_url": caller.allow_url and settings.tokens_in_urls == "allowed",
            "expires": None if caller.expires_at is None else moment(caller.expires_at),
            "requests_per_minute": limits(settings),
        }
    }
