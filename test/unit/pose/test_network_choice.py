"""`network: auto` takes the best network that is fast enough."""

import re
import shutil

import pytest
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose import network_choice
from rehab_coach.pose.network_choice import choose_network, time_network
from rehab_coach.pose.network_file import MOBILENET_THIN, find_network
from rehab_coach.pose.networks import create_network

SIZE = (96, 64)


@pytest.fixture
def networks(tmp_path, monkeypatch):
    """Three networks in models/: the built-in one and two that are called small and smaller."""
    for name, quality in (("small", 90), ("smaller", 80)):
        shutil.copyfile(MOBILENET_THIN.path, str(tmp_path / (name + ".pb")))
        contract = {
            "sha256": MOBILENET_THIN.sha256,
            "source": "this test",
            "licence": "Apache-2.0",
            "input": "image",
            "outputs": ["Openpose/concat_stage7"],
            "stages": 6,
            "stride": 8,
            "layout": "coco_18",
            "quality": quality,
        }
        (tmp_path / (name + ".yaml")).write_text(yaml.safe_dump(contract))
    monkeypatch.setattr("rehab_coach.pose.network_file.share_path", lambda *_: str(tmp_path.joinpath(*_[1:])))
    return tmp_path


def timed(monkeypatch, *seconds):
    """Let the networks take so long, the best first."""
    left = list(seconds)
    monkeypatch.setattr(network_choice, "time_network", lambda network, size: left.pop(0))


@pytest.mark.parametrize(
    "seconds, name, text",
    [
        ([0.02], "mobilenet_thin", "keeps 30 pictures per second here .mobilenet_thin 50."),
        ([0.05, 0.03], "small", "network small keeps 30 .* .mobilenet_thin 20, small 33."),
        ([0.2, 0.1, 0.05], "smaller", "network smaller is the fastest, and does not keep 30"),
    ],
)
def test_the_best_that_is_fast_enough_is_chosen(networks, monkeypatch, seconds, name, text):
    timed(monkeypatch, *seconds)
    chosen, reason = choose_network(SIZE)
    assert chosen == name
    assert re.search(text, reason)


def test_a_network_that_cannot_be_run_is_passed_over(networks, monkeypatch):
    (networks / "small.pb").write_bytes(b"damaged")
    timed(monkeypatch, 0.1, 0.05)
    assert choose_network(SIZE)[0] == "smaller"


def test_without_any_network_the_reason_is_told(networks, monkeypatch):
    for name in ("small", "smaller"):
        (networks / (name + ".pb")).unlink()
    with pytest.raises(RehabCoachError, match="TensorFlow|tensorflow"):
        choose_network(SIZE, backend="tensorflow", precision="bf16")


def test_a_network_is_timed_here():
    assert time_network(create_network("auto"), SIZE) > 0


@pytest.mark.parametrize("quality", [-1, 101, "good"])
def test_quality_is_a_part(networks, quality):
    content = yaml.safe_load((networks / "small.yaml").read_text())
    (networks / "small.yaml").write_text(yaml.safe_dump(dict(content, quality=quality)))
    with pytest.raises(RehabCoachError, match="'quality' must be a number from 0 to 100"):
        find_network("small")
