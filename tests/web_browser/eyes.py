"""Eyes: what somebody who cannot see a page, or sees it on a phone or at night, would stumble over on it."""

import os
from pathlib import Path

from playwright.async_api import Page

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
PHONE, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
_RUN = (
    "axe.run(document, {resultTypes: ['violations']}).then(({violations}) =>"
    " violations.flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) => `${id}: ${html.slice(0, 200)} ${failureSummary}`)))"
)


async def faults(page: Page, *, name: str = "") -> list[str]:
    """What is wrong with an open page, wide by day and narrow by night; with a name its picture is kept, if wanted."""
    found = list[str]()
    for size, scheme in ((WIDE, "light"), (PHONE, "dark")):
        await page.emulate_media(
            color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
        )
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        await page.evaluate(AXE)  # not as a script of the page, which its policy would not let in
        found += [f"{scheme}: {fault}" for fault in await page.evaluate(_RUN)]
        width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if width > 0:
            found.append(f"{scheme}: {width} pixels wider than the screen")
        if name and os.environ.get("TRADEPOST_PICTURES") == "1":
            kind = "phone" if size is PHONE else "wide"
            await page.screenshot(path=PICTURES / f"{name}_{kind}.png")
    return found
