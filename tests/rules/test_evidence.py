"""What proves that an item changed hands, and what does not."""

import pytest

from tradepost.rules.evidence import Asset, Sold, came_back, find_delivered, still_there

KNIFE = Sold("1000", "★ Karambit | Doppler (Factory New)", "7-44-661-0.031")
CASE = Sold("1000", "Fracture Case", None)


def test_the_fingerprint_is_the_item_whatever_its_new_id() -> None:
    seen = [
        Asset("2000", KNIFE.market_hash_name, "7-44-661-0.032"),
        Asset("2001", KNIFE.market_hash_name, "7-44-661-0.031"),
    ]
    assert find_delivered(KNIFE, seen, new_assetid=None, had_before=None) == "2001"


def test_the_name_alone_proves_nothing() -> None:
    seen = [Asset("2000", KNIFE.market_hash_name, "7-44-661-0.032")]
    assert find_delivered(KNIFE, seen, new_assetid="2000", had_before=()) is None


@pytest.mark.parametrize(
    ("assetid", "claimed", "had_before", "others", "why"),
    [
        ("2000", "2001", (), (), "the seller names another asset"),
        ("2000", None, (), (), "nobody named it"),
        ("2000", "2000", ("2000",), (), "the buyer had it before"),
        ("2000", "2000", None, (), "nobody knows what the buyer had before"),
        ("2000", "2000", (), ("2000",), "it was delivered by another trade"),
        ("999", "999", (), (), "it is older than the one that was sold"),
        ("1000", "1000", (), (), "it is the very id that was sold"),
        ("２０００", "２０００", (), (), "that is no asset id"),
    ],
)
def test_without_a_fingerprint_a_new_asset_must_be_new_in_every_way(
    assetid: str, claimed: str | None, had_before: tuple[str, ...] | None, others: tuple[str, ...], why: str
) -> None:
    seen = [Asset(assetid, CASE.market_hash_name)]
    assert (
        find_delivered(CASE, seen, new_assetid=claimed, had_before=had_before, of_other_trades=others) is None
    ), why


def test_a_new_asset_under_the_claimed_id_is_evidence() -> None:
    seen = [Asset("1500", CASE.market_hash_name), Asset("2000", CASE.market_hash_name)]
    assert find_delivered(CASE, seen, new_assetid="2000", had_before=("1500",)) == "2000"


def test_another_name_under_the_claimed_id_is_none() -> None:
    assert find_delivered(CASE, [Asset("2000", "Chroma Case")], new_assetid="2000", had_before=()) is None


def test_an_item_is_still_there_by_fingerprint_or_id() -> None:
    assert still_there(KNIFE, [Asset("7", KNIFE.market_hash_name, "7-44-661-0.031")], "2001")
    assert not still_there(KNIFE, [Asset("2001", KNIFE.market_hash_name, "7-44-661-0.032")], "2001")
    assert still_there(CASE, [Asset("2000", CASE.market_hash_name)], "2000")
    assert not still_there(CASE, [Asset("2001", CASE.market_hash_name)], "2000")


def test_an_item_came_back_under_its_old_id_or_its_fingerprint() -> None:
    assert came_back(KNIFE, [Asset("3000", KNIFE.market_hash_name, "7-44-661-0.031")])
    assert came_back(CASE, [Asset("1000", CASE.market_hash_name)])
    assert not came_back(CASE, [Asset("3000", CASE.market_hash_name)])
