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
        (["squat", "out.mp4", "--fault", "hips_sag"], "squat has no fault 'hips_sag'; it knows knees_over_toes"),
        (["squat", "out.mp4", "--fault", "heels_up:very"], "NAME or NAME:STRENGTH"),
        (["squat", "out.mp4", "--fault", "heels_up:9"], "strength of heels_up must be between 0.3 and 1.3"),
        (["squat", "out.mp4", "--tempo", "fast"], "a tempo is four times in seconds"),
        (["squat", "out.mp4", "--room", "moon"], "no room 'moon'; choose one of plain"),
        (["squat", "out.mp4", "--clothes", "armour"], "no clothes 'armour'"),
        (["squat", "out.mp4", "--light", "laser"], "no light 'laser'"),
        (["squat", "out.mp4", "--renderer", "crayons"], "no renderer 'crayons'"),
        (["squat", "out.mp4", "--out", "x"], "belong to --plan"),
        (["squat"], "give an EXERCISE and OUT.mp4"),
        (["--plan", "nowhere.yaml", "--out", "x"], "cannot read the plan nowhere.yaml"),
        (["--plan", "nowhere.yaml"], "name a folder"),
        (["squat", "--plan", "nowhere.yaml", "--out", "x"], "leave squat out"),
        (["--plan", "nowhere.yaml", "--out", "x", "--estimator", "eyes"], "--estimator belongs to --skeletons-only"),
        (["--plan", "p.yaml", "--out", "x", "--skeletons-only", "--estimator", "eyes"], "no estimator 'eyes'"),
        (["--plan", "p.yaml", "--out", "x", "--workers", "0"], "at least one worker"),
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


def test_the_list_names_exercises_faults_and_what_there_is_to_choose(capsys):
    assert main(["render", "--list"]) == 0
    shown = capsys.readouterr().out
    for word in (
        "jumping_jack",
        "knees_inwards",
        "wall_sit",
        "tracksuit",
        "living_room",
        "warm",
        "goblet_squat",
        "burpee",
    ):
        assert word in shown


def test_the_plans_first_films(tmp_path, capsys):
    pytest.importorskip("anny")
    pytest.importorskip("trimesh")
    plan = tmp_path / "plan.yaml"
    plan.write_text("clips: 9\nexercises: {squat: 1}\nduration: [0.4, 0.5]\nrate: 5\nsize: [96, 72]\n")
    out = tmp_path / "out"
    chosen = ["render", "--plan", str(plan), "--out", str(out), "--skeletons-only", "--estimator", "truth"]
    assert main(chosen + ["--clips", "2"]) == 0
    assert "2 of 2 films" in capsys.readouterr().out
    assert len((out / "skeletons.csv").read_text().splitlines()) == 3
    assert main(chosen + ["--clips", "99"]) == 2
    assert main(chosen + ["--seed", "3"]) == 2
    assert "leave --seed out" in capsys.readouterr().err


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
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "lunge." + end for end in ("json", "mot", "mp4", "npz", "trc")
    ]
