"""What Prometheus reads at ``/metrics``: requests by endpoint and status, their time, and what the node holds.

Labels never carry a path, an account or a client: their number would grow with the outside world.
"""

from __future__ import annotations

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

from kernel.clock import monotonic

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """One registry a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "chaoxin_http_requests", "Requests answered", ("endpoint", "method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "chaoxin_http_request_seconds",
            "Time to answer",
            ("endpoint",),
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=self.registry,
        )
        self._kept: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}  # looking labels up costs more than counting

    def count(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count one answer. ``method`` outside of HTTP's own is counted as one: a label must not grow with the outside world."""
        known = method if method in _METHODS else "other"
        kept = self._kept.get((endpoint, known, status))
        if kept is None:
            found = self._requests.labels(endpoint, known, status), self._seconds.labels(endpoint)
            kept = self._kept[endpoint, known, status] = found
        kept[0].inc()
        kept[1].observe(seconds)

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
