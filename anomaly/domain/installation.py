"""What this installation is made of: the versions that compute a result, and files that came with it."""

import platform
from importlib.metadata import version
from pathlib import Path

import anomaly


def versions() -> dict[str, str]:
    """What computed it: this package, Python, and the libraries whose arithmetic shows in the result."""
    libraries = {name: version(name) for name in ("torch", "numpy", "scipy", "pandas")}
    return {"anomaly": anomaly.__version__, "python": platform.python_version(), **libraries}


def shipped(name: str) -> Path:
    """A file by its place in the checkout: beside the package there, in its folder `shipped` once it is installed."""
    package = Path(anomaly.__file__).parent
    inside = package / "shipped"
    return (inside if inside.is_dir() else package.parent) / name
