"""What the seed says can be read, whether it lies beside the repository or not."""

from golden.seed import TABLE, examples, read_table, said, said_by, seed, write_table


def test_the_table_says_what_the_seed_says() -> None:
    table = TABLE.read_text(encoding="utf-8")
    text = seed()
    whole = read_table(table) if text is None else said_by(text)
    assert read_table(table) == whole
    assert write_table(whole) == table


def test_nothing_of_the_seed_is_left_out() -> None:
    found = said()
    assert len(found.shapes) == 35
    assert len(found.calls) == 28
    assert len(found.words) == 20
    assert {name.partition(" | ")[0] for name in found.shapes} == found.calls.keys()
    for name, places in found.shapes.items():
        assert name.endswith("request") or places["status"] == {"text"}, name


def test_four_examples_are_no_json_as_they_stand_and_four_forget_their_status() -> None:
    mended = {one.name: one.mended for one in examples(seed() or "") if one.mended}
    assert seed() is None or mended == {
        "POST /api/v1/search_similar_items | Search for similar items": ("comma",),
        "GET /api/v1/get_items_on_sale | Get items on sale": ("status",),
        "GET /api/v1/get_items_on_sale_filtered | Get items on sale (Filtered)": ("status",),
        "GET /api/v1/get_items_on_sale_filtered | Get my items on sale": ("status",),
        "GET /api/v1/get_steam_prices | Get steam prices": ("status",),
        "GET /api/v2/account/inventory | Get subseller inventory": ("ellipsis",),
        "GET /api/v2/items | Get Items": ("ellipsis",),
        "GET /api/v2/steam_items | Get Steam Items": ("ellipsis",),
    }
