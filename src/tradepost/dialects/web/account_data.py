"""One's own data: all of it as a file, and its deletion, which says before what it is that stays and what is in its way."""

import msgspec
from starlette.responses import Response, StreamingResponse

from tradepost.app import App
from tradepost.dialects.pace import Pace
from tradepost.dialects.web import cookies
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.typed import Typed
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import leaving, own_data, users
from tradepost.rules.refusals import Conflicting, Malformed, Refusal

DATA = "/account/data"
PER_MINUTE = 5


class Nothing(msgspec.Struct):
    """A form without any field of its own."""


class Leaving(msgspec.Struct):
    """Who is deleted: himself, typed once more."""

    confirm: Typed = Typed("")


class DataPage:
    """The page of one's own data of one server."""

    def __init__(self) -> None:
        self._pace = Pace(PER_MINUTE)

    async def show(self, visit: Visit) -> Response:
        """What can be had and deleted, and what is in the way of that."""
        return await _page(visit)

    async def export(self, visit: Visit) -> Response:
        """All that is kept of the visitor, as a zip."""
        app, account_id = visit.app, visit.fresh().account_id
        await visit.form(Nothing)
        self._pace.count(account_id, app.real_now())
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="tradepost-data.zip"',
        }
        return StreamingResponse(
            own_data.stream(app, account_id), media_type="application/zip", headers=headers
        )

    async def leave(self, visit: Visit) -> Response:
        """Delete the visitor's data, if he typed who he is and nothing of his is open."""
        app, visitor = visit.app, visit.fresh()
        asked = await visit.form(Leaving)
        if asked.confirm != visitor.steamid:
            return await _page(
                visit, Malformed("confirm", "is another one: type the number that stands above")
            )
        self._pace.count(visitor.account_id, app.real_now())
        account = await users.by_id(app.db, visitor.account_id)
        try:
            await leaving.leave(app, account, actor_id=account.id, reason="asked for by the user")
        except Conflicting as refusal:
            return await _page(visit, refusal)
        visit.visitor, visit.bell = None, None
        answer = visit.page("account_left.html")
        answer.raw_headers.append(cookies.write(app.settings, cookies.SESSION, "", 0))
        return answer


async def _page(visit: Visit, refusal: Refusal | None = None) -> Response:
    app, visitor = visit.app, visit.signed_in()
    account = await users.by_id(app.db, visitor.account_id)
    return visit.page(
        "account_data.html",
        422 if refusal else 200,
        refusal=refusal,
        refused=say(refusal) if refusal else "",
        typed=visit.typed,
        parts=[name.replace("_", " ") for name in own_data.PARTS],
        open_matters=await leaving.open_matters(app.db, account),
    )


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of one's own data, the file, and the form that deletes them."""
    page = DataPage()
    return [
        Page(app, desk, DATA, get=page.show),
        Page(app, desk, f"{DATA}/file", post=page.export, home=DATA),
        Page(app, desk, f"{DATA}/delete", post=page.leave, home=DATA),
    ]
