"""What Prometheus reads at ``/metrics``: requests by endpoint and status, their time, and what the node holds.

Labels never carry a path, an account or a client: their number would grow with the outside world.
"""

from __future__ import annotations

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

from kernel.clock import monotonic


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

    def init_app(self, app: Flask) -> None:
        """Measure every request of ``app`` and serve the figures."""

        @app.before_request
        def start() -> None:
            g.started = monotonic()

        @app.after_request
        def measure(response: Response) -> Response:
            endpoint = request.endpoint or "unknown"
            self._requests.labels(endpoint, request.method, response.status_code).inc()
            self._seconds.labels(endpoint).observe(monotonic() - g.get("started", monotonic()))
            return response

        @app.get("/metrics")
        def metrics() -> Response:
            return Response(generate_latest(self.registry), content_type=CONTENT_TYPE_LATEST)
