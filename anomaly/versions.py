"""What computed a result."""

import platform
from importlib.metadata import version

import anomaly


def versions() -> dict[str, str]:
    """What computed it: this package, Python, and the libraries whose arithmetic shows in the result."""
    libraries = {name: version(name) for name in ("torch", "numpy", "scipy", "pandas")}
    return {"anomaly": anomaly.__version__, "python": platform.python_version(), **libraries}
