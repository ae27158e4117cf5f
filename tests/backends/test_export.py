import pytest

from tests.backends.test_bits import make
from warp2hdl.backends import export
from warp2hdl.errors import BackendError, OutputError


@pytest.mark.parametrize("file_format", export.FORMATS)
def test_files_are_returned_and_replaced(file_format, tmp_path):
    path = tmp_path / "net.c"
    path.write_text("old")
    files = export.write(make(), path, file_format)
    assert sorted(files) == sorted(tmp_path.iterdir()) and path in files
    first = [file.read_bytes() for file in files]
    assert [file.read_bytes() for file in export.write(make(), path, file_format)] == first


def test_unknown_format(tmp_path):
    with pytest.raises(BackendError, match=r"^the format 'edif' does not exist; choose one of c, blif, aiger\.$"):
        export.write(make(), tmp_path / "x", "edif")


def test_header_that_is_a_folder_leaves_the_source_alone(tmp_path):
    (tmp_path / "net.h").mkdir()
    with pytest.raises(OutputError, match=r"net\.h is a folder; give --out a file\."):
        export.write(make(), tmp_path / "net.c", "c")
    assert [path.name for path in tmp_path.iterdir()] == ["net.h"]
