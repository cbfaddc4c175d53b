"""Floors and fences: which module may import which, held by reading the source.

Every import counts, wherever it stands: at the top, inside a function, under TYPE_CHECKING. To name a type of a higher
floor is to know of it. The package itself (`anomaly/__init__.py`) is the directory of public names and stands outside
the floors; inside it, `import anomaly` is for the version alone.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    **dict.fromkeys(["domain", "exceptions", "settings", "versions", "rounding", "durations", "time_words"], 0),
    **dict.fromkeys(["time_forms", "events", "scoring", "shapes", "synthetic", "decimation", "units", "naming"], 1),
    **dict.fromkeys(["reading.table", "reading.numerals", "missing_codes", "model", "progress", "clock_changes"], 1),
    **dict.fromkeys(["model.cells", "model.network", "model.effort", "model.forecaster", "model.gradients"], 1),
    **dict.fromkeys(["model.training", "model.trace", "model.checkpoint", "baselines"], 1),
    **dict.fromkeys(["reading.archives", "reading.dialect", "reading.columnar", "rules", "times", "preparation"], 2),
    **dict.fromkeys(["evaluation", "explanations", "states", "joining", "alignment"], 2),
    **dict.fromkeys(["reading.cells", "reading.header", "reading.extents"], 2),
    **dict.fromkeys(["reading.csv", "reading.json", "reading.strangers", "reading.waveforms.signals"], 3),
    **dict.fromkeys(["columns", "thresholds", "detection", "sampling", "inspection", "missing_times"], 3),
    **dict.fromkeys(["reading.waveforms", "reading.waveforms.beats", "reading.rehearsal"], 1),
    **dict.fromkeys(["reading.waveforms.annotations", "reading.waveforms.edf", "reading.waveforms.wfdb"], 4),
    **dict.fromkeys(["reading.spreadsheets", "pivoting", "records", "cleaning", "assessment", "labelling"], 4),
    **dict.fromkeys(["drift", "joint_records"], 4),
    **dict.fromkeys(["reading", "assembly"], 5),
    **dict.fromkeys(["fitting", "worker"], 5),
    **dict.fromkeys(["pipeline", "catalogue"], 6),
    **dict.fromkeys(["memory", "lesson"], 6),
    **dict.fromkeys(["storage", "export", "jobs", "charts.drawing", "comparison", "runs.schema", "runs.verdicts"], 7),
    **dict.fromkeys(["runs.artifacts", "runs.people", "runs.database"], 7),
    **dict.fromkeys(["runs.archive", "runs.migrations.env", "runs.migrations.versions.0001_runs_and_verdicts"], 8),
    **dict.fromkeys(["runs.migrations.versions.0002_people", "runs.access"], 8),
    **dict.fromkeys(["runs.unfinished", "runs.sharing"], 9),
    "runs.store": 10,
    "runs.place": 11,
    "runs": 12,
    "charts.stack": 8,
    **dict.fromkeys(["charts.detection", "charts.overview", "charts.lesson"], 9),
    **dict.fromkeys(["recommendation", "watchdog"], 8),
    "charts": 10,
    "report": 11,
    **dict.fromkeys(["cli", "ui"], 13),
    **dict.fromkeys(["__main__", "app"], 14),
}
FENCES = {
    "torch": ("model/",),
    "safetensors.torch": ("model/",),
    "streamlit": ("app.py", "ui/"),
    "plotly": ("charts/",),
    "anomaly.model": ("model/",),
}
LAZILY = {
    "torch": ("storage.py", "worker.py"),
    "safetensors.torch": ("storage.py",),
    "anomaly.model": ("storage.py", "worker.py", "fitting.py", "lesson.py"),
}
"""what is let through a fence inside a function or under TYPE_CHECKING, never when the module is imported"""
VAGUE = {"utils", "helpers", "common", "misc", "core", "base", "manager"}
MOST_LINES, MOST_FUNCTION_LINES = 330, 60

SOURCES = {
    path.relative_to(ROOT / "anomaly").as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "anomaly").rglob("*.py"))
} | {"app.py": (ROOT / "app.py").read_text(encoding="utf-8")}
MODULES = {"." + file.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for file in SOURCES}
"""".times", ".reading", ".reading.csv", ..."""


def module_of(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def imports_of(source: str) -> Iterator[tuple[str, bool]]:
    """Every imported module, and whether it is imported together with this one."""
    tree = ast.parse(source)
    at_once = {id(node) for statement in tree.body for node in _walk_at_once(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in at_once
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                inside = f"{base}.{alias.name}"
                is_module = inside.removeprefix("anomaly") in MODULES or inside == "safetensors.torch"
                yield inside if is_module else base, id(node) in at_once


def _walk_at_once(statement: ast.AST) -> Iterator[ast.AST]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
        return
    yield statement
    for child in ast.iter_child_nodes(statement):
        yield from _walk_at_once(child)


def is_within(imported: str, package: str) -> bool:
    return imported == package or imported.startswith(f"{package}.")


def stands_in(file: str, places: tuple[str, ...]) -> bool:
    return file.startswith(tuple(place for place in places if place.endswith("/"))) or file in places


def broken_fences(file: str, source: str) -> list[str]:
    broken = []
    for imported, at_once in imports_of(source):
        for fenced, homes in FENCES.items():
            lazily = LAZILY.get(fenced, ())
            if not is_within(imported, fenced) or stands_in(file, homes) or (file in lazily and not at_once):
                continue
            where = " and ".join(homes) + (f" (and inside functions of {', '.join(lazily)})" if lazily else "")
            broken.append(f"{file} imports {imported}: {fenced} belongs in {where}.")
    return broken


def floor_of(module: str) -> int:
    if module in FLOORS:
        return FLOORS[module]
    folder = module.split(".")[0]
    assert folder == "ui", f"anomaly/{module} has no floor yet: give it one in FLOORS."
    return FLOORS[folder]


def broken_floors(file: str, source: str) -> list[str]:
    broken = []
    module = module_of(file)
    folder = module.split(".")[0]
    for imported, _ in imports_of(source):
        if imported.startswith("."):
            broken.append(f"{file} imports {imported}: expected the whole name, anomaly.…")
        if not imported.startswith("anomaly."):
            continue
        other = imported.removeprefix("anomaly.")
        are_siblings = folder in ("reading", "model", "ui") and other.split(".")[0] == folder
        own, below = floor_of(module), floor_of(other)
        # The ground floor holds names and choices: settings raise exceptions.
        if below < own or are_siblings or own == below == 0:
            continue
        broken.append(f"{file} (floor {own}) imports {imported} (floor {below}): expected only floors below its own.")
    return broken


@pytest.mark.parametrize("file", SOURCES)
def test_torch_streamlit_and_plotly_stay_behind_their_fences(file: str) -> None:
    assert broken_fences(file, SOURCES[file]) == []


@pytest.mark.parametrize("file", [file for file in SOURCES if file != "__init__.py"])
def test_a_module_imports_from_lower_floors_only(file: str) -> None:
    assert broken_floors(file, SOURCES[file]) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("scoring.py", "import torch"),
        ("scoring.py", "def score():\n    from torch import nn"),
        ("storage.py", "from safetensors.torch import load_file"),
        ("export.py", "def save():\n    from safetensors import torch"),
        ("worker.py", "try:\n    import torch._dynamo\nexcept ImportError:\n    pass"),
        ("pipeline.py", "from anomaly.model.training import train"),
        ("ui/results.py", "def show():\n    from anomaly.model import network"),
        ("ui/results.py", "import plotly.express as px"),
        ("cli.py", "if TYPE_CHECKING:\n    import streamlit as st"),
    ],
)
def test_a_hole_in_a_fence_is_named_in_a_sentence(file: str, source: str) -> None:
    (sentence,) = broken_fences(file, source)
    assert sentence.startswith(f"{file} imports ") and " belongs in " in sentence


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("times.py", "from anomaly import columns"),
        ("events.py", "def find():\n    from anomaly.detection import Detection"),
        ("domain.py", "if TYPE_CHECKING:\n    from anomaly.times import to_calendar"),
        ("pipeline.py", "from anomaly.export import to_csv"),
        ("charts.py", "from anomaly.ui.wording import duration"),
        ("ui/zoom.py", "from anomaly.cli import main"),
        ("reading/csv.py", "from .table import Table"),
    ],
)
def test_a_step_to_a_higher_floor_is_named_in_a_sentence(file: str, source: str) -> None:
    (sentence,) = broken_floors(file, source)
    assert sentence.startswith(file) and " imports " in sentence


def test_every_floor_is_that_of_a_module() -> None:
    assert [module for module in FLOORS if f".{module}" not in MODULES] == []


@pytest.mark.parametrize("file", SOURCES)
def test_inside_the_package_its_name_is_used_for_the_version_alone(file: str) -> None:
    tree = ast.parse(SOURCES[file])
    used = [
        f"{file} uses anomaly.{node.attr}: expected it from the module that holds it."
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "anomaly"
        if node.attr != "__version__"
    ]
    assert used == []
    assert not any(imported == "anomaly" and file != "versions.py" for imported, _ in imports_of(SOURCES[file]))


@pytest.mark.parametrize("file", SOURCES)
def test_a_module_is_named_for_what_it_does(file: str) -> None:
    vague = VAGUE & set(module_of(file).split("."))
    assert not vague, f"anomaly/{file} is called {', '.join(vague)}: expected a name that says what it does."


@pytest.mark.parametrize("file", SOURCES)
def test_no_pickle_no_eval_and_no_unsafe_html(file: str) -> None:
    source = SOURCES[file]
    pickles = [name for name, _ in imports_of(source) if name.split(".")[0] in ("pickle", "cloudpickle", "dill")]
    assert not pickles, f"{file} imports {', '.join(pickles)}: model files are safetensors and JSON."
    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}
    assert not called & {"eval", "exec", "torch.load", "joblib.load"}, f"{file} runs what it reads."
    assert "unsafe_allow_html" not in source, f"{file} shows unsafe HTML."
    # Two fixed scripts remember the address over signing in.
    assert "unsafe_allow_javascript" not in source or file == "ui/signing_in.py", f"{file} runs a script."


@pytest.mark.parametrize("file", SOURCES)
def test_files_and_functions_are_of_a_size_to_be_read(file: str) -> None:
    lines = len(SOURCES[file].splitlines())
    assert lines <= MOST_LINES, f"anomaly/{file} has {lines} lines: expected at most {MOST_LINES}."
    for node in ast.walk(ast.parse(SOURCES[file])):
        if isinstance(node, ast.FunctionDef):
            long = (node.end_lineno or 0) - node.lineno + 1
            assert long <= MOST_FUNCTION_LINES, f"{file}: {node.name} has {long} lines."


def loaded_by(*arguments: str) -> set[str]:
    """The packages in memory at the end of a fresh Python."""
    report = "import atexit, sys; atexit.register(lambda: print('LOADED', *sys.modules)); "
    code = (
        report + "import runpy; sys.argv = ['anomaly', *sys.argv[1:]]; runpy.run_module('anomaly', run_name='__main__')"
    )
    command = (
        [sys.executable, "-c", code, *arguments] if arguments else [sys.executable, "-c", report + "import anomaly"]
    )
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].removeprefix("LOADED ").split())


def test_importing_the_package_imports_nothing_heavy() -> None:
    loaded = loaded_by()
    assert "anomaly" in loaded
    assert not loaded & {"torch", "plotly", "streamlit", "pandas", "numpy"}


def test_help_imports_nothing_heavy() -> None:
    loaded = loaded_by("--help")
    assert "anomaly.cli" in loaded
    assert not loaded & {"torch", "plotly", "streamlit", "pandas"}
