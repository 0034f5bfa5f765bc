"""Where somebody is led after a sign-in is a path of ours, whatever a link to the sign-in says."""

from urllib.parse import quote, urljoin, urlsplit

import pytest

from dialects.web.site import Site
from tradepost.dialects.web.addresses import PATH_CHARS_MAX, is_own_path

OURS = [
    "/",
    "/merchant",
    "/merchant/payments/17",
    "/merchant/payments?order_id=a%3Ab&state=open",
    "/en/pay?token=a1d579731b5fd7b7cb8f64c641f73111",
    "/merchant?x=1&y=2+3",
    "/a.b-c_d~e/f",
    "/merchant?at=2026-11-21T12:00:00Z,b;c",
    "/" + "a" * (PATH_CHARS_MAX - 1),
]
NOT_OURS = [
    "",
    " ",
    "merchant",
    "evil.example",
    "http:",
    "http://evil.example",
    "https://evil.example/",
    "HTTPS://EVIL.EXAMPLE",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "http://127.0.0.1@evil.example",
    "http://127.0.0.1.evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "//evil.example/%2e%2e",
    "//127.0.0.1@evil.example/",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/merchant\\evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "/%2Fevil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/./evil.example",
    "/../evil.example",
    "/merchant/..",
    "/merchant/../..//evil.example",
    "/.",
    "/..",
    "/merchant//evil.example",
    "/merchant/",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    "\n//evil.example",
    " //evil.example",
    " /merchant",
    "/merchant ",
    "/merchant\n",
    "/merchant\r\nSet-Cookie: a=b",
    "/merchant\r\n\r\n<script>",
    "/merchant%0d%0aSet-Cookie:a=b",
    "/merchant?a=b\r\nLocation:http://evil.example",
    "/merchant\x00",
    "/\x00/evil.example",
    "/merchant#fragment",
    "/#//evil.example",
    "/merchant?next=//evil.example",
    "/merchant?next=https://evil.example",
    "/merchant?a=b?c=d",
    "/merchant?a=\\",
    "/merchant?a=<script>",
    "/merchant?a='\"",
    "/@evil.example",
    "/:80",
    "/merchant;//evil.example",
    "@evil.example",
    ":80",
    "?next=/merchant",
    "#/merchant",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "javascript://127.0.0.1/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "ftp://evil.example",
    "blob:https://evil.example/1",
    "/\u00e4",
    "/\u2215evil.example",
    "\u2215\u2215evil.example",
    "\uff0f\uff0fevil.example",
    "/\uff0fevil.example",
    "/\u3002\u3002/evil.example",
    "/\u202eelpmaxe.live",
    "/\u2028/evil.example",
    "/\x85/evil.example",
    "/\xa0/evil.example",
    "\u200b//evil.example",
    "/" + "a" * PATH_CHARS_MAX,
    "/a?" + "b" * PATH_CHARS_MAX,
    "/" * 500,
]


@pytest.mark.parametrize("text", OURS)
def test_a_path_of_ours_is_one(text: str) -> None:
    assert is_own_path(text)
    assert urlsplit(urljoin("http://market.example/sign-in/back", text)).netloc == "market.example"


@pytest.mark.parametrize("text", NOT_OURS, ids=range(len(NOT_OURS)))
def test_what_could_lead_elsewhere_is_none(text: str) -> None:
    assert not is_own_path(text)


def test_the_corpus_is_as_long_as_it_should_be() -> None:
    assert len(set(NOT_OURS)) == len(NOT_OURS) >= 80


async def test_no_link_to_the_sign_in_or_form_of_the_sign_out_leads_elsewhere(site: Site) -> None:
    browser = site.browser()
    for text in NOT_OURS:
        seen = await browser.get(f"/sign-in?next={quote(text, safe='')}", follow=False)
        if text == "":  # as good as none: the first page
            assert seen.status == 303 and seen.location.startswith(site.box.sim.base_url)
        else:
            assert (seen.status, "next: " in seen.text) == (422, True), text
            assert "Location" not in seen.headers and "<script>" not in seen.text
    assert await site.db.value("SELECT count(*) FROM sign_in WHERE next <> '/'") == 0
    browser = await site.signed_in()
    csrf = (await browser.get("/sessions")).csrf
    for text in ("//evil.example", "/\\evil.example", "https://evil.example"):
        seen = await browser.post("/sign-out", {"csrf": csrf, "next": text}, follow=False)
        assert seen.status == 422
    seen = await browser.post("/sign-out", {"csrf": csrf, "next": "/merchant"}, follow=False)
    assert (seen.status, seen.location) == (303, "/merchant")
