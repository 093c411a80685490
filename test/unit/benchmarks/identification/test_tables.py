"""What was measured is a table and a report."""

import json
from dataclasses import asdict

import pytest

from rehab_coach.benchmarks.identification.methods import dtw, judge
from rehab_coach.benchmarks.identification.protocols import first_half
from rehab_coach.benchmarks.identification.tables import networks, row, table, write_report
from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.network import GaitNetwork, NetworkRecipe
from rehab_coach.identification.run import save_network


def test_nobody_is_judged_whom_the_features_were_learned_from(tmp_path):
    recipe = NetworkRecipe(stage="all", without=("pocket_transitions",))
    path = str(tmp_path / "model.safetensors")
    save_network(path, GaitNetwork(2, head=()), ["a", "b"], recipe, {"recipe": asdict(recipe)})
    with pytest.raises(RehabCoachError, match="learned from the people of ui_prmd"):
        next(networks("", path, ["transitions", "squat"], 1))


def test_report(cycles, tmp_path):
    outcome = judge(first_half(cycles), dtw, ("gyroscope",))
    rows = [row("case", "protocol", "DTW", "gyroscope", [outcome])]
    write_report(str(tmp_path / "report"), rows, outcome)
    assert json.loads((tmp_path / "report" / "rows.json").read_text())[0]["rank_1"] == 1
    people = (tmp_path / "report" / "people.csv").read_text().splitlines()
    assert people[:2] == ["person,precision,recall,f1,support", "s0,1.000,1.000,1.000,3"]
    assert (tmp_path / "report" / "confusion.png").stat().st_size > 1000
    assert "| case | protocol | DTW | gyroscope | 1.000" in table(rows)
