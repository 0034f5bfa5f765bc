"""What a shop posts for a link is signed as the market looks at it, and what the market answers is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from receiver.market import SECRET
from tradepost.receiver import LinkRefused, ask_link, link_parameters, new_order_id
from tradepost.rules import payment

V2 = "ab" * 32


@pytest.mark.parametrize("amount", ["", "6.66", "0.10"])
def test_both_signatures_are_the_market_s_own(amount: str) -> None:
    found = link_parameters(
        SECRET, order_id="a-1-o", account="1001", security_steam_id="76561198000000001", amount=amount,
        steam_trade_token="zPvo-jv3", secret_v2=V2,
    )  # fmt: skip
    assert ("amount" in found) is bool(amount)
    assert found["signature"] == payment.link_signature(payment.signed_text("a-1-o", amount, "USD"), SECRET)
    others = {name: value for name, value in found.items() if name != "signature_v2"}
    assert found["signature_v2"] == payment.link_signature_v2(others, V2)


def test_what_is_empty_is_not_sent_and_the_second_signature_only_where_there_is_a_secret_for_it() -> None:
    found = link_parameters(SECRET, order_id="a", account="1", security_steam_id="76561198000000001")
    assert set(found) == {"account", "order_id", "security_steam_id", "currency", "signature"}


def test_an_order_s_id_is_new_each_time_and_no_digit_of_an_amount_can_be_taken_for_its_own() -> None:
    ids = {new_order_id() for _ in range(1000)}
    assert len(ids) == 1000 and all(payment.is_order_id(one) and not one[-1].isdigit() for one in ids)


@contextmanager
def market(answer: Callable[[str, dict[str, list[str]]], tuple[int, bytes]]) -> Iterator[str]:
    """A market at the wire that answers as the test says."""

    class Talk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, said = answer(self.path, parse_qs(body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Talk)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_link_is_asked_for_as_the_document_says() -> None:
    asked: list[tuple[str, dict[str, list[str]]]] = []

    def answer(path: str, form: dict[str, list[str]]) -> tuple[int, bytes]:
        asked.append((path, form))
        return (
            200,
            b'{"token":"a1d5","url":"https:\\/\\/market.example\\/en\\/pay?token=a1d5","status":"success"}',
        )

    with market(answer) as url:
        link = ask_link(url, "ab" * 16, {"account": "1", "order_id": "a b&c"}, language="de")
    assert (link.token, link.url) == ("a1d5", "https://market.example/en/pay?token=a1d5")
    assert asked == [(f"/de/pay/{'ab' * 16}", {"account": ["1"], "order_id": ["a b&c"]})]


@pytest.mark.parametrize("status", [200, 422, 500])
def test_a_refusal_is_told_with_its_code_whatever_its_status(status: int) -> None:
    said = {"status": "error", "error_message": "wrong_params", "error_details": "signature does not fit."}
    with (
        market(lambda *_: (status, json.dumps(said).encode())) as url,
        pytest.raises(LinkRefused, match="signature does not fit") as refused,
    ):
        ask_link(url, "x", {})
    assert refused.value.code == "wrong_params"


@pytest.mark.parametrize("said", [b"", b"[]", b"<html>", b"\xff"])
def test_an_answer_that_is_none_and_a_market_that_is_away_are_errors_of_the_network(said: bytes) -> None:
    with market(lambda *_: (502, said)) as url, pytest.raises(OSError, match="JSON"):
        ask_link(url, "x", {})
    with pytest.raises(OSError, match="refused"):
        ask_link(url, "x", {})


def test_only_http_is_a_market() -> None:
    with pytest.raises(ValueError, match="https"):
        ask_link("file:///etc", "x", {})
