"""Words of a state and their contraries."""

CONTRARIES = (
    ("on", "off"), ("open", "closed"), ("open", "close"), ("opened", "closed"), ("true", "false"), ("yes", "no"),
    ("locked", "unlocked"), ("home", "not_home"), ("home", "away"), ("detected", "clear"), ("active", "inactive"),
    ("running", "stopped"), ("run", "stop"), ("start", "stop"), ("enabled", "disabled"), ("occupied", "unoccupied"),
    ("high", "low"), ("up", "down"), ("heat", "idle"), ("cooling", "idle"), ("heating", "idle"), ("playing", "idle"),
    ("ein", "aus"), ("an", "aus"), ("auf", "zu"), ("offen", "geschlossen"), ("ja", "nein"), ("wahr", "falsch"),
    ("marche", "arret"), ("marche", "arrêt"), ("ouvert", "fermé"), ("encendido", "apagado"), ("aan", "uit"),
)  # fmt: skip
