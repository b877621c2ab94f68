"""A trap of asn1crypto: content types of time-stamps are lost when one was looked up before ``asn1crypto.tsp`` was imported."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["pki", "crosscert.paths.encodings"])
def test_whoever_reads_cms_knows_time_stamps(module: str) -> None:
    program = f"import {module}; from asn1crypto import cms; cms.ContentType('data'); import asn1crypto.tsp; cms.ContentType('tst_info')"
    subprocess.run([sys.executable, "-c", program], check=True)
