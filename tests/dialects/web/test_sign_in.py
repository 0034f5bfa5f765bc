"""Signing in through Steam: who may, what comes of it, and every way in which it must fail."""

from dialects.web.site import USER, Site


async def test_a_user_signs_in_and_is_led_on(site: Site) -> None:
    browser = site.browser()
    seen = await browser.sign_in()
    assert (seen.status, seen.url) == (200, f"{site.url}/sessions")
    assert "Ann &lt;b&gt;&amp;" in seen.text and USER in seen.words
