"""What wrk and pgbench say is read as it is, from what they once said, and what is asked of them is what is sent."""

import random
import re
import resource
from collections import Counter
from pathlib import Path

import pytest

from bench import asking, pgbench, profiles, wrk
from bench.__main__ import chosen
from bench.changing import QUIET, Dice, is_lasting
from bench.machine import missing, need, pinned
from bench.nginx import configuration
from bench.options import NotRun, Options
from bench.wrk import Request, Wishes

WRK = """Running 4s test @ http://127.0.0.1:40139
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   629.10us    1.31ms  30.40ms   95.13%
    Req/Sec    83.27k     8.64k   96.57k    75.00%
  331424 requests in 4.00s, 1.33GB read
  Non-2xx or 3xx responses: 12
Requests/sec:  82841.52
Transfer/sec:    340.98MB
bench requests=331424 duration_us=4000694 bytes=1430425984 connect=0 read=2 write=0 status=12 timeout=1 unlike=0 p50_us=330 p99_us=6810 max_us=30402
"""
PGBENCH = """pgbench (18.6)
transaction type: script.sql
scaling factor: 1
query mode: prepared
number of clients: 8
number of threads: 1
maximum number of tries: 1
duration: 5 s
number of transactions actually processed: 20000
number of failed transactions: 3 (0.015%)
latency average = 2.000 ms
initial connection time = 15.043 ms
tps = 4000.123456 (without initial connection time)
"""


def test_what_wrk_says_is_read() -> None:
    run = wrk.parsed(WRK)
    assert (run.requests, run.errors, run.seconds) == (331_424, 15, 4.000694)
    assert run.value == pytest.approx((331_424 - 15) / 4.000694)
    assert (run.p50_ms, run.p99_ms) == (0.33, 6.81)
    assert run.answer_bytes == pytest.approx(4316, abs=1)


def test_a_run_in_which_nobody_answered_is_no_result() -> None:
    with pytest.raises(RuntimeError, match="nobody answered"):
        wrk.parsed(re.sub("requests=[0-9]+", "requests=0", WRK))


def test_a_wrk_that_could_not_run_is_no_result() -> None:
    with pytest.raises(RuntimeError, match="unable to connect"):
        wrk.parsed("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_what_pgbench_says_is_read_with_the_times_of_its_log() -> None:
    log = [f"0 {number} {number * 100} 0 1764500000 123456" for number in range(1, 101)]
    run = pgbench.parsed(PGBENCH, log)
    assert (run.value, run.requests, run.errors) == (4000.123456, 20_000, 3)
    assert run.p50_ms == pytest.approx(5.05)
    assert run.p99_ms == pytest.approx(9.999)


def test_a_client_of_pgbench_that_gave_up_is_an_error() -> None:
    said = "pgbench: error: client 3 script 0 aborted in command 1 query 0: ERROR:  no_item\n" + PGBENCH
    assert pgbench.parsed(said).errors == 4


def test_a_pgbench_without_a_result_is_none() -> None:
    with pytest.raises(RuntimeError, match="connection to server"):
        pgbench.parsed("pgbench: error: connection to server failed")


def test_requests_are_written_as_they_go_over_the_wire_each_after_its_length() -> None:
    buy = Request("/api/v2/buy", {"Token": "live_x"}, "POST", b'{"id":1}')
    with Wishes([Request("/a?b=1"), buy], 8000) as file:
        assert file.read_bytes() == (
            b"45\nGET /a?b=1 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n"
            b"93\nPOST /api/v2/buy HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nToken: live_x\r\nContent-Length: 8\r\n\r\n"
            b'{"id":1}'
        )
    assert not file.exists()


def test_own_times_are_those_of_the_innermost_function() -> None:
    stacks = [
        "main;serve;write 30",
        "main;serve 10",
        "main;other;write 20",
        "Runner.run (asyncio/runners.py:86) 40",
    ]
    assert profiles.own_times(stacks) == (100, [("write", 0.5), (profiles.LOOP, 0.4), ("serve", 0.1)])


def test_the_mix_has_its_parts_and_no_two_addresses_of_a_list_are_the_same() -> None:
    lists = {kind: asking.drawn(kind, 100_000, 200) for kind in asking.KINDS}
    assert all(len(set(paths)) == len(paths) == 200 for paths in lists.values())
    whose = {path: kind for kind, paths in lists.items() for path in paths}
    assert Counter(whose[path] for path in asking.mixed(lists, 1_000)) == {
        kind: parts * 10 for kind, parts in asking.MIX.items()
    }
    assert sum(asking.MIX.values()) == 100


def test_the_same_is_asked_in_each_run() -> None:
    assert asking.drawn("search", 100_000, 50) == asking.drawn("search", 100_000, 50)


def test_what_is_asked_for_by_its_number_is_never_sold_nor_the_oldest_changed() -> None:
    dice = Dice(20_000, random.Random(3))
    sold = [offer for _ in range(500) for offer in dice.sold(10)]
    repriced = [offer for _ in range(500) for offer in dice.repriced(10)[0]]
    assert not any(is_lasting(offer) for offer in sold)
    assert min(repriced) > QUIET and min(sold) > QUIET
    assert 0 not in dice.repriced(1_000)[1]
    assert all(is_lasting(int(path.rpartition("/")[2])) for path in asking.drawn("items", 20_000, 500))


def test_words_and_options_belong_to_the_benchmark_before_them() -> None:
    found = chosen(["reads", "offers=1m", "growth", "trades", "streams", "reads-5m"], Options(short=True))
    assert [name for name, _ in found] == ["reads", "growth", "reads-5m"]
    assert [options.words for _, options in found] == [(), ("trades", "streams"), ()]
    assert found[0][1].whole("offers", 5) == 1_000_000
    assert found[2][1].whole("offers", 5) == 5_000_000
    assert all(options.short for _, options in found)


@pytest.mark.parametrize("words", [["raeds"], ["offers=1"]])
def test_a_benchmark_that_there_is_not_is_named(words: list[str]) -> None:
    with pytest.raises(NotRun, match=words[0]):
        chosen(words, Options())


def test_a_number_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(NotRun, match="offers=many should be a whole number"):
        Options(values={"offers": "many"}).whole("offers", 1)


def test_a_program_that_is_missing_is_named_with_how_to_install_it() -> None:
    assert missing(["sh", "no-such-program"]) == ["no-such-program"]
    with pytest.raises(NotRun, match="no-such-program is missing here: apt install no-such-program"):
        need("sh", "no-such-program")


def test_a_core_that_this_machine_lacks_is_not_asked_for() -> None:
    assert pinned([0, 4_000]) == ["taskset", "--cpu-list", "0"]
    assert pinned(None) == pinned([4_000]) == []


def test_nginx_is_told_what_makes_it_fast() -> None:
    text = configuration(Path("there/files"), 8123)
    for line in (
        "access_log off;",
        "open_file_cache max=",
        "worker_processes 1;",
        "listen 127.0.0.1:8123;",
        "sendfile on;",
    ):
        assert line in text


def test_nginx_keeps_no_more_files_open_than_the_system_lets_it() -> None:
    text = configuration(Path("there/files"), 8123)
    kept = int(re.findall(r"open_file_cache max=(\d+)", text)[0])
    files = int(re.findall(r"worker_rlimit_nofile (\d+)", text)[0])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert kept < files and (most == resource.RLIM_INFINITY or files <= most)
