"""Code to paste: how a site asks for a payment link, in three languages, with the merchant's public hash in it.

The secret is read from the environment: it is on no page, and belongs into no source.
"""

from typing import NamedTuple

_PHP = r"""<?php
// SECRET_HASH comes from the environment, never from the source.
$params = [
    'order_id'          => 'order-1001',          // yours, unique; 1 to 64 of A-Z a-z 0-9 _ . : -
    'account'           => '1001',                // the player's number on your site
    'security_steam_id' => '76561198000000001',   // who alone may pay
    'amount'            => '6.66',                // what he wants to pay, or leave it away
    'currency'          => 'USD',
];
$params['signature'] = hash('sha256', $params['order_id'] . ($params['amount'] ?? '') . $params['currency'] . getenv('SECRET_HASH'));

$answer = json_decode(file_get_contents('%URL%', false, stream_context_create(['http' => [
    'method'  => 'POST',
    'header'  => 'Content-Type: application/x-www-form-urlencoded',
    'content' => http_build_query($params),
]])), true);
if ($answer['status'] !== 'success') {
    exit($answer['error_message'] . ': ' . $answer['error_details'] . "\n");
}
echo $answer['url'], "\n";                        // send the player there: header('Location: ' . $answer['url'])
"""

_PYTHON = r"""import hashlib, json, os, urllib.parse, urllib.request

params = {
    "order_id": "order-1001",                     # yours, unique; 1 to 64 of A-Z a-z 0-9 _ . : -
    "account": "1001",                            # the player's number on your site
    "security_steam_id": "76561198000000001",     # who alone may pay
    "amount": "6.66",                             # what he wants to pay, or leave it away
    "currency": "USD",
}
signed = params["order_id"] + params.get("amount", "") + params["currency"] + os.environ["SECRET_HASH"]
params["signature"] = hashlib.sha256(signed.encode()).hexdigest()

with urllib.request.urlopen("%URL%", urllib.parse.urlencode(params).encode(), timeout=10) as reply:
    answer = json.load(reply)
if answer["status"] != "success":
    raise SystemExit(f"{answer['error_message']}: {answer['error_details']}")
print(answer["url"])                              # redirect the player there
"""

_CURL = r"""# export SECRET_HASH=... first
order=order-1001 amount=6.66
signature=$(printf %s "$order${amount}USD$SECRET_HASH" | sha256sum | cut -d' ' -f1)
curl -s '%URL%' -d order_id="$order" -d account=1001 -d security_steam_id=76561198000000001 \
  -d amount="$amount" -d currency=USD -d signature="$signature"
"""


class Sample(NamedTuple):
    """A piece of code, and the language it is in."""

    language: str
    code: str


def samples(base_url: str, public_hash: str) -> list[Sample]:
    """The code for one merchant."""
    url = f"{base_url}/en/pay/{public_hash}"
    found = (("PHP", _PHP), ("Python", _PYTHON), ("curl", _CURL))
    return [Sample(language, code.replace("%URL%", url)) for language, code in found]
