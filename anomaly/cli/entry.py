"""The way in: which commands there are, what each takes, and the sentence where something is wrong."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import anomaly
from anomaly.cli import commands
from anomaly.cli.arguments import Parser, add_files, add_flags
from anomaly.cli.terminal import complain, prepare_streams
from anomaly.domain import AnomalyError, DetectSettings, FitSettings, ReadSettings, SettingsError

PROGRAM = "unforeseen"
BAD_INPUT = 2
READERS = "the umask says who else may read it (022: all may; 077: nobody)"
NO_MEMORY = (
    "There is not enough memory for that. Keep the rows and columns you want, or name a shorter train span, fewer "
    "hidden units or BPTT steps."
)
LABEL_FILE = "CSV file of known anomalies to compare with: start,end and perhaps record, or TRAINSET's labels"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0: it worked; 2: one sentence on stderr says what is wrong with the input or settings."""
    prepare_streams()
    try:
        chosen, unknown = make_parser().parse_known_args(arguments)
        if unknown and not chosen.passes_on:
            raise SettingsError(
                f"Unrecognized arguments: {' '.join(unknown)}. See `{_called()} {chosen.run.__name__} --help`."
            )
        chosen.run(vars(chosen) | {"unknown": unknown})
    except AnomalyError as error:
        complain(str(error))
        return BAD_INPUT
    except MemoryError:
        complain(NO_MEMORY)
        return BAD_INPUT
    return 0


def _called() -> str:
    """How this program was started, and so how to start it again."""
    return PROGRAM if Path(sys.argv[0]).stem == PROGRAM else "python -m anomaly"


def make_parser() -> argparse.ArgumentParser:
    """Every command with its flags."""
    parser = Parser(
        prog=_called(),
        description="Find the unforeseen in time series: a recurrent forecaster, its surprises, and what made them.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {anomaly.__version__}")
    parser.set_defaults(passes_on=False)
    every = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    one = every.add_parser("app", help="start the app, which prints its address")
    one.set_defaults(run=commands.app, passes_on=True)
    one.description = "What else is given goes to `streamlit run`, for example --server.port 8600."

    one = every.add_parser("detect", help="fit on FILE... and write events.csv, points.csv and run.json to DIR")
    one.set_defaults(run=commands.detect)
    add_files(one)
    _add_results(one)
    add_flags(one, ReadSettings, FitSettings, DetectSettings)

    one = every.add_parser("fit", help="fit on FILE... and keep the model in DIR")
    one.set_defaults(run=commands.fit)
    add_files(one)
    one.add_argument("--model", metavar="DIR", required=True, help=f"folder for the model; {READERS}")
    add_flags(one, ReadSettings, FitSettings)

    one = every.add_parser("score", help="score FILE... with a kept model, without fitting again")
    one.set_defaults(run=commands.score)
    add_files(one)
    one.add_argument("--model", metavar="DIR", required=True, help="folder of the model")
    _add_results(one)
    add_flags(one, ReadSettings, DetectSettings)

    one = every.add_parser("demo", help="write a demonstration file: pump, ecg or ward")
    one.set_defaults(run=commands.demo)
    one.add_argument("name", metavar="NAME", help="pump, ecg or ward")
    one.add_argument("--out", metavar="FILE", required=True, help="file to write")

    one = every.add_parser("datasets", help="list public data sets with known anomalies, or get one by its NAME")
    one.set_defaults(run=commands.datasets)
    one.add_argument("action", choices=["list", "get"], help="list them all, or download one")
    one.add_argument("name", metavar="NAME", nargs="?", help="as the list calls it")
    one.add_argument("--out", metavar="DIR", help="folder for the files (default: NAME)")
    return parser


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="DIR", required=True, help=f"folder for the results; {READERS}")
    parser.add_argument("--labels-from", metavar="FILE", help=LABEL_FILE)
    parser.add_argument("--report", action="store_true", help="write report.html beside them: one page to send")
