"""The house: wings in order, three fences, no circle, folders to be taken in at a look; held by reading the source.

Every import counts, wherever it stands: at the top, inside a function, under TYPE_CHECKING. To name a type of a later
wing is to know of it. A wing's face (`__init__.py`) names what the others may use, and is not itself held to the order
of what is inside.
"""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WINGS = (
    "faces", "domain", "reading", "detecting", "forecasting", "pipeline", "evaluating", "runs", "showing", "cli", "ui",
)  # fmt: skip
"""a wing imports only from those before it; `__main__` and `app.py` lead in from outside"""
FENCES = {
    "torch": ("forecasting/model/",),
    "safetensors.torch": ("forecasting/model/",),
    "streamlit": ("ui/", "app.py"),
    "plotly": ("showing/charts/",),
}
MOST_NAMES = 16
VAGUE = {"utils", "helpers", "common", "misc", "core", "base", "manager"}
MOST_LINES, MOST_FUNCTION_LINES = 320, 60

SOURCES = {
    path.relative_to(ROOT / "anomaly").as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "anomaly").rglob("*.py"))
} | {"app.py": (ROOT / "app.py").read_text(encoding="utf-8")}
FACES = {file for file in SOURCES if file.endswith("__init__.py")}
MODULES = {file.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for file in SOURCES} - {"__init__"}
""""pipeline", "reading", "reading.formats.json", ..."""
FOLDERS = sorted({path.parent for path in (ROOT / "anomaly").rglob("*.py")})


def module_of(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def imports_of(source: str) -> Iterator[tuple[str, str, bool]]:
    """Every import as module and name ("" for the whole module), and whether it is made together with this one."""
    tree = ast.parse(source)
    at_once = {id(node) for statement in tree.body for node in _walk_at_once(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, "", id(node) in at_once
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                inside = f"{base}.{alias.name}"
                is_module = inside.removeprefix("anomaly.") in MODULES or inside == "safetensors.torch"
                yield (inside, "", id(node) in at_once) if is_module else (base, alias.name, id(node) in at_once)


def _walk_at_once(statement: ast.AST) -> Iterator[ast.AST]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
        return
    yield statement
    for child in ast.iter_child_nodes(statement):
        yield from _walk_at_once(child)


def own_imports(file: str, source: str) -> list[tuple[str, str, bool]]:
    """Those of this package: module as in MODULES, name, and whether it is made at once."""
    return [
        (module.removeprefix("anomaly").removeprefix("."), name, at_once)
        for module, name, at_once in imports_of(source)
        if module == "anomaly" or module.startswith("anomaly.")
    ]


def broken_fences(file: str, source: str) -> list[str]:
    broken = []
    for module, name, at_once in imports_of(source):
        for fenced, homes in FENCES.items():
            if (module == fenced or module.startswith(f"{fenced}.")) and not file.startswith(homes):
                broken.append(f"{file} imports {module}: {fenced} belongs in {' and '.join(homes)}.")
        # Only what has to compute opens the door of torch, and then inside a function.
        inside = module.startswith("anomaly.forecasting.model")
        if inside and at_once and not file.startswith("forecasting/model/"):
            broken.append(f"{file} imports {module}{'.' * bool(name)}{name} at once: expected it inside a function.")
    return broken


def broken_order(file: str, source: str) -> list[str]:
    wing = module_of(file).split(".")[0]
    broken = [f"{file} imports {module}: expected the whole name, anomaly.…" for module, _, _ in imports_of(source)
              if module.startswith(".")]  # fmt: skip
    if wing not in WINGS:
        return broken
    for module, name, _ in own_imports(file, source):
        other = module.split(".")[0]
        if other not in ("", wing) and WINGS.index(other) > WINGS.index(wing):
            broken.append(f"{file} imports {module}: expected only wings before {wing}, which are {', '.join(WINGS)}.")
        elif other not in ("", wing) and "." in module and name:
            broken.append(f"{file} imports {name} from {module}: expected it from the face, anomaly.{other}.")
    return broken


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """What is left when whatever leads nowhere has been taken away, again and again."""
    left = {one: set(others) - {one} for one, others in arrows.items()}
    while leaves := {one for one in left if not left[one] & set(left)}:
        left = {one: others for one, others in left.items() if one not in leaves}
    return sorted(left)


def arrows_in(folder: str) -> dict[str, set[str]]:
    """Which names of a folder ("" is the package) import which others of it; faces aside."""
    inside = f"{folder}." if folder else ""

    def name_of(module: str) -> str | None:
        return module.removeprefix(inside).split(".")[0] if module.startswith(inside) and module else None

    arrows: dict[str, set[str]] = {}
    for file in SOURCES.keys() - FACES - {"app.py"}:
        name = name_of(module_of(file))
        if name is not None:
            others = {name_of(module) for module, _, _ in own_imports(file, SOURCES[file])}
            arrows.setdefault(name, set()).update(other for other in others if other is not None)
    return arrows


@pytest.mark.parametrize("file", [file for file in SOURCES if file not in FACES])
def test_torch_streamlit_and_plotly_stay_behind_their_fences(file: str) -> None:
    assert broken_fences(file, SOURCES[file]) == []


@pytest.mark.parametrize("file", [file for file in SOURCES if file not in FACES])
def test_a_wing_imports_from_the_faces_of_wings_before_it(file: str) -> None:
    assert broken_order(file, SOURCES[file]) == []


@pytest.mark.parametrize("folder", [path.relative_to(ROOT / "anomaly").as_posix() for path in FOLDERS])
def test_nothing_goes_in_a_circle(folder: str) -> None:
    circle = circles(arrows_in("" if folder == "." else folder.replace("/", ".")))
    assert circle == [], f"anomaly/{folder}: these import each other in a circle: {', '.join(circle)}."


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_folder_can_be_taken_in_at_a_look(folder: Path) -> None:
    names = [path.name for path in folder.iterdir() if path.name != "__pycache__"]
    assert len(names) <= MOST_NAMES, f"{folder} has {len(names)} names: expected at most {MOST_NAMES}."


def test_every_wing_is_one_and_there_are_no_others() -> None:
    assert {module.split(".")[0] for module in MODULES} == {*WINGS, "__main__", "app"}


@pytest.mark.parametrize("wing", [wing for wing in WINGS if f"{wing}/__init__.py" in SOURCES])
def test_a_face_says_what_comes_in_what_goes_out_and_where_to_begin(wing: str) -> None:
    about = ast.get_docstring(ast.parse(SOURCES[f"{wing}/__init__.py"])) or ""
    assert all(word in about for word in ("In: ", "Out: ", "Begin in ")), (
        f"anomaly/{wing}/__init__.py lacks one of them."
    )
    assert 3 <= len(about.splitlines()) <= 8


@pytest.mark.parametrize("face", sorted(face for face in FACES if "open_face(" in SOURCES[face]))
def test_what_a_face_names_is_there_and_no_module_of_its_takes_the_name(face: str) -> None:
    name = f"anomaly.{module_of(face)}".removesuffix(".__init__")
    package = importlib.import_module(name)
    homes = {alias: module for module, alias, _ in imports_of(SOURCES[face])}
    for one in package.__all__:
        getattr(package, one)
        assert f"{name}.{one}".removeprefix("anomaly.") not in MODULES or one not in homes, f"{face}: {one}"


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("detecting/scores.py", "import torch"),
        ("detecting/scores.py", "def score():\n    from torch import nn"),
        ("forecasting/storage.py", "from safetensors.torch import load_file"),
        ("showing/export.py", "def save():\n    from safetensors import torch"),
        ("runs/jobs/worker.py", "try:\n    import torch._dynamo\nexcept ImportError:\n    pass"),
        ("forecasting/fitting.py", "from anomaly.forecasting.model.training import train"),
        ("ui/detect/result/results.py", "import plotly.express as px"),
        ("cli/entry.py", "if TYPE_CHECKING:\n    import streamlit as st"),
    ],
)
def test_a_hole_in_a_fence_is_named_in_a_sentence(file: str, source: str) -> None:
    (sentence,) = broken_fences(file, source)
    assert sentence.startswith(f"{file} imports ")


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("reading/sampling.py", "from anomaly.detecting import Detection"),
        ("detecting/events.py", "def find():\n    from anomaly.forecasting import Fitted"),
        ("domain/records.py", "if TYPE_CHECKING:\n    from anomaly.reading import Table"),
        ("pipeline.py", "from anomaly.showing import export"),
        ("showing/charts/stack.py", "from anomaly.ui.wording import share"),
        ("cli/commands.py", "from anomaly.ui import entry"),
        ("reading/formats/json.py", "from .table import Table"),
        ("runs/store.py", "from anomaly.forecasting.fitting import Fitted"),
    ],
)
def test_a_step_to_a_later_wing_or_past_a_face_is_named_in_a_sentence(file: str, source: str) -> None:
    (sentence,) = broken_order(file, source)
    assert sentence.startswith(file) and " imports " in sentence


