"""Who comes to the payment page, and what each is told before anything can be done there."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from dialects.web.counter import SHOP, SLATE, VALENCE, Counter, fates, pieces
from dialects.web.site import OTHER
from tradepost.dialects.web.pay_texts import LANGUAGES, texts
from tradepost.market import agents, payments
from tradepost.market.bans import ban

STEPS = ("step_choose", "step_sell", "step_send")


async def test_before_the_sign_in_it_is_said_for_whom_one_pays_and_what_will_happen(counter: Counter) -> None:
    payer = await counter.payer(SLATE, amount="25.00", order_id="order-9", signed_in=False)
    seen = await payer.look()
    assert seen.status == 200
    for text in (
        f"Pay {SHOP} with skins",
        "Your account there 7",
        "Order order-9",
        "Amount asked for $25.00",
    ):
        assert text in seen.words
    for step in STEPS:
        assert texts("en")(step) in seen.words
    assert f"{SHOP} credits you" in seen.words
    assert payer.steamid not in seen.text  # that is for him alone
    assert SLATE not in seen.text


async def test_the_sign_in_leads_back_to_the_payment(counter: Counter) -> None:
    payer = await counter.payer(SLATE, signed_in=False)
    seen = await payer.look("de", "&game=csgo")
    link = re.search(r'<a class="button big" href="([^"]+)"', seen.text)
    assert link
    steam = await payer.browser.get(link[1].replace("&amp;", "&"), follow=False)
    back = await payer.browser.get(await payer.browser.choose(steam.location, payer.steamid))
    assert back.url == f"{counter.site.url}{payer.path('de', '&game=csgo')}"
    assert [piece[:12] for piece in pieces(back)] == ["AK-47 | Slat"]


async def test_somebody_else_is_told_who_is_expected_and_who_he_is(counter: Counter) -> None:
    payer = await counter.payer(SLATE, name="Ann <i>", signed_in=False)
    await payer.browser.sign_in(OTHER)
    seen = await payer.look()
    assert seen.status == 403
    assert f"The link is for Ann <i> {payer.steamid} You are signed in as Ben {OTHER}" in seen.words
    assert "Ann &lt;i&gt;" in seen.text and "<i>" not in seen.text
    assert SLATE not in seen.text
    # The way out leads back to the payment, where the right one can sign in.
    form = re.search(r'action="/sign-out">.*?name="next" value="([^"]+)"', seen.text)
    assert form
    out = await payer.browser.post("/sign-out", {"csrf": seen.csrf, "next": form[1].replace("&amp;", "&")})
    assert out.status == 200
    assert "Sign in through Steam" in out.words and out.url.endswith(payer.path())


async def test_a_payer_whose_name_nobody_knows_is_named_by_his_number(counter: Counter) -> None:
    payer = await counter.payer(name="", signed_in=False)
    await payer.browser.sign_in(OTHER)
    assert f"The link is for {payer.steamid} You" in (await payer.look()).words


@pytest.mark.parametrize(
    "query",
    [
        "",
        "token=",
        "token=0123456789abcdef0123456789abcdef",
        "token=0123456789ABCDEF0123456789ABCDEF",
        "token=abc",
        "token=" + "a" * 10_000,
        "token=%00",
        "token=%ff%fe",
        "token[]=a",
        "token[a]=b",
        "token=a&token=b",
        "token=%F0%9F%92%A9",
        "token='%20OR%201=1",
        "game=csgo",
    ],
)
async def test_a_link_to_no_payment_gets_a_page_that_says_what_to_do(counter: Counter, query: str) -> None:
    browser = counter.site.browser()
    for lang in ("en", "ru"):
        seen = await browser.get(f"/{lang}/pay?{query}")
        assert seen.status == 404
        assert texts(lang)("unknown_title") in seen.words and texts(lang)("unknown") in seen.words
        assert f'<html lang="{lang}">' in seen.text


async def test_a_payment_asked_for_with_nonsense_beside_it_is_no_payment(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    for more in ("&game=chess", "&game=", "&game=csgo&game=tf2", "&token=x", "&game[x]=1"):
        seen = await payer.look(more=more)
        assert seen.status == (200 if more == "&game=" else 404), more
    assert (await payer.look(more="&utm_source=mail")).status == 200


async def test_other_methods_and_paths_are_refused_as_on_any_page(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    assert (await payer.browser.ask("DELETE", payer.path())).status == 405
    assert (await payer.browser.ask("HEAD", payer.path())).status == 200
    assert (await payer.browser.post("/en/pay/live", {"do": "sell"})).status == 405
    assert (
        await payer.browser.ask("GET", payer.path(), headers={"Host": "evil.example"}, follow=False)
    ).status == 421


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_the_page_speaks_each_language_and_the_switch_keeps_the_payment(
    counter: Counter, lang: str
) -> None:
    t = texts(lang)
    payer = await counter.payer(SLATE, amount="1.00", signed_in=False)
    seen = await payer.look(lang)
    assert f'<html lang="{lang}">' in seen.text
    assert t("heading", merchant=SHOP) in seen.words and t("sign_in") in seen.words
    await payer.browser.sign_in(payer.steamid)
    seen = await payer.look(lang, "&game=csgo")
    days = t("days", n=7)
    assert t("game_protected", game="Counter-Strike 2", days=days) in seen.words
    assert t("choose") in seen.words and t("picked") in seen.words
    links = re.findall(r'<a href="(/[a-z]{2}/pay[^"]*)" lang="([a-z]{2})"', seen.text)
    assert [code for _, code in links] == list(LANGUAGES)
    for link, code in links:
        other = await payer.browser.get(link.replace("&amp;", "&"))
        assert other.status == 200 and f'<html lang="{code}">' in other.text and SLATE[:13] in other.words
    await counter.till.on_sale(payer.payment, 412, assets=[payer.assets[SLATE]])
    live = await payer.look(lang)
    assert t("live") in live.words and t("state_on_sale") in live.words
    assert "{" not in re.sub(r'data-[a-z-]+="[^"]*"', "", live.words)


async def test_an_unknown_language_is_english(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    for lang in ("xx", "de-AT", "EN", "%00", "%C3%A9", "pay"):
        seen = await payer.browser.get(payer.path().replace("/en/", f"/{lang}/"))
        assert seen.status == 200 and '<html lang="en">' in seen.text, lang


async def test_what_strangers_are_called_is_text_and_nothing_else(counter: Counter) -> None:
    evil = '"><script>alert(1)</script>{{7*7}}{n}'
    await counter.db.execute("UPDATE account SET name = $2 WHERE id = $1", counter.till.merchant, evil)
    payer = await counter.payer(name=evil, signed_in=False)
    await counter.give(payer.steamid, evil)
    for lang in LANGUAGES:
        assert "<script>alert" not in (await payer.look(lang)).text
    await payer.browser.sign_in(payer.steamid)
    seen = await payer.look()
    assert "<script>alert" not in seen.text and "49" not in seen.words.replace("0.", "")
    assert evil in seen.words


async def test_a_merchant_without_a_name_is_called_by_his_number(counter: Counter) -> None:
    await counter.db.execute("UPDATE account SET name = '' WHERE id = $1", counter.till.merchant)
    payer = await counter.payer(SLATE)
    steamid = await counter.site.box.stock.steamid_of(counter.till.merchant)
    assert f"Pay merchant {steamid} with skins" in (await payer.look()).words


# What has to be known before anything is put on sale ---------------------------------------------------------------


async def test_that_the_money_takes_days_is_said_before_anything_can_be_chosen(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    seen = await payer.look()
    told = seen.text.index("gets the money only when Steam&#39;s trade protection is over")
    assert told < seen.text.index('class="piece"') < seen.text.index('data-do="sell"')
    assert "Counter-Strike 2, Team Fortress 2: 7 days after the buyer has accepted" in seen.words
    assert "Dota 2, Rust, Steam Community: no protection" in seen.words
    assert "5 % of each price" in seen.words
    assert f"{SHOP} is paid and credits your account 7 there" in seen.words
    assert "Counter-Strike 2: the money comes 7 days after the buyer has accepted." in seen.words


async def test_where_the_merchant_is_credited_at_the_acceptance_that_is_said_instead(
    counter: Counter,
) -> None:
    await counter.till.early(100)
    payer = await counter.payer(SLATE, signed_in=False)
    assert (
        "As far as the merchant's reserve allows, as soon as the buyer has accepted the skin"
        in (await payer.look()).words
    )
    await payer.browser.sign_in(payer.steamid)
    seen = await payer.look()
    assert (
        f"As far as the merchant's reserve allows, {SHOP} is credited as soon as the buyer has accepted."
        in seen.words
    )
    assert "the trade can be taken back, and the credit with it" in seen.words
    assert "only when Steam's trade protection is over" not in seen.words


async def test_without_a_free_reserve_nobody_is_promised_an_early_credit(counter: Counter) -> None:
    await counter.till.early(0)
    payer = await counter.payer(SLATE, signed_in=False)
    assert "Once nobody can take the trade back any more." in (await payer.look()).words
    await payer.browser.sign_in(payer.steamid)
    seen = await payer.look()
    assert "only when Steam's trade protection is over" in seen.words and "reserve" not in seen.words


async def test_another_fee_is_said_as_it_is(counter: Counter) -> None:
    counter.app.settings = replace(counter.app.settings, fee_bps=725)
    payer = await counter.payer(SLATE)
    seen = await payer.look()
    assert "7.25 % of each price" in seen.words
    assert "brings $3.82" in seen.words  # 4.12 less 0.30, which is 0.2987 rounded up


# A program to send with --------------------------------------------------------------------------------------------


async def test_without_a_program_it_is_said_that_nobody_can_buy_and_how_to_get_one(counter: Counter) -> None:
    payer = await counter.payer(SLATE, is_online=False)
    seen = await payer.look()
    assert "nobody can buy them until it runs" in seen.words and "Connect a program" in seen.words
    assert pieces(seen)  # and all the same it can be chosen
    told = await payer.do("code")
    assert told.status == 200 and told.headers["Cache-Control"] == "no-store"
    code = re.search(r"--code ([2-9A-Z]{4}-[2-9A-Z]{4})<", told.text)
    assert code
    for line in (
        "git clone SOURCE tradepost cd tradepost make setup",
        f"tradepost agent pair --market {counter.site.url} --code {code[1]}",
        f"tradepost agent sign-in --simulator {counter.app.settings.steam_control_url}",
        "tradepost agent run",
    ):
        assert line in told.words
    assert "within 10 minutes" in told.words
    app = counter.app
    async with counter.db.transaction() as tx:
        _, agent = await agents.pair(
            tx, code[1], "desk", "linux", "1", now=app.now(), real_now=app.real_now()
        )
    assert agent.steamid == payer.steamid
    assert "It is not running at the moment" in (await payer.look()).words
    device = agents.Device(payer.steamid, "1", "linux", False, "no_steam_session", ())
    async with counter.db.transaction() as tx:
        await agents.heard(tx, agent, device, app.real_now(), 30)
    assert "Steam wants it to sign in again" in (await payer.look()).words
    await counter.site.box.stock.online(payer.id)
    seen = await payer.look()
    assert "So that somebody can buy" not in seen.words  # nothing is missing


async def test_on_the_real_steam_a_session_is_given_by_its_owner(counter: Counter) -> None:
    counter.app.settings = replace(counter.app.settings, steam_control_url="")
    payer = await counter.payer(SLATE, is_online=False)
    told = await payer.do("code", "pl")
    assert "tradepost agent sign-in < session.json" in told.words
    assert '"steam_login_secure"' in told.words and "--simulator" not in told.text


async def test_codes_are_not_made_by_the_thousand(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    statuses = [(await payer.do("code")).status for _ in range(12)]
    assert statuses[:10] == [200] * 10 and statuses[-1] == 429
    assert "That was too much at once. Try again in" in (await payer.do("code")).words


# A trade URL -------------------------------------------------------------------------------------------------------


def trade_url(steamid: str, token: str = "abcd-_12") -> str:
    return (
        f"https://steamcommunity.com/tradeoffer/new/?partner={int(steamid) - 76561197960265728}&token={token}"
    )


async def test_a_missing_trade_url_is_asked_for_and_kept(counter: Counter) -> None:
    payer = await counter.payer(SLATE, has_url=False)
    seen = await payer.look()
    assert "Without it nobody can buy from you" in seen.words and 'name="trade_url"' in seen.text
    done = await payer.do("trade_url", trade_url=f"  {trade_url(payer.steamid)} ")
    assert done.status == 200 and 'name="trade_url"' not in done.text
    assert await token_of(counter, payer.id) == "abcd-_12"


async def token_of(counter: Counter, account_id: int) -> str | None:
    found: str | None = await counter.db.value("SELECT trade_token FROM account WHERE id = $1", account_id)
    return found


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "This is not a trade URL"),
        ("abcd-_12", "This is not a trade URL"),
        ("https://evil.example/tradeoffer/new/?partner=1&token=abcd-_12", "This is not a trade URL"),
        ('"><script>', "This is not a trade URL"),
        (trade_url(OTHER), "This trade URL belongs to another Steam account"),
    ],
)
async def test_a_wrong_trade_url_is_told_beside_the_field(
    counter: Counter, given: str, sentence: str
) -> None:
    payer = await counter.payer(SLATE, has_url=False)
    seen = await payer.do("trade_url", trade_url=given)
    assert seen.status == 422
    assert sentence in seen.words and 'aria-describedby="url-fault"' in seen.text
    assert await token_of(counter, payer.id) is None
    assert pieces(seen)


async def test_what_is_no_text_for_a_form_is_a_sentence_too(counter: Counter) -> None:
    payer = await counter.payer(SLATE, has_url=False)
    seen = await payer.do("trade_url", trade_url="a" * 600)
    assert seen.status == 422 and "This is not a trade URL." in seen.words
    for given in ("a\x00b", "a\nb"):
        seen = await payer.do("trade_url", trade_url=given)
        assert seen.status == 422 and "This could not be read: Trade URL." in seen.words


async def test_a_trade_url_that_steam_refused_is_asked_for_anew(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    await counter.db.execute(
        "UPDATE account SET trade_token_refused_at = $2 WHERE id = $1", payer.id, counter.app.now()
    )
    assert "Steam has refused the one that we have" in (await payer.look()).words
    await payer.do("trade_url", trade_url=trade_url(payer.steamid, "newtoken"))
    assert await token_of(counter, payer.id) == "newtoken"
    assert "refused" not in (await payer.look()).words


async def test_the_trade_token_of_the_link_is_good_enough(counter: Counter) -> None:
    payer = await counter.payer(SLATE, has_url=False, trade_token="fromshop", is_online=False)
    seen = await payer.look()
    assert f"{SHOP} has sent it along." in seen.words and 'name="trade_url"' not in seen.text


# The end -----------------------------------------------------------------------------------------------------------


async def close(counter: Counter) -> None:
    """Let all links end, as they do when nothing was on sale for a day."""
    await counter.db.execute(
        "UPDATE payment SET state = 'open', quiet_from = $1", counter.app.now() - timedelta(days=2)
    )
    assert await payments.close_quiet(counter.app) >= 1


async def test_a_closed_payment_shows_its_outcome_and_nothing_to_choose(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE)
    offers = await counter.till.on_sale(payer.payment, 412, 37, assets=list(payer.assets.values()))
    await counter.till.accept(await counter.till.sent(offers[0]))
    await payer.do("withdraw_all")
    await close(counter)
    seen = await payer.look()
    assert seen.status == 200
    assert "This payment is closed" in seen.words and "Everything in it is settled" in seen.words
    assert len(fates(seen)) == 2 and not pieces(seen)
    assert 'value="sell"' not in seen.text and f"start a new payment at {SHOP}" in seen.words
    # A page that was open before cannot put anything on sale either.
    assert (await payer.do("sell", **payer.skins("1.00"))).status == 200
    assert len(await counter.offers()) == 2


async def test_a_closed_payment_in_which_nothing_was_sold_says_so(counter: Counter) -> None:
    payer = await counter.payer(SLATE, signed_in=False)
    await close(counter)
    seen = await payer.look()
    assert "This payment is closed" in seen.words and "Its link has ended" in seen.words
    await payer.browser.sign_in(payer.steamid)
    assert "None of your skins was sold" in (await payer.look()).words


async def test_a_banned_seller_is_told_until_when(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    async with counter.db.transaction() as tx:
        await ban(tx, payer.steamid, "seller", "strikes & <more>", counter.app.now(), timedelta(days=3))
    for seen in (await payer.look(), await payer.do("sell", **payer.skins("4.12"))):
        assert seen.status == 403
        assert "Your Steam account cannot sell here until" in seen.words and "strikes & <more>" in seen.words
        assert not pieces(seen)
    assert await counter.offers() == []
