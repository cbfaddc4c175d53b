"""What this installation is made of: the versions that compute a result, and files that came with it."""

import platform
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import anomaly


def versions() -> dict[str, str]:
    """What computed it: this package, Python, and the libraries whose arithmetic shows in the result."""
    libraries = {name: version(name) for name in ("torch", "numpy", "scipy", "pandas")}
    return {"anomaly": anomaly.__version__, "python": platform.python_version(), **libraries}


def shipped(name: str) -> Path:
    """The file at `name` in the checkout, or, once installed, in the package's folder `shipped`."""
    package = Path(anomaly.__file__).parent
    inside = package / "shipped"
    return (inside if inside.is_dir() else package.parent) / name


def lacks(module: str, package: str) -> str:
    """What to install where `module` is missing, which the `package` of an extra brings; else empty."""
    if find_spec(module) is not None:
        return ""
    return f"expected the package {module}, which is not installed here: pip install '{package}'"
