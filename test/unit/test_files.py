import concurrent.futures
import multiprocessing
import os
import tempfile
import time

import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import check_writable, locked, make_temporary_folder, read_table, written_whole


def test_the_file_appears_only_when_it_is_whole(tmp_path):
    target = str(tmp_path / "folder" / "result.txt")
    with written_whole(target) as temporary:
        with open(temporary, "w") as stream:
            stream.write("all")
        assert not os.path.exists(target)
    assert open(target).read() == "all"
    assert os.listdir(str(tmp_path / "folder")) == ["result.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "result.txt"
    target.write_text("old")
    with pytest.raises(KeyError):
        with written_whole(str(target)) as temporary:
            with open(temporary, "w") as stream:
                stream.write("half")
            raise KeyError
    assert target.read_text() == "old" and len(os.listdir(str(tmp_path))) == 1


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RehabCoachError, match="cannot write"):
        with written_whole(str(tmp_path / "file" / "result.txt")):
            pass


def test_no_room_for_temporary_files_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    os.rmdir(make_temporary_folder())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(RehabCoachError, match="cannot write temporary files: free some space"):
        make_temporary_folder()


def lock(folder):
    with locked(folder):
        pass


def test_a_folder_is_locked_for_others_until_the_block_ends(tmp_path):
    folder = str(tmp_path / "run")
    with concurrent.futures.ProcessPoolExecutor(1) as another:
        with locked(folder):
            with pytest.raises(RehabCoachError, match="another run is working in " + folder):
                another.submit(lock, folder).result()
        another.submit(lock, folder).result()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RehabCoachError, match="cannot write"):
        with locked(str(tmp_path / "file")):
            pass


def test_a_child_that_outlives_its_parent_does_not_keep_the_lock(tmp_path):
    with locked(str(tmp_path)):
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
    try:
        with concurrent.futures.ProcessPoolExecutor(1) as another:
            another.submit(lock, str(tmp_path)).result()
    finally:
        child.kill()


@pytest.mark.parametrize(
    "text",
    [
        "label,file\nsquat,å.mp4\nlunge,b.mp4\n",
        "\ufefflabel,file\r\nsquat,å.mp4\r\nlunge,b.mp4\r\n",
        'label;file\nsquat;å.mp4\n"lunge"; b.mp4 \n',
        "label\tfile\tnote\nsquat\tå.mp4\ta, b; c\nlunge\tb.mp4\n",
    ],
)
def test_tables_of_every_spreadsheet_are_read(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode())
    rows = read_table(str(path), ("label", "file"))
    assert [(row["label"], row["file"]) for row in rows] == [("squat", "å.mp4"), ("lunge", "b.mp4")]


def test_a_table_in_another_encoding_is_told(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("label,file\nsquat,å.mp4\n".encode("latin-1"))
    with pytest.raises(RehabCoachError, match="not a CSV file in UTF-8"):
        read_table(str(path), ("label", "file"))


def test_a_folder_that_could_not_be_written_is_told_and_nothing_is_made(tmp_path, monkeypatch):
    check_writable(str(tmp_path / "a" / "b"))
    monkeypatch.chdir(tmp_path)
    check_writable("")
    assert os.listdir(str(tmp_path)) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(RehabCoachError, match="file is no folder"):
        check_writable(str(tmp_path / "file" / "b"))
    told = multiprocessing.get_context("fork").Queue()
    child = multiprocessing.get_context("fork").Process(target=as_nobody, args=(told,))
    child.start()
    assert told.get(timeout=60) == "cannot write /usr/a: this user may not write in /usr"
    child.join()


def as_nobody(told):
    if os.getuid() == 0:
        os.setuid(65534)
    try:
        check_writable("/usr/a")
        told.put("")
    except RehabCoachError as error:
        told.put(str(error))
