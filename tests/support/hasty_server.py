"""``chaoxin serve`` that gives its workers a moment only when it is told to stop: that they are killed then is tested, not how long it waits."""

from __future__ import annotations

from service.cli import main, serve

if __name__ == "__main__":
    serve.STOP_SECONDS = 1
    main()
