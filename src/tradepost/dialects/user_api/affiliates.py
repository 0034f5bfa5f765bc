"""The user API's call about affiliates: a visitor came by somebody's link."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tradepost.dialects.edge import header_values
from tradepost.dialects.hosts import is_allowed
from tradepost.dialects.user_api.answers import Shown
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method
from tradepost.dialects.user_api.connected import OWN_SITE
from tradepost.dialects.user_api.sales_fields import ReferralCode
from tradepost.dialects.web import cookies
from tradepost.market import affiliates
from tradepost.rules.affiliate import CLICK_COUNTS

CLICKS_PER_MINUTE = 30


class AffiliateAsked(msgspec.Struct):
    """By whose link somebody came."""

    ref: ReferralCode


class ClickKept(Shown):
    """A click that is kept."""

    affiliate_id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="The click's own name.")]


async def click(call: Call, asked: AffiliateAsked) -> Content:
    """Keep that a visitor came by an affiliate's link, whether he is connected or not.

    His browser keeps it for a month: who signs in with it and has not traded before was brought by that affiliate.
    """
    settings = call.app.settings
    kept = await affiliates.click(
        call.app,
        str(asked.ref),
        account_id=None if call.person is None else call.person.account_id,
        name=cookies.read(call.scope, settings, cookies.AFFILIATE),
    )
    # Not where another site's page made the browser come here: who never saw the link came by none.
    ours = all(site in OWN_SITE for site in header_values(call.scope, b"sec-fetch-site"))
    if ours and is_allowed(call.scope, settings.allowed_hosts):
        seconds = int(CLICK_COUNTS.total_seconds())
        call.headers.append(cookies.write(settings, cookies.AFFILIATE, kept, seconds))
    return {"affiliate_id": kept}


CALLS: Calls = {
    "/user/setAffiliates": {
        "POST": Method(click, who="anybody", per_minute=CLICKS_PER_MINUTE, answers=ClickKept)
    },
}
