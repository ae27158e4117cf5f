import errno

import pytest

from warp2hdl.errors import OutputError
from warp2hdl.files import staged_file, staged_folder


def test_a_file_is_replaced_only_at_the_end(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with staged_file(path) as stage:
        stage.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"
    with pytest.raises(RuntimeError), staged_file(path) as stage:
        stage.write_text("two")
        raise RuntimeError
    assert path.read_text() == "one"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_file_is_exchanged_and_never_rewritten(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one")
    with path.open() as reader:
        with staged_file(path) as stage:
            stage.write_text("two")
        assert reader.read() == "one"
    assert path.read_text() == "two"


def test_a_folder_keeps_what_is_not_replaced(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    (folder / "a.txt").write_text("old")
    with staged_folder(folder) as stage:
        (stage / "a.txt").write_text("new")
        (stage / "manifest.json").write_text("{}")
        assert (folder / "a.txt").read_text() == "old"
    assert {p.name: p.read_text() for p in folder.iterdir()} == {
        "mine.txt": "mine",
        "a.txt": "new",
        "manifest.json": "{}",
    }
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_failing_block_changes_nothing(tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(RuntimeError), staged_folder(folder) as stage:
        (stage / "a.txt").write_text("new")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", [staged_file, staged_folder])
def test_folders_that_were_made_on_the_way_go_away_again(tmp_path, stage):
    (tmp_path / "there").mkdir()
    with pytest.raises(RuntimeError), stage(tmp_path / "there" / "a" / "b" / "out"):
        raise RuntimeError
    assert [p.name for p in tmp_path.rglob("*")] == ["there"]


def test_a_folder_that_exists_is_never_left(tmp_path):
    # It may be a mount: a file from outside could not be moved into it.
    folder = tmp_path / "out"
    folder.mkdir()
    with staged_folder(folder) as stage:
        assert stage.parent == folder
        (stage / "a.txt").write_text("new")
    assert [p.name for p in folder.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("stage", [staged_file, staged_folder])
def test_a_full_disk_is_explained_and_changes_nothing(tmp_path, stage):
    with pytest.raises(OutputError) as error, stage(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(error.value) == (
        f"cannot write {tmp_path / 'out'}: No space left on device; free some space or choose another place with --out."
    )
    assert list(tmp_path.iterdir()) == []


def test_the_wrong_kind_of_place(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file; give --out a folder"), staged_folder(tmp_path / "file"):
        pass
    with pytest.raises(OutputError, match="is a folder; give --out a file"), staged_file(tmp_path):
        pass
    assert (tmp_path / "file").read_text() == "x"
