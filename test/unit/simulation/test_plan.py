import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.coordinates import limits
from rehab_coach.paths import share_path
from rehab_coach.simulation.exercises import EXERCISE_KINDS
from rehab_coach.simulation.habits import POSTURE, TIMES
from rehab_coach.simulation.motions import KINDS
from rehab_coach.simulation.near_misses import NEAR_MISSES
from rehab_coach.simulation.plan import Plan, clip_of, read_plan
from rehab_coach.simulation.variants import VARIANTS


def written(tmp_path, text):
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    return str(path)


def test_the_plan_that_ships_covers_everything():
    plan = read_plan(share_path("config", "plans", "training.yaml"))
    clips = [clip_of(plan, number) for number in range(900)]
    for clip in clips:
        clip.scene.checked()
    made = {clip.scene.exercise for clip in clips}
    assert made == set(KINDS) - set(VARIANTS) - set(NEAR_MISSES)
    exercises = [clip.scene for clip in clips if clip.scene.label != "unknown"]
    assert 0.45 < len(exercises) / len(clips) < 0.75
    assert 0.3 < np.mean(["faults" in scene.motion for scene in exercises]) < 0.5
    shown = {(scene.exercise, fault) for scene in exercises for fault in scene.motion.get("faults", {})}
    assert shown == {(name, fault) for name, kind in EXERCISE_KINDS.items() for fault in kind.faults}
    ages = [clip.physique.age for clip in clips[::10]]
    assert min(ages) < 20 and max(ages) > 80
    assert {clip.scene.look.room for clip in clips} == {"plain", "clinic", "living_room", "gym", "hall"}
    assert any(clip.scene.bystander for clip in clips) and any(clip.scene.camera.yaw < -60 for clip in clips)


def test_the_plan_for_pose_networks_shows_one_person_also_from_the_front():
    plan = read_plan(share_path("config", "plans", "pose.yaml"))
    clips = [clip_of(plan, number) for number in range(plan.clips)]
    assert not any(clip.scene.bystander for clip in clips)
    push_ups = [clip.scene.camera.yaw for clip in clips if clip.scene.exercise == "push_up"]
    assert len(push_ups) > 0.25 * len(clips) and min(map(abs, push_ups)) < 15


@pytest.mark.parametrize("name", ("variants.yaml", "variants_test.yaml"))
def test_the_plans_of_variants_have_every_one_of_them(name):
    plan = read_plan(share_path("config", "plans", name))
    clips = [clip_of(plan, number) for number in range(plan.clips)]
    for clip in clips[::7]:
        clip.scene.checked()
    counts = Counter(clip.scene.exercise for clip in clips)
    assert set(counts) >= {*EXERCISE_KINDS, *VARIANTS, *NEAR_MISSES} and min(counts.values()) >= 8
    assert any(clip.scene.motion.get("bare") for clip in clips)


def test_nobody_of_the_test_division_is_learned_from():
    names = ("training.yaml", "enrolment.yaml", "variants.yaml", "near_misses.yaml", "variants_test.yaml")
    *learned, tested = (read_plan(share_path("config", "plans", name)) for name in names)
    people = [{clip_of(plan, number).physique for number in range(plan.clips)} for plan in (*learned, tested)]
    assert not people[-1] & set().union(*people[:-1])


def test_a_film_depends_on_its_number_only():
    plan = Plan(50, {"squat": 1.0, "waving": 1.0}, clips_per_person=10, seed=3)
    assert clip_of(plan, 7) == clip_of(Plan(8, plan.exercises, 10, 3), 7)
    assert clip_of(plan, 7).scene != clip_of(plan, 8).scene
    assert clip_of(plan, 7).physique == clip_of(plan, 8).physique != clip_of(plan, 17).physique
    assert clip_of(plan, 7).group == clip_of(plan, 8).group != clip_of(plan, 17).group
    assert clip_of(Plan(50, plan.exercises, 10, seed=4), 7).scene != clip_of(plan, 7).scene


def test_people_differ_in_limbs_as_real_ones_do_where_the_plan_says_so():
    plan = Plan(1, {"squat": 1.0}, clips_per_person=1, limbs=1.0)
    people = [clip_of(plan, number) for number in range(400)]
    spread = 100 * np.log([clip.physique.limbs for clip in people]).std(axis=0)
    # ANSUR II's within either sex: trunk, shoulders, hips, thigh, shank, upper arm, forearm.
    np.testing.assert_allclose(spread, [5.0, 4.2, 6.3, 4.5, 3.7, 3.2, 4.2], rtol=0.12)
    usual = Plan(1, {"squat": 1.0}, clips_per_person=1)
    for number, clip in enumerate(people[:20]):
        same = clip_of(usual, number)
        assert same.scene.motion == clip.scene.motion and same.scene.camera == clip.scene.camera
        assert same.physique == replace(clip.physique, limbs=())


