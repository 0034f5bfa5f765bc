"""Fill oscar with the items of a file, by its own models in bulk, and have it index them: `python seed.py items.csv`."""

import csv
import os
import sys
import time
from decimal import Decimal
from pathlib import Path

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
django.setup()

from oscar.core.loading import get_model  # noqa: E402 - only once Django is set up

CHUNK = 5_000


def main() -> None:
    """Make the products, a stock record of one each, the country to send to, and the index."""
    begun = time.monotonic()
    Product, StockRecord = get_model("catalogue", "Product"), get_model("partner", "StockRecord")
    kind = get_model("catalogue", "ProductClass").objects.create(
        name="Item", requires_shipping=True, track_stock=True
    )
    partner = get_model("partner", "Partner").objects.create(name="Peer", code="peer")
    get_model("address", "Country").objects.create(
        iso_3166_1_a2="US",
        iso_3166_1_a3="USA",
        iso_3166_1_numeric="840",
        printable_name="United States",
        name="United States",
        is_shipping_country=True,
    )
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for first in range(0, len(rows), CHUNK):
        chunk = rows[first : first + CHUNK]
        products = Product.objects.bulk_create(
            Product(
                id=int(row["id"]),
                product_class=kind,
                title=row["name"],
                slug=f"item-{row['id']}",
                upc=row["id"],
                is_public=True,
            )
            for row in chunk
        )
        StockRecord.objects.bulk_create(
            StockRecord(
                product=product,
                partner=partner,
                partner_sku=row["id"],
                price_currency="USD",
                price=Decimal(int(row["price_cents"])) / 100,
                num_in_stock=1,
            )
            for product, row in zip(products, chunk, strict=True)
        )
    call_command("sqlsequencereset", "catalogue", "partner", no_color=True, stdout=(out := Sql()))
    out.run()
    print(f"{len(rows)} products in {time.monotonic() - begun:.0f} s")


class Sql:
    """What a command writes as statements, to be run: identifiers were given, so the sequences stand at one."""

    def __init__(self) -> None:
        self._text = ""

    def write(self, text: str) -> None:
        """Take a piece."""
        self._text += text

    def isatty(self) -> bool:
        """A command asks before it colours what it writes."""
        return False

    def flush(self) -> None:
        """Nothing waits."""

    def run(self) -> None:
        """Run all of it."""
        from django.db import connection  # noqa: PLC0415 - only once Django is set up

        with connection.cursor() as cursor:
            cursor.execute(self._text)


main()
