"""The command line: every flag is there, and one sentence for whatever is wrong."""

import json
import shlex
from pathlib import Path

import pytest

from anomaly.cli import main
from tests.support.command_line import Capture, refusal, run, write_pump

READ_FLAGS = "--time --record --channels --context --labels"
FIT_FLAGS = (
    "--train-fraction --train-rows --train-until --calendar --holidays --cell --hidden-units --layers --bptt-steps "
    "--window-steps --recurrent-init --forget-bias --weight-decay --dropout --gradient-norm --horizons --epochs "
    "--patience --seed"
)
DETECT_FLAGS = "--smoothing --threshold-rule --threshold --merge-gap --min-length"


@pytest.mark.parametrize(
    ("command", "without"),
    [("detect", ""), ("fit", DETECT_FLAGS), ("score", FIT_FLAGS)],
    ids=["detect", "fit", "score"],
)
def test_every_flag_of_the_contract_is_there(command: str, without: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    offered = set(capsys.readouterr().out.replace(",", " ").split())
    every = {*READ_FLAGS.split(), *FIT_FLAGS.split(), *DETECT_FLAGS.split()}
    assert every & offered == every - set(without.split())


def test_every_flag_is_taken(tmp_path: Path) -> None:
    lines = write_pump(tmp_path).read_text().splitlines()
    rows = [f"{cells},{step // 100},{step % 2},{int(step % 100 > 90)}" for step, cells in enumerate(lines[1:])]
    (tmp_path / "all.csv").write_text("\n".join([f"{lines[0]},unit,on,bad", *rows]))
    flags = """--time time --record unit --channels level,flow --context on --labels bad --train-until 250 --cell gru
        --hidden-units 3 --layers 2 --bptt-steps 9 --horizons 1,2 --epochs 2 --patience 1 --seed 3 --smoothing auto
        --threshold-rule quantile --threshold 0.9 --merge-gap 1 --min-length 2"""
    run("detect", tmp_path / "all.csv", "--out", tmp_path / "out", *shlex.split(flags))
    said = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (said["data"]["records"], said["data"]["labels"]) == (3, "bad")
    assert (said["data"]["channels"], said["data"]["context"]) == (["level", "flow"], ["on"])
    assert (said["fit"]["train_until"], said["fit"]["cell"]) == ("250", "gru")
    assert (said["detect"]["merge_gap"], said["detect"]["min_length"]) == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("detect FILE --out OUT --channels flo", "no column 'flo'; the nearest is 'flow'"),
        ("detect FILE --out OUT --kind flo=angle", "no column 'flo'; the nearest is 'flow'"),
        ("detect FILE --out OUT --kind flow=angel", "expected CHANNEL=KIND, the kind one of value, angle"),
        ("detect FILE --out OUT --kind flow", "expected CHANNEL=KIND"),
        ("detec FILE", "invalid choice: 'detec' (choose from"),
        ("", "COMMAND"),
        ("detect FILE", "--out"),
        ("detect FILE --out OUT --bogus 3", "--bogus"),
        ("fit FILE --model OUT --threshold 3", "--threshold"),
        ("detect FILE --out OUT --epochs many", "--epochs: expected a whole number, found 'many'"),
        ("detect FILE --out OUT --horizons 1,x", "--horizons: expected a whole number, found 'x'"),
        ("detect FILE --out OUT --threshold nan", "finite number, found nan"),
        ("detect FILE --out OUT --threshold-rule quantile --threshold 1.5", "expects a number from 0 to 1, found 1.5"),
        ("detect FILE --out OUT --holidays Germany", "expected the code of a country, such as DE"),
        ("detect FILE --out OUT --holidays DE-QQ", "expected a part of DE, such as DE-"),
        ("detect FILE --out OUT --holidays 2024-13-01", "or a country such as DE, found '2024-13-01'"),
        ("detect FILE --out OUT --cell mlp", "or 'feedforward', found 'mlp'"),
        ("detect FILE --out OUT --train-rows 9", "The train span is too short: expected at least 21 steps"),
        ("detect FILE --out OUT --train-rows 9 --train-fraction 0.5", "at most one way to choose the train span"),
        ("detect FILE --out OUT --train-until never", "expected a time like those of column 'time'"),
        ("detect absent.csv --out OUT", "There is no file absent.csv"),
        ("detect FOLDER --out OUT", "is a folder; expected a file"),
        ("score FILE --model absent --out OUT", "There is no fitted model in absent: model.json is missing"),
        ("score FILE --model FILE --out OUT", "There is no fitted model in"),
        ("demo pumpe --out OUT", "expected one of pump, ecg, ward. Did you mean 'pump'?"),
        ("demo pump --out FOLDER", "cannot be written"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(arguments: str, said: str, pump: Path, capsys: Capture) -> None:
    places = {"FILE": pump, "FOLDER": pump.parent, "OUT": pump.parent / "out"}
    assert said in refusal(capsys, *(places.get(word, word) for word in arguments.split()))
    assert not (pump.parent / "out").exists()


@pytest.mark.parametrize("command", ["detect --out", "fit --model"])
def test_a_file_where_the_results_should_go_is_refused_before_training(
    command: str, pump: Path, capsys: Capture
) -> None:
    name, flag = command.split()
    for folder in (pump, pump / "results"):
        assert main([name, str(pump), flag, str(folder)]) == 2
        said = capsys.readouterr()
        assert said.err == f"{folder} cannot be written: expected a folder, but {pump} is a file.\n"
        assert said.out == ""


def test_a_damaged_model_is_refused(pump: Path, model: Path, tmp_path: Path, capsys: Capture) -> None:
    kept = {path.name: path.read_bytes() for path in model.iterdir()}
    future = json.dumps(json.loads(kept["model.json"]) | {"format": 99}).encode()
    for name, content, said in (
        ("weights.safetensors", kept["weights.safetensors"][:100], "is damaged"),
        ("model.json", b"{,", "is damaged"),
        ("model.json", future, "has format 99; this version reads"),
    ):
        for other, bytes_kept in (kept | {name: content}).items():
            (tmp_path / other).write_bytes(bytes_kept)
        assert said in refusal(capsys, "score", pump, "--model", tmp_path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_of_other_channels_is_refused(model: Path, tmp_path: Path, capsys: Capture) -> None:
    other = write_pump(tmp_path, "other.csv", header="time,pressure,level")
    said = refusal(capsys, "score", other, "--model", model, "--out", tmp_path)
    assert "other has no column 'flow'; the nearest is" in said
    said = refusal(capsys, "score", other, "--model", model, "--out", tmp_path, "--channels", "level,pressure")
    assert "expects the monitored channels flow, level, in this order; other gives level, pressure" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("get",), "expected a NAME"),
        (("get", "nab-taxi"), "the nearest is 'nab-nyc-taxi'"),
        (("fetch",), "invalid choice"),
    ],
)
def test_a_data_set_that_cannot_be_got_is_told_in_one_sentence(
    arguments: tuple[str, ...], said: str, capsys: Capture
) -> None:
    assert said in refusal(capsys, "datasets", *arguments)
