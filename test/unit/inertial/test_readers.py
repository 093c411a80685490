"""Readers: tiny files in each set's own layout, and what is wrong with a CSV file."""

import gzip

import numpy as np
import pytest
import scipy.io

from rehab_coach.errors import RehabCoachError
from rehab_coach.inertial import SensorError
from rehab_coach.inertial.readers import (
    read_csv,
    read_lumbar_gait,
    read_pocket_transitions,
    read_seglearn_watch,
    read_uci_walking,
    read_ui_prmd,
    read_utd_mhad,
    read_wisdm_watch,
)

TIMES = np.arange(300) / 50.0
TURN = np.sin(2 * np.pi * TIMES)


def write_csv(path, header="time,ax,ay,az,gx,gy,gz", acceleration=9.81, turn=1.0, time=1.0, delimiter=","):
    draw = np.random.default_rng(0)
    lines = [header.replace(",", delimiter)]
    for second, swing in zip(TIMES, TURN):
        values = [second * time, acceleration * 0.1 * swing, 0.01 * draw.normal(), acceleration, turn * swing, 0.0, 0.1]
        values = values[: header.count(",") + 1]
        lines.append(delimiter.join("%.6f" % value for value in values))
    path.write_text("\n".join(lines))
    return str(path)


def test_plain_csv(tmp_path):
    one = read_csv(write_csv(tmp_path / "a.csv"))
    assert one.rate == pytest.approx(50, rel=1e-3) and one.sensors == ["accelerometer", "gyroscope"]
    np.testing.assert_allclose(one.gyroscope[:, 0], TURN, atol=1e-5)


def test_other_units_columns_and_axes(tmp_path):
    path = write_csv(tmp_path / "a.csv", "t,x,y,z,a,b,c", 1.0, 180 / np.pi, 1000.0, ";")
    one = read_csv(path, "g", "deg/s", "ms", ("y", "-x", "z", "b", "-a", "c"), "t")
    same = read_csv(write_csv(tmp_path / "b.csv"))
    np.testing.assert_allclose(one.gyroscope[:, 1], -same.gyroscope[:, 0], atol=1e-4)
    np.testing.assert_allclose(one.accelerometer[:, 2], 9.80665, atol=1e-4)
    np.testing.assert_allclose(one.times, same.times, atol=1e-5)


def test_accelerometer_alone_and_no_times(tmp_path):
    path = write_csv(tmp_path / "a.csv", "time,ax,ay,az")
    assert read_csv(path).sensors == ["accelerometer"]
    assert read_csv(path, rate=25.0).rate == pytest.approx(25)


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({"acceleration": 1.0}, {}, "that is g"),
        ({"turn": 180.0}, {}, "degrees per second"),
        ({"time": 1000.0}, {}, "are the times in seconds"),
        ({"time": 1e-6}, {}, "no worn sensor is so fast"),
        ({"header": "t,ax,ay,az,gx,gy,gz"}, {}, "no column 'time'"),
        ({"header": "Time,ax,ay,az,gx,gy,gz"}, {}, "no column 'time' .*: --time-column Time$"),
        ({"header": "time,ax,ay,up,gx,gy,gz"}, {}, "no column 'az'"),
        ({"header": "time,a,b,c,d,e,f"}, {}, "name yours"),
        ({}, {"acceleration": "feet"}, "unit 'feet'; known: m/s2, g"),
        ({}, {"columns": ("ax", "ay")}, "six columns"),
        ({}, {"rate": -5.0}, "positive"),
    ],
)
def test_csv_that_is_something_else(tmp_path, changes, options, said):
    path = write_csv(tmp_path / "a.csv", **changes)
    with pytest.raises(RehabCoachError, match=said):
        read_csv(path, **options)


def test_spaces_around_names_are_no_part_of_them(tmp_path):
    plain = read_csv(write_csv(tmp_path / "a.csv"))
    spaced = read_csv(write_csv(tmp_path / "b.csv", header="time, ax, ay, az, gx, gy , gz"))
    np.testing.assert_array_equal(spaced.channels(), plain.channels())


def test_csv_with_a_word_or_two_recordings(tmp_path):
    path = tmp_path / "a.csv"
    write_csv(path)
    lines = path.read_text().split("\n")
    path.write_text("\n".join(lines[:20] + ["1,2,3,lost,5,6,7"] + lines[20:]))
    with pytest.raises(RehabCoachError, match="line 21 of .* has no number in column 'az': 'lost'"):
        read_csv(str(path))
    path.write_text("\n".join(lines + lines[1:]))
    with pytest.raises(RehabCoachError, match="go back in line 302"):
        read_csv(str(path))


