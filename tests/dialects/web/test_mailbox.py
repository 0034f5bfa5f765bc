"""The demo's mailbox: every mail of the town, as text, and nowhere but in a demo."""

from dialects.web.site import Site, site_on
from tradepost.db import Db
from tradepost.market import mails, posting


async def write(site: Site, subject: str, text: str = "Your code is 123456") -> None:
    async with site.db.transaction() as tx:
        await mails.queue(tx, to="ann@example.org", subject=subject, text=text, now=site.app.real_now())


async def test_what_is_mailed_in_the_demo_is_read_there(db: Db) -> None:
    async with site_on(db, mode="demo") as site:
        browser = site.browser()
        assert "There are none." in (await browser.get("/demo/mail")).words
        await write(site, "First")
        await write(site, "Second <b>&", "<script>alert(1)</script>\nline two")
        await posting.send_mails(site.app)
        seen = await browser.get("/demo/mail")
        assert seen.status == 200
        assert seen.words.index("Second <b>&") < seen.words.index("First")
        assert "To ann@example.org" in seen.words
        assert "Your code is 123456" in seen.words
        assert "<script>alert" not in seen.text
        assert 'href="/demo/mail"' in (await browser.get("/")).text


async def test_old_mails_are_on_further_pages(db: Db) -> None:
    async with site_on(db, mode="demo") as site:
        for number in range(52):
            await write(site, f"No. {number:02}")
        browser = site.browser()
        first, second = await browser.get("/demo/mail"), await browser.get("/demo/mail?page=1")
        assert (first.words.count("No. "), second.words.count("No. ")) == (50, 2)
        assert "No. 51" in first.words
        assert "Older" in first.words
        assert "Older" not in second.words
        assert (await browser.get("/demo/mail?page=-1")).status == 422
        assert (await browser.get("/demo/mail?page=999999999")).status == 200


async def test_there_is_no_such_page_elsewhere(db: Db) -> None:
    async with site_on(db, mode="sandbox") as site:
        await write(site, "Secret")
        seen = await site.browser().get("/demo/mail")
        assert seen.status == 404
        assert "Secret" not in seen.text
        assert "/demo/mail" not in (await site.browser().get("/")).text
