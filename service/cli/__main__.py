"""``python -m service.cli``: the ``chaoxin`` command without an installed script."""

from __future__ import annotations

from service.cli import main

if __name__ == "__main__":
    main()
