"""What the server loads: the application of the node that ``CHAOXIN_CONFIG`` names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from service.app import create_application
from service.config import load_config
from service.logs import configure_logs
from service.wiring import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def application() -> WSGIApplication:
    """Build the WSGI application of this process."""
    configure_logs()
    return create_application(Services(load_config(Path(os.environ["CHAOXIN_CONFIG"]))))
