"""Figures for Prometheus: what every thread counted, put together when it is read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, Thread

from prometheus_client import generate_latest

from idp.records import LogoutBacklog
from service.metrics import Metrics


def test_what_all_threads_counted_is_told_together() -> None:
    metrics, together = Metrics(), Barrier(4)

    def count(_: int) -> None:
        together.wait()
        for _ in range(500):
            metrics.count("/pki/ocsp", "POST", 200, 0.0005)
        metrics.count("/pki/ocsp", "POST", 200, 0.3)
        metrics.count("/pki/ocsp", "BREW", 405, 100.0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    value = metrics.registry.get_sample_value
    posted = {"endpoint": "/pki/ocsp", "method": "POST", "status": "200"}
    assert value("chaoxin_http_requests_total", posted) == 2004
    assert value("chaoxin_http_requests_total", {**posted, "method": "other", "status": "405"}) == 4
    buckets = {
        bound: value("chaoxin_http_request_seconds_bucket", {"endpoint": "/pki/ocsp", "le": bound})
        for bound in ("0.001", "0.25", "0.5", "5.0", "+Inf")
    }
    assert buckets == {"0.001": 2000, "0.25": 2000, "0.5": 2004, "5.0": 2004, "+Inf": 2008}
    assert value("chaoxin_http_request_seconds_count", {"endpoint": "/pki/ocsp"}) == 2008
    total = value("chaoxin_http_request_seconds_sum", {"endpoint": "/pki/ocsp"})
    assert total is not None
    assert round(total, 6) == round(2000 * 0.0005 + 4 * 0.3 + 400, 6)


def test_threads_that_come_and_go_leave_nothing_but_their_counts() -> None:
    metrics = Metrics()
    for _ in range(20):
        thread = Thread(target=metrics.count, args=("/pki/ocsp", "POST", 200, 0.0005))
        thread.start()
        thread.join()
    posted = {"endpoint": "/pki/ocsp", "method": "POST", "status": "200"}
    assert metrics.registry.get_sample_value("chaoxin_http_requests_total", posted) == 20
    assert len(metrics._everybody) < 20


def test_what_ends_soon_is_looked_for_once_for_all_distances() -> None:
    metrics, asked = Metrics(), []

    def due() -> list[int]:
        asked.append(1)
        return [7, 30, 7]

    metrics.watch_ends((180, 30, 7), due)
    told = generate_latest(metrics.registry).decode()
    assert [line for line in told.splitlines() if line.startswith("chaoxin_certificates_due{")] == [
        f'chaoxin_certificates_due{{days="{days}"}} {count}.0' for days, count in ((180, 0), (30, 1), (7, 2))
    ]
    assert len(asked) == 1


def test_directories_of_staff_that_fail_are_told_by_name() -> None:
    metrics = Metrics()
    metrics.watch_directories(lambda: {"scjg": 3, "rsj": 0})
    told = {
        name: metrics.registry.get_sample_value("chaoxin_directory_failures", {"directory": name}) for name in ("scjg", "rsj")
    }
    assert told == {"scjg": 3, "rsj": 0}


def test_nothing_counted_is_nothing_told() -> None:
    assert b"endpoint=" not in generate_latest(Metrics().registry)


def test_logouts_that_did_not_arrive_are_told_by_whether_they_are_still_tried() -> None:
    metrics, since = Metrics(), datetime(2026, 11, 23, tzinfo=UTC)
    metrics.watch_logouts(
        lambda: [LogoutBacklog("a", "A", 2, 1, since, None, None), LogoutBacklog("b", "B", 0, 4, since, None, None)]
    )
    value = metrics.registry.get_sample_value
    assert value("chaoxin_logouts_undelivered", {"state": "waiting"}) == 2
    assert value("chaoxin_logouts_undelivered", {"state": "failed"}) == 5
