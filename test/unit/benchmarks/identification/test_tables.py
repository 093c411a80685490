"""What was measured is a table and a report."""

import json

from rehab_coach.benchmarks.identification.methods import dtw, judge
from rehab_coach.benchmarks.identification.protocols import first_half
from rehab_coach.benchmarks.identification.tables import row, table, write_report


def test_report(cycles, tmp_path):
    outcome = judge(first_half(cycles), dtw, ("gyroscope",))
    rows = [row("case", "protocol", "DTW", "gyroscope", [outcome])]
    write_report(str(tmp_path / "report"), rows, outcome)
    assert json.loads((tmp_path / "report" / "rows.json").read_text())[0]["rank_1"] == 1
    people = (tmp_path / "report" / "people.csv").read_text().splitlines()
    assert people[:2] == ["person,precision,recall,f1,support", "s0,1.000,1.000,1.000,3"]
    assert (tmp_path / "report" / "confusion.png").stat().st_size > 1000
    assert "| case | protocol | DTW | gyroscope | 1.000" in table(rows)
