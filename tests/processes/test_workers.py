"""Workers that are killed, that share the work, that meet a damaged photo: each analysis is finished once."""

from __future__ import annotations

import os
import signal
from functools import partial

import pytest

from config.worker import STOPPED_BY_ITSELF
from tests.processes.conftest import VIEWS
from tests.processes.portal import Portal, assert_one_result, wait_for


def is_done(portal: Portal, analysis_id: str) -> bool:
    return bool(portal.analysis(analysis_id)["status"] == "done")


def test_a_worker_killed_in_the_middle_leaves_the_work_to_the_next(portal: Portal):
    seeded = portal.act("seed", *VIEWS)
    cluster = portal.start_gpu_worker("first")
    wait_for("a photo to be done", lambda: portal.analysis(seeded["analysis"])["photos_done"] >= 1)
    os.kill(portal.computing_process("first"), signal.SIGKILL)
    assert cluster.wait(20) == STOPPED_BY_ITSELF, "the cluster of a killed worker asks to be started afresh"
    half_way = portal.analysis(seeded["analysis"])
    assert (half_way["status"], half_way["results"]) == ("running", 0), "nothing of an unfinished analysis shows"
    assert portal.derived_files(), "the killed worker had sealed pictures"

    portal.start_gpu_worker("second")
    assert portal.act("sweep", "120") == {"done": True}
    assert_one_result(portal, seeded["analysis"], photos=len(VIEWS), attempts=2)
    assert portal.derived_files() == portal.derived_rows(), "no picture of the first attempt is left on the disk"


def test_an_idle_worker_that_is_killed_does_not_stall_its_cluster(portal: Portal):
    """An idle worker holds the lock of the queue; the one after it would wait for ever."""
    cluster = portal.start_gpu_worker("first")
    os.kill(portal.computing_process("first"), signal.SIGKILL)
    assert cluster.wait(20) == STOPPED_BY_ITSELF
    portal.start_gpu_worker("second")
    seeded = portal.act("seed", "crown")
    wait_for("the analysis", lambda: portal.analysis(seeded["analysis"])["status"] == "done")
    assert_one_result(portal, seeded["analysis"], photos=1, attempts=1)


def test_a_worker_that_is_stopped_gives_its_work_back_at_once(portal: Portal):
    seeded = portal.act("seed", *VIEWS)
    cluster = portal.start_gpu_worker()
    wait_for("a photo to be done", lambda: portal.analysis(seeded["analysis"])["photos_done"] >= 1)
    cluster.send_signal(signal.SIGTERM)
    assert cluster.wait(20) == 0
    found = portal.analysis(seeded["analysis"])
    assert (found["status"], found["attempts"], found["results"]) == ("queued", 0, 0)
    assert not portal.derived_files()
    assert not portal.processes(), "no process is left behind"


@pytest.mark.parametrize("damage", ["deleted", "altered"])
def test_a_photo_damaged_on_the_disk_fails_the_analysis_and_not_the_case(portal: Portal, damage: str):
    seeded = portal.act("seed", "crown", "occiput")
    [(name,)] = portal.rows("SELECT file_name FROM patients_photo LIMIT 1")
    path = portal.home / "sealed" / name
    if damage == "deleted":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-40] + bytes(40))
    portal.start_gpu_worker()
    wait_for("the analysis to fail", lambda: portal.analysis(seeded["analysis"])["status"] == "failed")
    found = portal.analysis(seeded["analysis"])
    expected = {"deleted": "SealedFileMissing", "altered": "SealedFileCorrupt"}[damage]
    assert (found["failure_code"], found["attempts"], found["results"]) == (expected, 1, 0)
    assert not portal.derived_files()
    assert portal.act("claim", seeded["session"])["review"], "a clinician can take the case without measurements"


@pytest.mark.xdist_group("postgres")
def test_two_workers_share_the_sessions_of_one_postgresql(postgres_portal: Portal):
    portal = postgres_portal
    portal.start_gpu_worker("one")
    portal.start_gpu_worker("two")
    seeded = portal.act("seed-several", "4", "crown", "hairline", "occiput")
    for each in seeded:
        wait_for("every analysis", partial(is_done, portal, each["analysis"]))
        assert_one_result(portal, each["analysis"], photos=3, attempts=1)
    done = {name: portal.log(name).count("Processed 'analysis.tasks.run_analysis'") for name in ("one", "two")}
    assert sum(done.values()) == 4
    assert all(done.values()), f"both did some: {done}"
