"""A last column of remarks: no state, no channel, and in every row or in a few alone."""

import pytest

import anomaly
from anomaly.domain import DataError

WORDS = {20: "start", 50: "stop", 90: "pump on", 120: '"start, again"'}


def lines(sign: str, ends: dict[int, str], filled: bool) -> list[str]:
    empty = sign if filled else ""
    return [
        f"2023-03-01 00:{n // 60:02}:{n % 60:02}{sign}{n % 7}.5" + (f"{sign}{ends[n]}" if n in ends else empty)
        for n in range(200)
    ]


@pytest.mark.parametrize("header", ["time,a,Comment", "time,a,Bemerkung", "time,a,x", "time,a"])
@pytest.mark.parametrize("filled", [True, False])
@pytest.mark.parametrize("sign", ",;")
def test_remarks_are_neither_a_state_nor_a_channel(header: str, filled: bool, sign: str) -> None:
    if header == "time,a" and filled:
        header = "time,a,"
    dataset = anomaly.read("\n".join([header.replace(",", sign), *lines(sign, WORDS, filled)]).encode())
    assert (dataset.columns.time, dataset.monitored, dataset.columns.context) == ("time", ("a",), ())
    assert dataset.series[0].values[:, 0].tolist() == [n % 7 + 0.5 for n in range(200)]
    assert any("holds text, such as 'start': left out" in str(repair) for repair in dataset.repairs)


def test_figures_that_some_rows_lack_are_no_remarks() -> None:
    with pytest.raises(DataError, match="expected 3 cells"):
        anomaly.read("\n".join(["time,a,b", *lines(",", {3: "5", 9: "6"}, False)]).encode())
