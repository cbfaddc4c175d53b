"""Reading in a process of its own: what it may take, and that it ends with who asked."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from anomaly.domain import DataError, SettingsError
from anomaly.reading.apart import asking, limits
from anomaly.reading.apart.asking import prepare_reader, read_apart
from anomaly.reading.opening import open_like, open_upload
from tests.reading.apart import readings
from tests.support.checkout import ROOT
from tests.support.fit_jobs import wait_until

FILES = [(b"time,flow\n" + b"".join(b"%d,%d\n" % (row, row % 7) for row in range(60)), "pump.csv")]


@pytest.fixture(autouse=True)
def can_import_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Readers that know the functions below, and none from before."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    asking._end_all()
    yield
    asking._end_all()


def test_a_file_is_read_as_here_and_the_process_used_again() -> None:
    opening = read_apart(open_upload, FILES, None, None, name="pump.csv", size=600)
    here = open_upload(FILES, None, None)
    np.testing.assert_array_equal(opening.dataset.series[0].values, here.dataset.series[0].values)
    assert opening.dataset.digest == here.dataset.digest
    # Whatever this process holds, that one is small.
    assert len(bytearray(b"x") * (500 << 20)) and len({read_apart(os.getpid, name="it", size=0) for _ in range(3)}) == 1
    assert read_apart(os.getpid, name="it", size=0) != os.getpid()


def test_what_is_refused_there_is_refused_here_in_the_same_words() -> None:
    for refused in ([(b"", "pump.csv")], [(b"time,flow\n1,2\n3,4,5,6\n7,8,9\n", "pump.csv")]):
        with pytest.raises(DataError) as here:
            open_upload(refused, None, None)
        with pytest.raises(DataError) as there:
            read_apart(open_upload, refused, None, None, name="pump.csv", size=0)
        assert str(here.value) == str(there.value)
    with pytest.raises(SettingsError, match="other"):
        from anomaly.domain import ReadSettings

        read_apart(open_like, FILES, ReadSettings(channels=("other",)), name="pump.csv", size=0)


@pytest.mark.parametrize(
    "broken", [readings.fill_memory, readings.abort, readings.leave, readings.fill_memory_at_the_end]
)
def test_what_ends_the_process_is_one_sentence_and_the_next_file_is_read(
    broken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.GIGABYTES, "0.5")
    with pytest.raises(DataError, match=r"^pump\.csv cannot be read: it takes more than 0\.5 GB of memory") as refused:
        read_apart(broken, name="pump.csv", size=0)
    assert "ANOMALY_READ_GB" in str(refused.value) and "\n" not in str(refused.value)
    assert read_apart(open_upload, FILES, None, None, name="pump.csv", size=600).dataset.steps == 60


def test_a_mistake_is_one_sentence_and_stands_in_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match=r"^pump cannot be read: its reader broke off \(ZeroDivisionError\)"):
        read_apart(readings.divide, name="pump", size=0)
    assert "ZeroDivisionError: division by zero" in capfd.readouterr().err


def test_what_is_printed_does_not_come_between() -> None:
    assert read_apart(readings.chatter, name="pump", size=0) == "said"


def test_reading_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.SECONDS, "0.3")
    with pytest.raises(DataError, match=r"^pump took more than 0\.3 seconds to read"):
        read_apart(readings.sleep, name="pump", size=0)


class Left(BaseException):
    """As the page is told that its session has gone."""


@pytest.mark.parametrize("read", [readings.sleep, readings.ask_another])
def test_reading_ends_with_whoever_asked(read: object, tmp_path: Path) -> None:
    told = tmp_path / "pid"

    def leave() -> None:
        if told.exists() and told.read_text():
            raise Left

    with pytest.raises(Left):
        read_apart(read, told, name="pump", size=0, on_wait=leave)
    wait_until(lambda: not readings.is_alive(int(told.read_text())))


def test_who_waits_for_a_turn_may_leave_too() -> None:
    ended = threading.Event()
    busy = [threading.Thread(target=keep_busy, args=(ended,), daemon=True) for _ in range(asking.AT_ONCE)]
    for one in busy:
        one.start()
    wait_until(lambda: asking._turns._value == 0)

    def leave() -> None:
        raise Left

    with pytest.raises(Left):
        read_apart(readings.sleep, name="pump", size=0, on_wait=leave)
    ended.set()
    for one in busy:
        one.join()


def keep_busy(ended: threading.Event) -> None:
    def leave() -> None:
        if ended.is_set():
            raise Left

    try:
        read_apart(readings.sleep, name="pump", size=0, on_wait=leave)
    except Left:
        return


def test_a_reader_ends_with_a_server_that_was_killed(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        from pathlib import Path
        from anomaly.reading.apart.asking import read_apart
        from tests.reading.apart import readings
        read_apart(readings.sleep, Path({str(tmp_path / "pid")!r}), name="pump", size=0)
    """)
    server = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    told = tmp_path / "pid"
    wait_until(lambda: told.exists() and told.read_text() != "")
    server.send_signal(signal.SIGKILL)
    server.wait()
    wait_until(lambda: not readings.is_alive(int(told.read_text())))


def test_one_that_left_meanwhile_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    read_apart(os.getpid, name="it", size=0)
    (reader,) = asking._idle
    monkeypatch.setattr(type(reader), "is_alive", True)
    assert reader._process.stdin is not None
    reader._process.stdin.close()
    reader._process.wait()
    assert read_apart(os.getpid, name="it", size=0) != reader._process.pid


def test_where_no_process_can_be_had_it_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert read_apart(os.getpid, name="it", size=0) == os.getpid()
    prepare_reader()


def test_one_is_ready_before_it_is_asked_for() -> None:
    prepare_reader()
    wait_until(lambda: len(asking._idle) == 1)
    ready = asking._idle[0]._process.pid
    prepare_reader()
    assert read_apart(os.getpid, name="it", size=0) == ready


def test_what_took_much_memory_is_not_used_again() -> None:
    first = read_apart(readings.take_much, name="it", size=1 << 30)
    wait_until(lambda: not readings.is_alive(first))
    assert read_apart(os.getpid, name="it", size=0) != first


@pytest.mark.parametrize("wanted", ["none", "0", "-1", "nan", "inf"])
def test_limits_that_are_no_numbers_are_refused(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.SECONDS, wanted)
    with pytest.raises(SettingsError, match="ANOMALY_READ_SECONDS: expected a number above 0, found"):
        read_apart(os.getpid, name="it", size=0)


def test_a_container_s_memory_is_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "max").write_text("max\n")
    (tmp_path / "limit").write_text(f"{3 << 30}\n")
    monkeypatch.setattr(limits, "CGROUPS", (str(tmp_path / "max"), str(tmp_path / "limit"), str(tmp_path / "none")))
    assert limits.machine_memory() == 3 << 30
    assert limits.most_memory(1_000_000_000) == 1 << 30


def test_none_is_left_behind() -> None:
    read_apart(os.getpid, name="it", size=0)
    (reader,) = asking._idle
    asking._end_all()
    assert not asking._idle and not reader.is_alive
