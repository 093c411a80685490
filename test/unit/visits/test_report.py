import os
import re
import shutil
import stat
import subprocess
from dataclasses import replace

import pytest
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.movement import Remark
from rehab_coach.paths import share_path
from rehab_coach.visits.example import example_rounds
from rehab_coach.visits.report import MOST_COLUMNS, ReportTexts, languages, render, write_report
from rehab_coach.visits.store import VisitStore

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """The example's rounds as the store gives them."""
    with VisitStore(str(tmp_path_factory.mktemp("example") / "visits.sqlite")) as store:
        store.give_consent("Example", "1", at=0.0)
        for one in example_rounds():
            store.add_round("Example", one)
        return store.rounds("Example")


def own_part(html):
    """The page without the library that draws."""
    start, end = html.index("<script>") + len("<script>"), html.index("</script>")
    return html[:start] + html[end:]


def browse(path, tmp_path, *options):
    """What headless Chromium prints, and what its console says. It has no network."""
    run = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--user-data-dir=%s" % (tmp_path / "browser"),
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            *options,
            "file://%s" % path,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout, [line for line in run.stderr.splitlines() if ":CONSOLE" in line]


@needs_browser
def test_a_browser_without_a_network_draws_every_plot(rounds, tmp_path):
    path = str(tmp_path / "report.html")
    write_report(path, "Example", rounds)
    page, console = browse(path, tmp_path, "--dump-dom")
    assert console == []
    plots = re.findall(r'<div class="plot[^"]*" id="(plot-\d-\d)"', page)
    assert len(plots) == 16
    assert page.count("js-plotly-plot") >= 16 and page.count('class="main-svg"') >= 16
    # 4 exercises: the lines of both sides and of the symmetry; bars: the repetitions and 4 phases of 8 visits at most.
    assert len(re.findall(r'class="trace scatter', page)) == 4 * (4 + 2)
    assert len(re.findall(r'class="trace bars', page)) == 4 * (1 + 4)
    assert len(re.findall(r'class="point"', page)) > 100
    assert page.count("normal 93–148°") >= 2


@needs_browser
def test_it_prints_on_a_few_pages(rounds, tmp_path):
    path, paper = str(tmp_path / "report.html"), str(tmp_path / "report.pdf")
    write_report(path, "Example", rounds)
    browse(path, tmp_path, "--no-pdf-header-footer", "--print-to-pdf=%s" % paper)
    with open(paper, "rb") as stream:
        pages = len(re.findall(rb"/Type\s*/Page\b", stream.read()))
    assert 2 <= pages <= 5


@needs_browser
def test_the_browser_itself_refuses_to_fetch_anything(rounds, tmp_path):
    path = str(tmp_path / "report.html")
    html = render("Example", rounds[:3])
    for tag in ('<img src="https://example.com/a.png">', "<script>fetch('https://example.com/b')</script>"):
        html = html.replace("</header>", tag + "</header>")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(html)
    _, console = browse(path, tmp_path, "--dump-dom")
    refused = [line for line in console if "violates the following Content Security Policy" in line]
    assert {re.search(r"https://example.com/\w+", line).group() for line in refused} == {
        "https://example.com/a",
        "https://example.com/b",
    }


def test_nothing_in_it_points_anywhere(rounds):
    page = own_part(render("Example", rounds))
    assert "//" not in re.sub(r"^\s*// .*$|https?://www\.w3\.org/\S+", "", page, flags=re.MULTILINE)
    assert not re.search(r"<link|<img|<iframe|@import|url\(|src=", page)
    assert "default-src 'none'" in page


def test_it_says_what_was_done(rounds):
    page = own_part(render("Example", rounds))
    for text in ("Progress of Example", "3 Mar 2025 to 15 Apr 2025", "Knees inwards", "Schellenberg", "UI-PRMD"):
        assert (text in page) == (text != "Schellenberg"), text  # there was no deadlift
    assert "3/3 → 3/3" in page and "not a medical device" in page
    assert "made up for the example" in page


def test_only_the_owner_can_read_it(rounds, tmp_path):
    path = str(tmp_path / "reports" / "report.html")
    write_report(path, "Example", rounds[:1])
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(os.path.dirname(path)) == ["report.html"]


def test_a_place_that_cannot_be_written_is_told(rounds, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RehabCoachError, match="cannot write"):
        write_report(str(tmp_path / "file" / "report.html"), "Example", rounds[:1])


