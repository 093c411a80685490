import contextlib
import io
import shutil

import pytest

from rehab_coach.cli.main import main


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """Path of a database with the example's visits; nobody writes to it."""
    place, said = tmp_path_factory.mktemp("example") / "kept" / "visits.sqlite", io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(["visits", "example", "--database", str(place)]) == 0
    assert "56 rounds of the patient Example" in said.getvalue()
    return place


@pytest.fixture
def database(example, tmp_path):
    """Path of a test's own copy of the example."""
    shutil.copytree(str(example.parent), str(tmp_path / "kept"))
    return str(tmp_path / "kept" / "visits.sqlite")
