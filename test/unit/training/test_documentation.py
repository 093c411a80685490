"""The example of docs/training.md does what the page says."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "training.md"


def test_the_example_of_another_network_runs(tmp_path, monkeypatch, capsys):
    (example,) = re.findall("```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(PAGE), "exec"), {"__name__": "example"})
    degrees = float(re.search(r"([\d.]+) degrees after", capsys.readouterr().out).group(1))
    assert degrees < 3
    assert {path.name for path in (tmp_path / "runs" / "knee").iterdir()} == {
        "log.csv",
        "curves.png",
        "tensorboard",
        "checkpoint.pt",
    }
