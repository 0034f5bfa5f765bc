"""The second factor on pages: a sign-in is whole once a code was given, and a code takes the place of a fresh sign-in."""

from dialects.web.site import USER, Browser, Site
from factors import turn_on_of
from tradepost.dialects.web.visitors import visitor
from tradepost.market import second_factor


async def halfway(site: Site) -> Browser:
    """A browser for which Steam has spoken, and no code was given yet."""
    browser = site.browser()
    seen = await browser.sign_in(next_path="/sessions")
    assert seen.url.endswith("/sign-in/code?next=/sessions"), seen.url
    assert "Your code" in seen.words
    return browser


async def test_a_sign_in_is_whole_once_a_code_was_given(site: Site) -> None:
    codes = await turn_on_of(site.app, USER)
    browser = await halfway(site)
    assert (await browser.get("/sessions")).status == 401
    form = await browser.get("/sign-in/code?next=/sessions")
    seen = await browser.post("/sign-in/code", {"csrf": form.csrf, "code": codes[0], "next": "/sessions"})
    assert (seen.status, seen.url) == (200, f"{site.url}/sessions")
    assert "This browser" in seen.words


async def test_a_wrong_code_leaves_it_halfway(site: Site) -> None:
    await turn_on_of(site.app, USER)
    browser = await halfway(site)
    form = await browser.get("/sign-in/code?next=/sessions")
    seen = await browser.post("/sign-in/code", {"csrf": form.csrf, "code": "123456", "next": "/sessions"})
    assert seen.status == 403
    assert second_factor.WRONG in seen.words
    assert (await browser.get("/sessions")).status == 401


async def test_a_code_is_not_taken_from_another_site(site: Site) -> None:
    codes = await turn_on_of(site.app, USER)
    browser = await halfway(site)
    form = await browser.get("/sign-in/code")
    seen = await browser.post(
        "/sign-in/code", {"csrf": form.csrf, "code": codes[0]}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert seen.status == 403
    assert (await browser.post("/sign-in/code", {"csrf": "0" * 64, "code": codes[0]})).status == 403
    assert (await browser.get("/sessions")).status == 401


async def test_who_is_halfway_can_sign_out(site: Site) -> None:
    await turn_on_of(site.app, USER)
    browser = await halfway(site)
    form = await browser.get("/sign-in/code")
    assert (await browser.post("/sign-out", {"csrf": form.csrf})).status == 200
    assert await site.db.value("SELECT count(*) FROM session") == 0


async def test_who_has_no_second_factor_is_asked_for_no_code(site: Site) -> None:
    browser = await site.signed_in()
    assert (await browser.get("/sign-in/code?next=/sessions")).url == f"{site.url}/sessions"
    assert (await site.browser().get("/sign-in/code")).status == 401


async def test_the_page_leads_nowhere_but_to_our_own(site: Site) -> None:
    codes = await turn_on_of(site.app, USER)
    browser = await halfway(site)
    assert (await browser.get("/sign-in/code?next=//evil.example")).status == 422
    form = await browser.get("/sign-in/code")
    fields = {"csrf": form.csrf, "code": codes[0], "next": "https://evil.example/"}
    assert (await browser.post("/sign-in/code", fields, follow=False)).status == 422


async def test_what_money_depends_on_wants_a_code_of_the_last_minutes(site: Site) -> None:
    codes = await turn_on_of(site.app, USER)
    browser = await halfway(site)
    form = await browser.get("/sign-in/code")
    await browser.post("/sign-in/code", {"csrf": form.csrf, "code": codes[0]})
    key = browser.cookie("tradepost_session")

    async def is_fresh() -> bool:
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"cookie", f"tradepost_session={key}".encode())]}  # fmt: skip
        found = await visitor(site.app, scope)
        assert found is not None
        return found.is_fresh

    assert await is_fresh()
    await site.db.execute("UPDATE session SET code_given_at = code_given_at - interval '6 minutes'")
    assert not await is_fresh(), "however lately he signed in through Steam"
    form = await browser.get("/sign-in/code")
    await browser.post("/sign-in/code", {"csrf": form.csrf, "code": codes[1]})
    await site.age_sign_ins(60)
    assert await is_fresh()
