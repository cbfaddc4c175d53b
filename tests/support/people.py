"""Three people who have accounts."""

from anomaly.runs.people import Person

ADA, BEN, CLEO = (Person(f"https://id.example|{name}", name.title()) for name in ("ada", "ben", "cleo"))
