"""What the clock starts, and what keeps two deliveries of one task apart."""

from __future__ import annotations

import pydoc

import pytest
from django.conf import settings

from config.schedules import JOBS, Job


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.task)
def test_every_scheduled_task_exists(job: Job):
    assert callable(pydoc.locate(job.task)), f"{job.task} is on the schedule and nowhere else"


@pytest.mark.parametrize("queue", ["general", "gpu"])
def test_a_task_is_delivered_again_only_after_its_time_limit(queue: str):
    cluster = settings.Q_CLUSTER if queue == "general" else settings.Q_CLUSTER["ALT_CLUSTERS"][queue]
    assert cluster["retry"] >= cluster["timeout"] + 120


def test_a_finished_result_waits_for_the_database_less_than_its_task_may_take():
    assert settings.ANALYSIS_OUTAGE_S < settings.TASK_TIMEOUT_S
    assert settings.ANALYSIS_LEASE_S < settings.ANALYSIS_STALLED_S
