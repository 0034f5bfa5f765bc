"""Writes the pages of docs/ that are made from tables in the code, the codes of errors and llms.txt: `make papers`."""

from pathlib import Path

from tradepost.dialects.openapi.papers import Desk
from tradepost.dialects.openapi.versions import statuses_of
from tradepost.dialects.shadowpay.meanings import MEANINGS

DOCS = Path(__file__).resolve().parents[1] / "docs"
ERRORS_HEAD = """# The codes of errors

What a call of the merchant API, or a link, is refused with. All answer the same body, whatever the cause:

```json
{"status": "error", "error_message": "need_sum", "error_details": "Deposit and balance together are less than the price."}
```

`error_message` is one of the codes below and is meant for programs; a code never changes its meaning ([versioning.md](versioning.md)).
`error_details` is a sentence for a person and may be worded anew at any time; for a `validation_error` it begins with the name of the field, as you spelled it.
`buyer_has_buy_items_ban` also has `ban_until` and `ban_reason`.

v2 answers the HTTP status shown here. v1 and links ([pay.md](pay.md)) answer 200 whatever the cause, as their callers read the body alone; only 413 (more was sent than is read) and 429 (too many requests) keep their status there.
No input causes a 500, 502 or 503: these are faults of ours, of Steam, or something that was switched off. Answers with 429 and 503 have the header `Retry-After`, in seconds. Every answer has an `X-Request-Id`, under which it is found in the server's log.

| code | HTTP (v2) | cause | what to do |
|---|---|---|---|
"""


def errors() -> str:
    """The page of error codes."""
    rows = [
        f"| `{word}` | {', '.join(map(str, sorted(set(statuses_of(word)))))} | {meaning.cause} | {meaning.remedy} |"
        for word, meaning in MEANINGS.items()
    ]
    return ERRORS_HEAD + "\n".join(rows) + "\n"


def llms() -> str:
    """The page for programs that read rather than browse; it names no server, so it is the same on every one."""
    return Desk("").sheet("llms.txt").body.decode()


PAGES = {"api/errors.md": errors, "llms.txt": llms}


def main() -> None:
    """Write all of them."""
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
