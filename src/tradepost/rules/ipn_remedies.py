"""What to do about each thing that a receiver of IPNs gets wrong: a sentence, and where it helps a line of PHP and Python.

The lines are those of the receivers in docs/api/receiving.md.
"""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What was handled wrongly."""

    SILENT = "silent"  # no answer came
    LED_AWAY = "led_away"
    STATUS = "status"
    NOT_OK = "not_ok"
    REFUSED = "refused"  # a good notice
    BELIEVED = "believed"  # a bad one
    TOO_MUCH = "too_much"
    TOO_LITTLE = "too_little"
    NOTHING = "nothing"
    OTHER_ACCOUNT = "other_account"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do about a fault."""

    sentence: str
    php: str | None = None
    python: str | None = None


_UNIQUE = Remedy(
    "Keep the trade_id under a unique key, in the same transaction as the credit, and credit only where it was new: insert first,"
    " do not look first.",
    "$new = $db->prepare('INSERT OR IGNORE INTO credit (trade_id, ...) VALUES (?, ...)'); if ($new->rowCount() === 1) { /* credit */ }",
    'new = db.execute("INSERT INTO credit (trade_id, ...) VALUES (?, ...) ON CONFLICT DO NOTHING"); if new.rowcount: ...  # credit',
)
_AGAIN = Remedy(
    "Answer a repeat as the first time, with ok: as long as you do not, it is sent again.",
    _UNIQUE.php,
    _UNIQUE.python,
)
_EACH_SKIN = Remedy(
    "An order may be paid with several skins, and each has a trade_id of its own: tell repeats by trade_id, not by order_id or"
    " transaction_id, and credit each.",
)
_STATUS_SHOWN = "A good notice is answered with a status from 200 to 299 and the word ok"
_ANY: dict[Fault, Remedy] = {
    Fault.SILENT: Remedy(
        "Have the receiver running and reachable at this address, and let it answer within 20 seconds: credit, answer, and do"
        " afterwards what takes long."
    ),
    Fault.LED_AWAY: Remedy(
        "Redirects are not followed: set the address that it leads to as the callback URL."
    ),
    Fault.STATUS: Remedy(
        f"{_STATUS_SHOWN}. 401, 403 or 419: let this address in without sign-in and CSRF token; 404 or 405: it is a GET, of this very"
        " path; 500: your own log says what broke."
    ),
    Fault.NOT_OK: Remedy(
        f"{_STATUS_SHOWN}, and nothing else: no page around it, no JSON, no warnings of the interpreter.",
        "header('Content-Type: text/plain'); exit('ok');",
        'return Response("ok", content_type="text/plain")',
    ),
    Fault.REFUSED: Remedy(
        "It refused a good notice. Is the secret hash that of your gateway, is the order one of this shop's, and does it belong to this"
        " account? If the receiver demands the headers, give their secret with --notice-secret."
    ),
    Fault.BELIEVED: Remedy(
        "Answer error to what you do not believe. Who answers ok is never told again, also when it was his own secret that was wrong.",
        "if (!hash_equals($hash, $_GET['hash'] ?? '')) { http_response_code(403); exit('error'); }",
        'if not hmac.compare_digest(digest, query["hash"]): return Response("error", 403)',
    ),
    Fault.TOO_MUCH: _UNIQUE,
    Fault.NOTHING: Remedy(
        "Credit before you answer ok: who answers ok is never told again.",
    ),
    Fault.TOO_LITTLE: Remedy(
        "Credit exactly the amount: read its text as whole cents, never as a float.",
        "$cents = (int) str_replace('.', '', $_GET['amount']);",
        'cents = int(query["amount"].replace(".", ""))',
    ),
    Fault.OTHER_ACCOUNT: Remedy(
        "The notice's account is not covered by its hash: credit the account of your own order, and refuse a notice that names another.",
        "if ($order === false || $order['account'] !== $_GET['account']) { exit('error'); }",
        'if order is None or order.account != query["account"]: return Response("error", 409)',
    ),
}
_HASH = Remedy(
    "Verify the hash, in constant time, over the texts as they came, before anything else is believed.",
    "$hash = hash('sha256', $_GET['order_id'] . $_GET['amount'] . $_GET['currency'] . $_GET['trade_id'] . SECRET_HASH);"
    " if (!hash_equals($hash, $_GET['hash'])) { exit('error'); }",
    'text = q["order_id"] + q["amount"] + q["currency"] + q["trade_id"] + SECRET;'
    ' good = hmac.compare_digest(hashlib.sha256(text.encode()).hexdigest(), q["hash"])',
)
_TRADE_ID = Remedy(
    "A payment link's signature is a good hash where the trade_id is empty, and the user has seen it: demand a trade_id of 16 to 32"
    " hexadecimal digits.",
    "if (!preg_match('/^[0-9a-f]{16,32}$/D', $_GET['trade_id'] ?? '')) { exit('error'); }",
    'if not re.fullmatch(r"[0-9a-f]{16,32}", query.get("trade_id", "")): return Response("error", 400)',
)
_COMPLETE = Remedy(
    "Only a notice whose status is complete is one of money: refuse any other.",
    "if (($_GET['status'] ?? '') !== 'complete' || ($_GET['type'] ?? '') !== 'payment') { exit('error'); }",
    'if query["status"] != "complete" or query["type"] != "payment": return Response("error", 400)',
)
_CENTS = Remedy(
    "The amount is a text with two decimals, in dollars: read it as whole cents, never as a float, and credit exactly that.",
    _ANY[Fault.TOO_LITTLE].php,
    _ANY[Fault.TOO_LITTLE].python,
)
_BURNT = Remedy(
    "A notice that is refused must leave nothing behind: keep its trade_id only in the transaction that credits it, or a forger"
    " makes the genuine one look like a repeat.",
)
_BY_CASE: dict[tuple[str, Fault], Remedy] = {
    ("good", Fault.TOO_MUCH): _CENTS,
    ("repeated", Fault.REFUSED): _AGAIN,
    ("at_once", Fault.REFUSED): _AGAIN,
    ("slow", Fault.REFUSED): _AGAIN,
    ("reordered", Fault.NOTHING): _EACH_SKIN,
    ("reordered", Fault.TOO_LITTLE): Remedy(
        f"{_EACH_SKIN.sentence} If it is off by a cent, read the amount as whole cents, never as a float.",
        _CENTS.php,
        _CENTS.python,
    ),
    ("reordered", Fault.TOO_MUCH): _CENTS,
    ("at_once", Fault.NOTHING): _EACH_SKIN,
    ("wrong_hash", Fault.BELIEVED): _HASH,
    ("wrong_hash", Fault.TOO_MUCH): _HASH,
    ("tampered", Fault.BELIEVED): _HASH,
    ("tampered", Fault.TOO_MUCH): _HASH,
    ("tampered", Fault.NOTHING): _BURNT,
    ("link_signature", Fault.BELIEVED): _TRADE_ID,
    ("link_signature", Fault.TOO_MUCH): _TRADE_ID,
    ("other_transaction", Fault.TOO_MUCH): Remedy(
        f"The transaction_id is not covered by the hash. {_UNIQUE.sentence}", _UNIQUE.php, _UNIQUE.python
    ),
    ("other_account", Fault.NOTHING): _BURNT,
    ("slow", Fault.TOO_MUCH): Remedy(
        f"The call that we hung up on was credited, and so was the next one. {_UNIQUE.sentence}",
        _UNIQUE.php,
        _UNIQUE.python,
    ),
    ("slow", Fault.NOTHING): Remedy(
        "The call that we hung up on left its trade_id behind without the credit: keep both in one transaction. In PHP,"
        " ignore_user_abort(true) lets the script end, too.",
        "ignore_user_abort(true); $db->beginTransaction(); /* insert the trade_id, credit */ $db->commit(); exit('ok');",
        "with db.transaction(): ...  # insert the trade_id, credit; then answer",
    ),
    ("other_account", Fault.BELIEVED): _ANY[Fault.OTHER_ACCOUNT],
    ("reversed", Fault.BELIEVED): _COMPLETE,
    ("reversed", Fault.TOO_MUCH): _COMPLETE,
    ("webhook", Fault.STATUS): Remedy(
        "A webhook is received with any status from 200 to 299, also one whose type you have no use for."
    ),
    ("webhook", Fault.TOO_MUCH): Remedy(
        "payment.reversed adds nothing: it says that a skin was taken back, and what was credited for its trade_id with it."
    ),
    ("webhook", Fault.TOO_LITTLE): Remedy(
        "Take back only what was credited for this trade_id: this one was never credited (`credited` is false)."
    ),
    ("webhook_forged", Fault.BELIEVED): Remedy(
        "Verify the signature over webhook-id, webhook-timestamp and the body's bytes before you read it, or anybody takes back your"
        " users' credits.",
        "$good = 'v1,' . base64_encode(hash_hmac('sha256', \"$id.$at.$body\", $key, true));",
        "Webhook(secret).verify(body, headers)",
    ),
    ("afterwards", Fault.NOTHING): Remedy(
        "What was credited while we looked was taken away again: keep the credit in the transaction that answers ok."
    ),
    ("afterwards", Fault.TOO_MUCH): Remedy(
        f"Something was credited after it was judged: a queue that is worked off later has to tell repeats, too. {_UNIQUE.sentence}",
        _UNIQUE.php,
        _UNIQUE.python,
    ),
}


def remedy(case: str, fault: Fault) -> Remedy:
    """Return what to do about a fault that a case brought to light."""
    return _BY_CASE.get((case, fault)) or _ANY[fault]
