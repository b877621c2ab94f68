"""What Prometheus reads at ``/metrics``: requests by endpoint and status, their time, and what the node holds.

Labels never carry a path, an account or a client: their number would grow with the outside world.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from threading import get_ident, local
from typing import TypeAlias

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from idp.records import LogoutBacklog
from kernel.clock import monotonic
from service.failed_jobs import FailedJob

_Kind: TypeAlias = tuple[str, str, int]
"""Endpoint, method, status."""

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Tally:
    """What one thread has counted of one kind of answer. Nobody else writes here, so nothing is locked."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BUCKETS) + 1)
        self.seconds = 0.0


class _Mine(local):
    """The tallies of one thread, which ``everybody`` has too. A thread that ended leaves its number and its tallies to a later one."""

    def __init__(self, everybody: dict[int, dict[_Kind, _Tally]]) -> None:
        self.tallies = everybody.setdefault(get_ident(), {})


class Metrics(Collector):
    """One registry a process. Counting costs a fraction of a microsecond; what the threads counted is put together when it is read."""

    def __init__(self) -> None:
        self._everybody: dict[int, dict[_Kind, _Tally]] = {}
        self._mine = _Mine(self._everybody)
        self._ends: tuple[Iterable[int], Callable[[], Iterable[int]]] = (), tuple
        self._logouts: Callable[[], Sequence[LogoutBacklog]] = tuple
        self._directories: Callable[[], Mapping[str, int]] = dict
        self._jobs: Callable[[], Iterable[FailedJob]] = tuple
        self.registry = CollectorRegistry()
        self.registry.register(self)  # which asks at once what there is

    def count(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count one answer. ``method`` outside of HTTP's own is counted as one: a label must not grow with the outside world."""
        kind = endpoint, method if method in _METHODS else "other", status
        tally = self._mine.tallies.get(kind)
        if tally is None:
            tally = self._mine.tallies[kind] = _Tally()
        tally.counts[bisect_left(_BUCKETS, seconds)] += 1
        tally.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of all threads together."""
        requests: Counter[_Kind] = Counter()
        counts: dict[str, list[int]] = defaultdict(lambda: [0] * (len(_BUCKETS) + 1))
        seconds: dict[str, float] = defaultdict(float)
        for tallies in list(self._everybody.values()):
            for kind, tally in list(tallies.items()):
                requests[kind] += sum(tally.counts)
                counts[kind[0]] = [mine + more for mine, more in zip(counts[kind[0]], tally.counts, strict=True)]
                seconds[kind[0]] += tally.seconds
        answered = CounterMetricFamily("chaoxin_http_requests", "Requests answered", labels=("endpoint", "method", "status"))
        for (endpoint, method, status), number in requests.items():
            answered.add_metric((endpoint, method, str(status)), number)
        yield answered
        time = HistogramMetricFamily("chaoxin_http_request_seconds", "Time to answer", labels=("endpoint",))
        for endpoint, found in counts.items():
            bounds = (*(str(bound) for bound in _BUCKETS), "+Inf")
            time.add_metric((endpoint,), list(zip(bounds, accumulate(found), strict=True)), seconds[endpoint])
        yield time
        distances, due = self._ends
        ends = GaugeMetricFamily("chaoxin_certificates_due", "Certificates that end within so many days", labels=("days",))
        counted = Counter(due())  # once for all distances
        for days in distances:
            ends.add_metric((str(days),), counted[days])
        yield ends
        backlog = self._logouts()
        logouts = GaugeMetricFamily("chaoxin_logouts_undelivered", "Logouts that a client was not told", labels=("state",))
        logouts.add_metric(("waiting",), sum(each.waiting for each in backlog))
        logouts.add_metric(("failed",), sum(each.failed for each in backlog))
        yield logouts
        directories = GaugeMetricFamily(
            "chaoxin_directory_failures", "Times in a row that a directory of staff was not taken over", labels=("directory",)
        )
        for name, failures in self._directories().items():
            directories.add_metric((name,), failures)
        yield directories
        failing: Counter[str] = Counter()
        for one in self._jobs():
            failing[one.job] += one.times
        jobs = GaugeMetricFamily(
            "chaoxin_job_failures", "Failures of a worker's job since it last came off well", labels=("job",)
        )
        for name, times in failing.items():
            jobs.add_metric((name,), times)
        yield jobs

    def watch_jobs(self, failed: Callable[[], Iterable[FailedJob]]) -> None:
        """Tell at each reading which of the worker's jobs fail, and how often they did."""
        self._jobs = failed

    def watch_directories(self, failures: Callable[[], Mapping[str, int]]) -> None:
        """Tell at each reading how often in a row each directory of staff could not be taken over."""
        self._directories = failures

    def watch_ends(self, distances: Iterable[int], due: Callable[[], Iterable[int]]) -> None:
        """Tell at each reading how many certificates have come nearer to their end than each distance, and no nearer."""
        self._ends = distances, due

    def watch_logouts(self, backlog: Callable[[], Sequence[LogoutBacklog]]) -> None:
        """Tell at each reading how many logouts clients were not told although it was tried: still tried, or given up."""
        self._logouts = backlog

    def init_app(self, app: Flask) -> None:
        """Measure every request of ``app`` and serve the figures."""

        @app.before_request
        def start() -> None:
            g.started = monotonic()

        @app.after_request
        def measure(response: Response) -> Response:
            seconds = monotonic() - g.get("started", monotonic())
            self.count(request.endpoint or "unknown", request.method, response.status_code, seconds)
            return response

        @app.get("/metrics")
        def metrics() -> Response:
            return Response(generate_latest(self.registry), content_type=CONTENT_TYPE_LATEST)
