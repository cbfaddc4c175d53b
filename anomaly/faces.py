"""How a wing names what others may use: its `__init__.py` lists the imports, and each is made when first used.

`python -m anomaly --help` should not wait for pandas, nor the first page for torch. A reader and mypy see plain imports
under `if TYPE_CHECKING:`; the list is written nowhere else.
"""

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def open_face(package: str, file: str) -> tuple[Callable[[str], object], list[str]]:
    """`__getattr__` and `__all__` of `package`, from the imports under `if TYPE_CHECKING:` in its `__init__.py`."""
    homes = _homes(Path(file).read_text(encoding="utf-8"))

    def import_when_used(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = homes[name]
        # A name of the package itself is that of a module in it.
        return import_module(f"{home}.{name}") if home == package else getattr(import_module(home), name)

    return import_when_used, list(homes)


def _homes(source: str) -> dict[str, str]:
    """The module that each name comes from."""
    return {
        name.name: node.module
        for block in ast.parse(source).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for name in node.names
    }
