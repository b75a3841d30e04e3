"""Which part of the machine each of several servers has."""

import os

import pytest

from noria.errors import EndpointError
from noria.inference.share import CORES, DEVICES, shares


def test_one_server_has_the_whole_machine_and_is_told_nothing() -> None:
    assert shares(1, cpu=True) == [{}]
    assert shares(1, cpu=False) == [{}]


def test_the_devices_are_shared_out_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEVICES, "0,1,2,3")
    assert shares(4, cpu=False) == [{DEVICES: str(one)} for one in range(4)]
    assert shares(2, cpu=False) == [{DEVICES: "0,1"}, {DEVICES: "2,3"}]
    assert shares(3, cpu=False) == [{DEVICES: "0"}, {DEVICES: "1"}, {DEVICES: "2"}]
    with pytest.raises(EndpointError, match="5 servers of a policy do not fit on 4 GPUs"):
        shares(5, cpu=False)


def test_no_core_is_given_twice() -> None:
    cores = len(os.sched_getaffinity(0))
    given = [one for part in shares(cores, cpu=True) for one in part.get(CORES, "").split(",") if one]
    assert len(given) == len(set(given)) == (cores if cores > 1 else 0)
