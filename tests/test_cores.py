"""The cores that a process may use: its affinity and the quotas of its control groups."""

import os

import pytest

from mlp_cli.system.cores import usable_cores


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A made-up /proc and /sys of a process that is bound to eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    def make(groups, **files):
        (tmp_path / "proc/self").mkdir(parents=True)
        (tmp_path / "proc/self/cgroup").write_text(groups)
        for name, text in files.items():
            path = tmp_path / "sys/fs/cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("250000 100000\n", 2),  # a part of a core is none
        ("50000 100000\n", 1),  # but there is always one
        ("1600000 100000\n", 8),  # more than there are
        ("", 8),
        ("nonsense\n", 8),
        ("100000 0\n", 8),
    ],
)
def test_the_quota_of_a_version_2_group_counts_as_cores(system, text, cores):
    assert usable_cores(system("0::/\n", **{"cpu.max": text})) == cores


def test_the_smallest_quota_of_all_groups_above_counts(system):
    files = {
        "cpu.max": "max 100000",
        "jobs.slice/cpu.max": "300000 100000",
        "jobs.slice/step 1/cpu.max": "500000 100000",
        "other/cpu.max": "100000 100000",
    }
    assert usable_cores(system("0::/jobs.slice/step 1\n", **files)) == 3


@pytest.mark.parametrize(
    ("quota", "period", "cores"),
    [("-1", "100000", 8), ("300000", "100000", 3), ("20000", "5000", 4)],
)
def test_the_quota_of_a_version_1_group_counts_as_cores(system, quota, period, cores):
    folder = "cpu,cpuacct/docker/abc"
    files = {f"{folder}/cpu.cfs_quota_us": quota, f"{folder}/cpu.cfs_period_us": period}
    groups = "11:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n0::/\n"
    assert usable_cores(system(groups, **files)) == cores


def test_a_container_that_sees_the_path_of_its_host_has_its_quota_at_the_top(system):
    files = {"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}
    assert usable_cores(system("3:cpu:/kubepods/pod7/4f\n", **files)) == 2


def test_a_system_without_control_groups_has_its_affinity(tmp_path, system, monkeypatch):
    assert usable_cores(tmp_path / "nowhere") == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert usable_cores(tmp_path / "nowhere") == 3


def test_this_system_has_a_core():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
