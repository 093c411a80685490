import pytest

from rehab_coach.cli.main import main


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["cartwheel", "out.mp4"], "choose one of squat, lunge, deadlift, push_up, pull_up, jumping_jack"),
        (["squat", "out.avi"], "must end in .mp4"),
        (["squat", "out.mp4", "--depth", "5"], "depth must be between"),
        (["squat", "out.mp4", "--age", "3"], "age must be between 12 and 90"),
        (["squat", "out.mp4", "--distance", "0"], "distance must be between"),
        (["squat", "out.mp4", "--seed", "-1"], "seed must be 0 or larger"),
        (["squat", "out.mp4", "--fps", "0"], "rate must be between"),
        (["squat", "out.mp4", "--repetitions", "0"], "repetitions must be between"),
    ],
)
def test_wrong_values_end_in_one_line_and_exit_code_2(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert main(["render"] + arguments) == 2
    message = capsys.readouterr().err.strip()
    assert words in message and "\n" not in message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", (["squat", "out.mp4", "--size", "big"], ["squat", "out.mp4", "--gender", "cat"]))
def test_malformed_options_are_refused_by_the_parser(arguments, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["render"] + arguments)
    assert refused.value.code == 2 and "usage" in capsys.readouterr().err


def test_help_names_the_exercises(capsys):
    with pytest.raises(SystemExit):
        main(["render", "--help"])
    shown = capsys.readouterr().out
    assert "jumping_jack" in shown and "examples" in shown


def test_a_tiny_render(tmp_path, capsys):
    cv2 = pytest.importorskip("cv2")
    pytest.importorskip("anny")
    pytest.importorskip("trimesh")
    out = tmp_path / "lunge.mp4"
    assert (
        main(
            [
                "render",
                "lunge",
                str(out),
                "--duration",
                "0.3",
                "--fps",
                "10",
                "--size",
                "96x72",
                "--gender",
                "male",
                "--age",
                "68",
            ]
        )
        == 0
    )
    assert "wrote" in capsys.readouterr().out
    capture = cv2.VideoCapture(str(out))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 3 and [p.name for p in tmp_path.iterdir()] == ["lunge.mp4"]
