"""llms.txt: the APIs in one plain page, for programs that read rather than browse."""

from tradepost.dialects.openapi.outline import Call
from tradepost.dialects.openapi.recipes import RECIPES
from tradepost.dialects.openapi.values import Schema
from tradepost.dialects.shadowpay.meanings import MEANINGS

HEAD = """# Tradepost

> An open, self-hosted market for Steam items. Merchants buy and sell items for their users over the ShadowPay merchant API, v1 and v2; sellers' programs send the items over the agent API; users see and manage what is theirs over the user API, and admins run the market over the operator API. Sites let their users pay with skins by a link and are told of each sold one (IPN).

Use v2 for new programs; v1 is for clients that were written for it. Paths below are relative to this server. The user API and the operator API have envelopes and units of their own, told where their calls are.

## How to call the merchant API

- Token: header `Token: ...` (or `Authorization: Bearer ...`, or the parameter `token`). A token has scopes: read, sell, buy. Tokens that begin with `test_` belong to a sandbox.
- Parameters: query, form or JSON, in any mixture; lists as `name[]=a`, as repeated names or as JSON arrays.
- Success: `"status":"success"`. Refusal: `"status":"error"` with `error_message` (a code) and `error_details` (a sentence). v2 answers HTTP statuses that fit, v1 always 200 but for 413 and 429.
- Money: USD, at most two decimals, never rounded. Moments: `YYYY-MM-DD HH:MM:SS`, UTC.
- Write once: send `Idempotency-Key` with every write, and the same request again after a lost answer.
- Too often: 429 with `Retry-After`; `X-RateLimit-Remaining` says what is left.

## Documents
"""


def llms(papers: list[tuple[str, str, str, Schema, list[Call]]]) -> str:
    """The page's text; of each document its name, key, prefix, itself and its calls."""
    lines = [HEAD]
    for title, key, prefix, _, _ in papers:
        lines.append(
            f"- [{title}]({prefix}/openapi.json): OpenAPI 3.1; to be read at [/docs/{key}](/docs/{key})"
        )
    for title, key, _, document, calls in papers:
        about = document["info"]["description"]
        # How the others are called stands above.
        lines += ["", f"## {title}", "", about if key in ("user", "operator") else about.split("\n\n")[0], ""]
        lines += [_line(call) for call in calls]
    for recipe in RECIPES:
        steps = [f"{number}. {step}" for number, step in enumerate(recipe.steps, 1)]
        lines += ["", f"## {recipe.title}", "", *steps]
    lines += ["", "## Errors", ""]
    lines += [f"- `{word}`: {meaning.cause} {meaning.remedy}" for word, meaning in MEANINGS.items()]
    return "\n".join(lines) + "\n"


def _line(call: Call) -> str:
    names = [f"{row.name}*" if row.required else row.name for row in call.parameters if row.place != "header"]
    asked = f" ({', '.join(names)})" if names else ""
    methods = " or ".join([call.method, *call.others])
    return f"- `{methods} {call.path}`{asked}: {call.summary}."
