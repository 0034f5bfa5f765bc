"""Exchange rates: what a source may say and is believed, and that no way through the currencies makes a cent."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.rules.exchange import PLAUSIBLE, Unusable, jump_fault, read_quotes
from tradepost.rules.money import CENTS_MAX, from_usd_cents, read_rate, to_usd_cents

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CURRENCIES = ("EUR", "RUB", "PLN")
RATES = '{"AUD":1.5,"EUR":0.921523,"PLN":3.98,"RUB":92.1500034}'


def read(text: str | bytes, **changes: Any) -> Any:
    body = text if isinstance(text, bytes) else text.encode()
    return read_quotes(body, changes.get("currencies", CURRENCIES), NOW)


def answer(**fields: object) -> str:
    return json.dumps({"base": "USD", "rates": {"EUR": "0.92"}, "date": "2026-11-20", **fields})


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (f'{{"amount":1.0,"base":"USD","date":"2026-11-20","rates":{RATES}}}', datetime(2026, 11, 20, tzinfo=UTC)),
        (f'{{"result":"success","base_code":"USD","time_last_update_unix":1795219201,"rates":{RATES}}}',
         datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC)),
        (f'{{"base_code":"USD","time_last_update_unix":1795219201,"conversion_rates":{RATES}}}',
         datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC)),
        (f'{{"timestamp":1795219201,"date":"2020-01-01","base":"USD","rates":{RATES}}}',
         datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC)),
        (f'\ufeff {{"base":"USD","rates":{RATES}}}\n', None),
        (f'{{"base":"USD","date":"2026-11-22","rates":{RATES}}}', NOW),  # tomorrow somewhere: not of the future here
    ],
)  # fmt: skip
def test_the_forms_of_the_public_sources_are_read(text: str, at: datetime | None) -> None:
    quotes = read(text)
    assert quotes.at == at
    assert quotes.millionths == {"EUR": 921_523, "PLN": 3_980_000, "RUB": 92_150_004}  # rounded up
    assert quotes.faults == {}


@pytest.mark.parametrize(
    "text",
    [
        b"", b"\xff", "nonsense", "[]", "1", "null", '"USD"', "{}", "{", answer(base="EUR"), answer(base=None), answer(base=["USD"]),
        answer(base="usd"), answer(rates=None), answer(rates=[]), answer(rates="0.92"), answer(date="yesterday"),
        answer(date="2026-02-30"), answer(date="2026-11-20T00:00:00"), answer(date=20261120), answer(date="2026-11-23"),
        answer(time_last_update_unix="soon"), answer(time_last_update_unix=-1), answer(timestamp=1795219201.5),
        answer(timestamp=9_999_999_999), answer(timestamp=10**30), answer(timestamp=True), answer(timestamp=[1]),
        '{"base":"USD","rates":{"EUR":NaN},"date":"2026-11-20"}', '{"base":"USD","rates":{"EUR":0.9,"EUR":1.9}}',
        '{"base":"EUR","base":"USD","rates":{"EUR":0.9}}', '{"base":"USD","rates":{"EUR":0.9}} trailing',
        '{"base":"USD","rates":' + "[" * 100_000, "[" * 200_000 + "]" * 200_000,
    ],
    ids=lambda text: ascii(text[:40]),
)  # fmt: skip
def test_an_answer_that_cannot_be_gone_by_says_nothing_at_all(text: str | bytes) -> None:
    with pytest.raises(Unusable):
        read(text)


@pytest.mark.parametrize(
    "rate",
    ["null", "true", '""', '"0,92"', '" 0.92"', '"+0.92"', "-0.92", "0", "0.0000001", "9.2e-1", "1e400", '"0x1"', "[0.92]",
     "{}", '"٠.٩٢"', "0.49", "2.000001", "92", "1" * 4000, "0." + "9" * 41, '"inf"'],
    ids=lambda rate: ascii(rate[:20]),
)  # fmt: skip
def test_a_rate_that_cannot_be_true_leaves_the_others_be(rate: str) -> None:
    quotes = read(f'{{"base":"USD","rates":{{"EUR":{rate},"PLN":"4","RUB":90}},"date":"2026-11-20"}}')
    assert quotes.millionths == {"PLN": 4_000_000, "RUB": 90_000_000}
    assert set(quotes.faults) == {"EUR"}


def test_a_rate_that_is_not_there_is_no_rate() -> None:
    assert read(answer(rates={})).faults == dict.fromkeys(CURRENCIES, "there is none")


@pytest.mark.parametrize("currency", CURRENCIES)
def test_what_is_plausible_holds_its_ends(currency: str) -> None:
    for text in PLAUSIBLE[currency]:
        quotes = read(answer(rates={currency: text}), currencies=[currency])
        assert quotes.millionths == {currency: read_rate(text)}


@given(st.integers(10**6, 2 * 10**6 - 1), st.integers(0, 10**12))
def test_a_rate_is_rounded_up_to_a_millionth_and_never_was_a_float(millionths: int, rest: int) -> None:
    text = f"{millionths // 10**6}.{millionths % 10**6:06d}{rest:012d}"
    found = read(f'{{"base":"USD","rates":{{"EUR":{text}}}}}', currencies=["EUR"]).millionths["EUR"]
    assert found == millionths + (rest > 0)


@pytest.mark.parametrize(
    ("before", "after", "percent", "is_jump"),
    [
        (None, 5, 1, False),
        (100, 100, 1, False),
        (1_000_000, 1_200_000, 20, False),
        (1_000_000, 1_200_001, 20, True),
        (1_000_000, 800_000, 20, False),
        (1_000_000, 799_999, 20, True),
        (1_000_000, 2_000_000, 100, False),
        (1_000_000, 1, 100, False),
    ],
)
def test_a_jump_is_more_than_its_percentage(
    before: int | None, after: int, percent: int, is_jump: bool
) -> None:
    assert (jump_fault(before, after, percent) is not None) == is_jump


# Round trips -------------------------------------------------------------------------------------------------

PLAUSIBLE_RATES = st.integers(500_000, 1_000_000_000)  # from the cheapest euro to the dearest rouble
ANY_RATE = st.integers(1, 10**12)
CENTS = st.integers(0, CENTS_MAX)


@given(CENTS, st.one_of(PLAUSIBLE_RATES, ANY_RATE))
def test_dollars_to_a_currency_and_back_are_no_cent_more(cents: int, rate: int) -> None:
    assert to_usd_cents(from_usd_cents(cents, rate), rate) <= cents


@given(CENTS, st.one_of(PLAUSIBLE_RATES, ANY_RATE))
def test_a_currency_to_dollars_and_back_is_no_cent_more(cents: int, rate: int) -> None:
    assert from_usd_cents(to_usd_cents(cents, rate), rate) <= cents


@given(
    CENTS,
    st.dictionaries(st.sampled_from(CURRENCIES), PLAUSIBLE_RATES, min_size=3),
    st.lists(st.sampled_from(CURRENCIES), max_size=12),
)
def test_no_way_through_the_currencies_makes_a_cent(
    cents: int, rates: dict[str, int], way: list[str]
) -> None:
    """Listing and repricing in one currency after another, each time at what the last one came to."""
    usd = cents
    for currency in way:
        price = from_usd_cents(usd, rates[currency])
        again = to_usd_cents(price, rates[currency])
        assert again <= usd
        assert from_usd_cents(again, rates[currency]) <= price
        usd = again
    assert usd <= cents


@given(CENTS, ANY_RATE, ANY_RATE)
def test_a_dearer_currency_never_brings_more_dollars(cents: int, one: int, other: int) -> None:
    assert to_usd_cents(cents, max(one, other)) <= to_usd_cents(cents, min(one, other))