def test_a_person_keeps_her_habits_from_film_to_film():
    plan = Plan(1, {"squat": 1.0}, clips_per_person=8, habits=1.0, faulty=0.0, variation=(0.0, 0.0))
    options = [[clip_of(plan, 8 * person + film).scene.motion for film in range(8)] for person in range(150)]

    def spread(value):
        table = np.array([[value(motion) for motion in films] for films in options])
        return table.mean(axis=1).std(), np.sqrt(table.var(axis=1).mean())

    def measured(between, within):
        return pytest.approx((np.hypot(between, within / np.sqrt(8)), within * np.sqrt(7 / 8)), rel=0.2)

    assert spread(lambda motion: np.log(sum(motion["tempo"]))) == measured(*TIMES["slowness"])
    assert spread(lambda motion: np.log(motion["tempo"][0] / motion["tempo"][2])) == measured(*TIMES["down_to_up"])
    for name in POSTURE:
        assert spread(lambda motion, name=name: motion["habits"][name]) == measured(*POSTURE[name])
    assert all(len({motion["habits"]["choice"] for motion in films}) == 1 for films in options)
    twice, once = (clip_of(Plan(1, {"squat": 1.0}, 8, habits=scale), 0).scene.motion["habits"] for scale in (1.0, 0.5))
    assert twice["stance"] != once["stance"] and twice["choice"] == once["choice"]


def test_plans_without_limbs_and_habits_are_what_they_were():
    plan = Plan(5, {"squat": 1.0})
    assert not {"limbs", "habits"} & set(json.loads(plan.as_json()))
    assert {"limbs", "habits"} <= set(json.loads(Plan(5, {"squat": 1.0}, limbs=1.0, habits=1.0).as_json()))
    assert "habits" not in clip_of(plan, 0).scene.motion and clip_of(plan, 0).physique.limbs == ()


def test_habits_fit_every_motion():
    plan = Plan(1, dict.fromkeys(KINDS, 1.0), clips_per_person=1, limbs=1.0, habits=1.0)
    made = {}
    for number in range(300):
        clip = clip_of(plan, number)
        motion, _, _ = clip.scene.checked()
        made[clip.scene.exercise] = motion
        for angle, values in motion.angles.items():
            low, high = np.radians(limits(angle))
            assert values.min() >= low - 1e-9 and values.max() <= high + 1e-9, (clip.scene.exercise, angle)
    assert len(made) > 0.9 * len(KINDS)


@pytest.mark.parametrize(("slowness", "habits"), [(0.3, 1.5), (5.0, 1.5), (0.3, 0.0)])
def test_the_quickest_and_the_slowest_fit_too(slowness, habits):
    plan = Plan(1, dict.fromkeys(KINDS, 1.0), clips_per_person=1, habits=habits, slowness=(slowness, slowness))
    for number in range(200):
        clip_of(plan, number).scene.checked()


def test_opposite_faults_do_not_meet():
    plan = Plan(300, {"squat": 1.0}, faulty=1.0, most_faults=6)
    for number in range(300):
        faults = set(clip_of(plan, number).scene.motion["faults"])
        assert not faults >= {"knees_inwards", "knees_outwards"}
        assert not faults >= {"hips_shifted_left", "hips_shifted_right"}


def test_what_a_folder_was_made_from_leaves_the_number_of_films_open():
    plan = Plan(5, {"squat": 1.0})
    assert plan.as_json() == Plan(9, {"squat": 1.0}).as_json() != Plan(5, {"squat": 1.0}, seed=1).as_json()
    assert json.loads(plan.as_json())["exercises"] == {"squat": 1.0}


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "is not a plan"),
        ("clips: [", "is not YAML"),
        ("clips: 3", "the entry 'exercises' is missing"),
        ("clips: 3\nexercises: {cartwheel: 1}", "no exercise 'cartwheel'"),
        ("clips: 3\nexercises: {squat: 0}", "weights of all exercises are 0"),
        ("clips: 3\nexercises: {squat: much}", "weight of squat must be a number"),
        ("clips: many\nexercises: {squat: 1}", "clips must be a number, not many"),
        ("clips: 1.5\nexercises: {squat: 1}", "clips must be a number"),
        ("clips: 3\nexercises: {squat: 1}\nage: 40", "age must be two numbers, such as \\[12, 90\\]"),
        ("clips: 3\nexercises: {squat: 1}\nage: [5, 40]", "age must be between 12 and 90"),
        ("clips: 3\nexercises: {squat: 1}\ndepth: [1, 0.5]", "depth must be \\[lowest, highest\\]"),
        ("clips: 3\nexercises: {squat: 1}\nrooms: [moon]", "rooms knows no 'moon'"),
        ("clips: 3\nexercises: {squat: 1}\nrooms: plain", "rooms must be a list"),
        ("clips: 3\nexercises: {squat: 1}\nlimbs: 4", "limbs must be between 0 and 1.5, not 4"),
        ("clips: 3\nexercises: {squat: 1}\nlimbs: [0, 1]", "limbs must be a number, not \\[0, 1\\]"),
        ("clips: 3\nexercises: {squat: 1}\nhabits: -1", "habits must be between 0 and 1.5, not -1"),
        ("clips: 3\nexercises: {squat: 1}\nspeed: 3", "a plan has no entry 'speed'"),
    ],
)
def test_broken_plans_are_named(tmp_path, text, words):
    with pytest.raises(RehabCoachError, match=words) as told:
        read_plan(written(tmp_path, text))
    assert "plan.yaml" in str(told.value) and "\n" not in str(told.value)


def test_a_missing_plan_is_named():
    with pytest.raises(RehabCoachError, match="cannot read the plan nowhere.yaml"):
        read_plan("nowhere.yaml")
