"""Days off as they are written: dates, countries, parts of countries, and sentences for what is none."""

import numpy as np
import pytest

from anomaly.domain import FitSettings, SettingsError, find_days_off, find_rest_day


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ()),
        (" , ", ()),
        ("2024-02-12", ("2024-02-12",)),
        ("20240212", ("2024-02-12",)),
        ("de-by", ("DE-BY",)),
        ("DE-by, 2024-02-12,de-BY", ("DE-BY", "2024-02-12")),
        (["fr", "2024-02-12"], ("FR", "2024-02-12")),
        (("USA", "GB-eng", "US-CA"), ("USA", "GB-ENG", "US-CA")),
    ],
)
def test_countries_and_dates_are_read_however_they_are_written(written: object, kept: tuple[str, ...]) -> None:
    settings = FitSettings(holidays=written)
    assert settings.holidays == kept
    assert FitSettings(**settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Germany", "the code of a country, such as DE, .*found 'Germany'"),
        ("United States", "such as US, .*found 'United States'"),
        ("DX", "such as .*found 'DX'"),
        ("DE-Bavaria", "a part of DE, such as DE-.*found 'DE-Bavaria'"),
        ("VA-RM", "no parts of VA are known"),
        ("2024-02-30", "dates such as 2024-02-12.*found '2024-02-30'"),
        ("12.02.2024", "dates such as 2024-02-12.*found '12.02.2024'"),
    ],
)
def test_what_is_neither_is_refused_with_what_is_near_it(written: str, told: str) -> None:
    with pytest.raises(SettingsError, match=f"^Holidays: expected .*{told}|{told}"):
        FitSettings(holidays=written)


def test_a_country_gives_its_public_holidays_of_the_years_asked_for_and_a_date_itself() -> None:
    found = find_days_off(("DE-BY", "2024-02-12"), [2024])
    days = {str(day) for day in found}
    assert {"2024-01-01", "2024-01-06", "2024-02-12", "2024-12-25"} <= days
    assert all(day.startswith("2024") for day in days)
    assert len(find_days_off(("DE",), [2024])) < len(find_days_off(("DE-BY",), [2024]))
    assert find_days_off((), [2024]).dtype == np.dtype("datetime64[D]")


@pytest.mark.parametrize(
    ("entries", "day"), [((), 6), (("2024-02-12",), 6), (("DE",), 6), (("IL",), 4), (("SA", "2024-02-12"), 4)]
)
def test_a_day_off_is_like_a_sunday_or_where_the_weekend_has_none_like_a_friday(
    entries: tuple[str, ...], day: int
) -> None:
    assert find_rest_day(entries) == day
