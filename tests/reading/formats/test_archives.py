"""Archives that are odd, damaged or hostile: a sentence, and nothing of Python's own."""

import io
import zipfile

import pytest

from anomaly.domain import DataError
from anomaly.reading import read_files


def test_a_member_without_a_name_is_one_sentence() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("pump.csv", "step,flow\n1,2\n2,3\n")
        archive.writestr("x", "step,flow\n1,2\n2,3\n")
        archive.infolist()[1].filename = ""
    with pytest.raises(DataError, match=r"^pumps holds a file without a name: .*\.$"):
        read_files([(written.getvalue(), "pumps.zip")])
