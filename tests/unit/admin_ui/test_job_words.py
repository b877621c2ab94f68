"""Every job of the worker is called something, in both languages, and no words are left over from one that is gone."""

from __future__ import annotations

from admin_ui.job_words import JOBS
from service.jobs import CHUNK, EVERY_MINUTES


def test_every_job_has_words() -> None:
    assert set(JOBS) == {job.__name__ for job, _minutes in EVERY_MINUTES} | {CHUNK}