def test_what_comes_from_outside_stays_text(rounds):
    evil = "</script><script>alert(1)</script>"
    one = replace(rounds[0], asked=evil, measured_by=evil)
    other = replace(rounds[1], recognised=evil, movement=replace(rounds[0].movement, exercise=evil))
    page = own_part(render("Example", [one, other]))
    assert "<script>alert" not in page and "&lt;/script&gt;" in page


def test_nothing_was_recorded_yet():
    page = render("P-017", [])
    assert "Nothing has been recorded yet" in page and "Plotly" not in page


def test_nobody_was_ever_seen(round_result):
    rounds = [round_result(verdict="not_seen", status="not_seen", recognised="", movement=None, visit=1)]
    page = render("P-017", rounds)
    assert "nobody was seen or the recording failed: 1." in page
    assert "Plotly" not in page


def test_one_side_and_one_visit_are_enough(round_result, movement):
    one = movement(count=1)
    repetition = replace(one.repetitions[0], symmetry=None, range_of_motion={"knee_angle_r": (0.1, 1.5)})
    page = render("P-017", [round_result(movement=replace(one, repetitions=(repetition,)), visit=1)])
    assert "not measured" in page and "86°" in page


def test_no_repetition_was_found(round_result, movement):
    page = own_part(render("P-017", [round_result(movement=movement(count=0), visit=1)]))
    assert page.count("not measured") == 3


def test_a_long_history_still_fits(round_result):
    rounds = [round_result(1, 86400.0 * 30 * number, visit=number) for number in range(1, 31)]
    page = own_part(render("P-017", rounds))
    tables = re.findall(r'<table class="shares.*?</table>', page, re.DOTALL)
    assert all(table.count('class="day"') == MOST_COLUMNS for table in tables) and len(tables) == 2
    assert "Of the 30 visits the tables show the first and the last 11" in page
    assert "1972" in page  # several years: the days have one


def test_every_language_says_the_same(rounds):
    assert set(languages()) >= {"en", "no"}
    english = read("en")
    for language in languages():
        texts = read(language)
        assert set(texts) == set(english), language
        for key, text in texts.items():
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english[key])), key
        assert len(texts["months"].split()) == 12
    page = own_part(render("Example", rounds, "no"))
    assert "Framgangen til Example" in page and "3. mars 2025" in page and "Knebøy" in page


def test_every_rule_of_form_has_a_name():
    with open(share_path("config", "form.yaml"), encoding="utf-8") as stream:
        rules = {rule for limits in yaml.safe_load(stream).values() for rule in limits}
    assert rules <= set(read("en"))


def test_what_could_not_be_judged_is_a_dash(round_result, movement):
    judged = movement(remarks=[Remark("heels_up", "warning", 12.0, 10.0, "deg", (1,), "left")])
    hidden = replace(movement(), not_judged={"heels_up": "needs heels and toes"})
    rounds = [round_result(movement=judged, visit=1), round_result(1, 90000.0, movement=hidden, visit=2)]
    page = own_part(render("P-017", rounds))
    row = page[page.index("Heels up (left)") :].split("</tr>")[0]
    assert re.findall(r"<span>(.*?)</span>", row) == ["1/2", "–"]


def read(language):
    with open(share_path("config", "texts", "report.%s.yaml" % language), encoding="utf-8") as stream:
        return yaml.safe_load(stream)


def test_a_language_without_texts_is_told():
    with pytest.raises(RehabCoachError, match="no report in the language 'xx'; there are: en, no"):
        ReportTexts("xx")


def test_what_has_no_text_is_named_by_its_key():
    assert ReportTexts("en").name("elbows_flare") == "Elbows flare"


@pytest.mark.parametrize(
    "language, label, name",
    [
        ("en", "push_up", "Push-up"),
        ("no", "squat", "Knebøy"),
        ("no", "title", "Title"),
        ("en", "arm_circle", "Arm circle"),
    ],
)
def test_an_exercise_begins_a_line_with_its_name(language, label, name):
    assert ReportTexts(language).exercise(label) == name


def test_an_exercise_without_rules_is_reported_as_not_judged(rounds, round_result, movement):
    circles = replace(movement("arm_circle"), remarks=())
    strange = round_result(visit=1, asked="arm_circle", recognised="arm_circle", movement=circles)
    html = own_part(render("P-017", [strange]))
    assert "Arm circle: the robot does not judge the form of this exercise yet." in html
    assert ReportTexts("en")("no_remarks") not in html
    assert "does not judge" not in own_part(render("Example", rounds))