def test_a_circle_is_found_and_what_leads_into_it() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": {"c"}}) == []


@pytest.mark.parametrize("file", SOURCES)
def test_inside_the_package_its_name_is_used_for_the_version_and_the_place_alone(file: str) -> None:
    tree = ast.parse(SOURCES[file])
    used = [
        f"{file} uses anomaly.{node.attr}: expected it from the wing that holds it."
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "anomaly"
        if node.attr not in ("__version__", "__file__")
    ]
    assert used == []


@pytest.mark.parametrize("file", SOURCES)
def test_a_module_is_named_for_what_it_does(file: str) -> None:
    vague = VAGUE & set(module_of(file).split("."))
    assert not vague, f"anomaly/{file} is called {', '.join(vague)}: expected a name that says what it does."


@pytest.mark.parametrize("file", SOURCES)
def test_no_pickle_no_eval_and_no_unsafe_html(file: str) -> None:
    source = SOURCES[file]
    pickles = [name for name, _, _ in imports_of(source) if name.split(".")[0] in ("pickle", "cloudpickle", "dill")]
    # Two processes of this program tell each other what was read; no file is ever taken for a pickle.
    is_pipe = file in ("reading/apart/asking.py", "reading/apart/answering.py")
    assert not pickles or is_pipe, f"{file} imports {', '.join(pickles)}: model files are safetensors and JSON."
    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}
    assert not called & {"eval", "exec", "torch.load", "joblib.load"}, f"{file} runs what it reads."
    assert "unsafe_allow_html" not in source, f"{file} shows unsafe HTML."
    # Two fixed scripts remember the address over signing in.
    assert "unsafe_allow_javascript" not in source or file == "ui/lasting/signing_in.py", f"{file} runs a script."


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
