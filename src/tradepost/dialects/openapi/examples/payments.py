"""Examples of v2's calls of payments with skins."""

from tradepost.dialects.openapi.examples.rows import Example

PAYMENTS: dict[str, Example] = {}
