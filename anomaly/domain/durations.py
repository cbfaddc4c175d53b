"""Lengths of time as people say them."""

DAY = 86_400.0
UNITS = (("d", DAY), ("h", 3_600.0), ("min", 60.0), ("s", 1.0))


def say_duration(seconds: float) -> str:
    """Two units at most: "3 h 35 min", "12 s", "0.08 s"."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    parts: list[str] = []
    # Rounded first: "1 min 60 s" is no length of time.
    seconds = round(seconds)
    for name, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{int(count)} {name}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part)