def test_an_empty_file_is_called_empty(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("")
    with pytest.raises(RehabCoachError, match="empty.csv is empty$"):
        read_csv(str(path))


def test_csv_of_somebody_who_lies_still(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,gx,gy,gz\n" + "\n".join("%.2f,0,0,0" % second for second in TIMES))
    with pytest.raises(SensorError, match="flat line"):
        read_csv(str(path))


def write_signals(folder, index, samples=400, **more):
    folder.mkdir()
    (folder / "index.csv").write_text(index)
    swing = np.sin(2 * np.pi * np.arange(samples) / 100)
    values = (1000 * np.stack([swing, 0 * swing, 0 * swing], axis=1)).astype(np.int16)
    offsets, scale = np.array([0, samples]), np.array([600.0, 2000.0])
    np.savez(folder / "signals.npz", acc=values, gyr=values, offsets=offsets, scale=scale, **more)
    return str(folder)


def test_pocket_transitions(tmp_path):
    label = np.repeat([0, 1, 2, 4], 100).astype(np.uint8)
    index = "recording,person,execution,device,orientation,samples\n0,s01,02,phone,back,400\n"
    times = (10 * np.arange(400)).astype(np.int32)
    times[7] = times[6]  # a clock that is too coarse
    found = read_pocket_transitions(write_signals(tmp_path / "a", index, t_ms=times, label=label))
    assert [(one.person, one.session, one.place, one.movement) for one in found] == [
        ("s01", "02", "phone", name) for name in ("stand_up", "walk", "sit_down")
    ]
    assert found[0].spans == (pytest.approx((1.0, 2.0)),)
    assert found[0].cycles().values.shape == (1, 8, 100)


def test_lumbar_gait_leaves_the_turn_out(tmp_path):
    steps = ";".join("%d:%d" % (start, start + 60) for start in range(0, 400, 100))
    index = "recording,person,trial,u_turn,left,right\n0,7,1,150:190,%s,\n" % steps
    (found,) = read_lumbar_gait(write_signals(tmp_path / "a", index))
    assert found.spans == (pytest.approx((0.0, 1.0)), pytest.approx((2.0, 3.0)))


def test_broken_signals_are_named(tmp_path):
    folder = write_signals(tmp_path / "a", "recording,person,trial,u_turn,left,right\n5,7,1,1:2,,\n")
    with pytest.raises(RehabCoachError, match="signals.npz"):
        read_lumbar_gait(folder)


def test_uci_walking(tmp_path):
    rows = np.column_stack([TIMES, TURN, TURN, TURN + 9.8])
    rows[50, 0] = rows[40, 0]  # a time that goes back
    np.savetxt(tmp_path / "3.csv", rows, delimiter=",")
    (found,) = read_uci_walking(str(tmp_path))
    assert found.person == "3" and found.series.gyroscope is None and len(found.series) == 299


def test_wisdm_watch(tmp_path):
    for sensor, begin in (("accel", 0), ("gyro", 30_000_000)):
        with gzip.open(tmp_path / ("1601_%s.csv.gz" % sensor), "wt") as stream:
            for number, swing in enumerate(TURN):
                stream.write("1601,A,%d,%f,0.0,%f;\n" % (begin + number * 50_000_000, swing, swing))
    (found,) = read_wisdm_watch(str(tmp_path))
    assert (found.movement, found.place) == ("walk", "watch") and found.series.rate == pytest.approx(20)


def test_utd_mhad(tmp_path):
    values = np.column_stack([TURN, 0 * TURN, 0 * TURN + 1, 180 / np.pi * TURN, 0 * TURN, 0 * TURN])
    scipy.io.savemat(tmp_path / "a27_s3_t2_inertial.mat", {"d_iner": values})
    (found,) = read_utd_mhad(str(tmp_path))
    assert (found.person, found.session, found.movement) == ("3", "2", "squat")
    np.testing.assert_allclose(found.series.gyroscope[:, 0], TURN)
    np.testing.assert_allclose(found.series.accelerometer[:, 2], 9.80665)


def test_seglearn_watch(tmp_path):
    stored = {"X": [np.zeros((60, 6))], "y": [1], "y_labels": ["PEN", "ROW"], "side": [1], "subject": [4.0]}
    np.save(tmp_path / "watch.npy", np.array(stored, dtype=object))
    (found,) = read_seglearn_watch(str(tmp_path / "watch.npy"))
    assert (found.person, found.place, found.movement) == ("4", "right", "ROW")


def test_ui_prmd(tmp_path):
    names = ["LASI", "RASI", "LPSI", "RPSI"]
    still = np.array([[100, 130, 1000], [100, -130, 1000], [-100, 60, 1000], [-100, -60, 1000]])
    positions = np.repeat(still[None], 60, axis=0).astype(np.int16)
    positions[20, 1] = 0  # a lost marker
    np.savez(tmp_path / "markers.npz", positions_mm=positions, offsets=np.array([0, 60]), marker_names=np.array(names))
    index = "sequence,movement,subject,repetition,execution,frames\n0,deep_squat,2,1,correct,60\n"
    (tmp_path / "index.csv").write_text(index)
    (found,) = read_ui_prmd(str(tmp_path))
    assert (found.person, found.form) == ("2", "correct")
    np.testing.assert_allclose(found.series.accelerometer, np.tile([0, 0, 9.80665], (60, 1)), atol=1e-6)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(RehabCoachError, match="there is no"):
        read_utd_mhad(str(tmp_path))
