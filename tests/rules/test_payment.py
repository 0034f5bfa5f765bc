"""What a notice is named by: its parameters, and the addresses that it can be put behind."""

from datetime import UTC, datetime

import pytest

from tradepost.rules.payment import IPN_NAMES, Ipn, doubled_name, ipn_parameters

AT = datetime(2026, 11, 21, tzinfo=UTC)
TEST = Ipn(0, "a1" * 16, "0", "test-1", "b2" * 8, "t", AT, "0.0.0.0", is_test=True)  # noqa: S104 - an IPN's own


def test_the_names_of_a_notice_s_parameters_are_all_known() -> None:
    assert {name for name, _ in ipn_parameters(TEST, "5" * 64)} == IPN_NAMES


@pytest.mark.parametrize(
    ("query", "name"),
    [
        *((f"{name}=1", name) for name in sorted(IPN_NAMES)),
        ("shop=7&amount=1", "amount"), ("amount", "amount"), ("amount=", "amount"), ("AMOUNT=1", "amount"),
        ("%61mount=1", "amount"), ("order%5Fid=1", "order_id"), ("order.id=1", "order_id"), ("order+id=1", "order_id"),
        ("amount[]=1", "amount"), ("amount%5B%5D=1", "amount"), ("amount[x][y]=1", "amount"), ("order[id=1", "order_id"),
        ("+amount=1", "amount"), ("%20hash=1", "hash"), ("amount%00x=1", "amount"), ("a=1;test=1", "test"),
        ("a=?test=1&test=1", "test"),
    ],
)  # fmt: skip
def test_a_parameter_that_some_program_reads_as_the_notice_s_is_found(query: str, name: str) -> None:
    assert doubled_name(f"https://shop.example/ipn?{query}") == name


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "?",
        "?shop=7",
        "?key=amount",
        "?amounts=1",
        "?x=amount[]",
        "/amount=1",
        "?my_test=1&a=b",
        "?trade=hash",
    ],
)
def test_other_parameters_are_the_merchant_s_own(rest: str) -> None:
    assert doubled_name(f"https://shop.example/ipn{rest}") is None
