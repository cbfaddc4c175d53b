"""Files that hold no table of any kind, though they are often dropped: what they are, and what is needed instead."""

from anomaly.domain import DataError
from anomaly.reading.formats.delimited.dialect import in_utf8

DOCUMENTS = {
    b"%PDF": "a PDF document",
    **dict.fromkeys([b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"], "a picture"),
}
WEBP = (b"RIFF", b"WEBP")
BEGINNING = 100_000


def refuse_document(content: bytes, name: str) -> None:
    """Raises DataError for a document or a picture, by its first bytes."""
    kind = next((kind for magic, kind in DOCUMENTS.items() if content.startswith(magic)), "")
    if (content[:4], content[8:12]) == WEBP:
        kind = "a picture"
    if kind:
        raise DataError(f"{name} is {kind}: expected a table of numbers. Save what it shows as CSV or as a workbook.")


def refuse_lone_part(content: bytes, name: str, ending: str) -> None:
    """Raises DataError where bytes that could be signals or annotations of a WFDB record are no text either."""
    try:
        in_utf8(content[:BEGINNING], name)
    except DataError:
        raise DataError(
            f"{name}{ending} holds no text; signals and annotations of a WFDB record need their header: expected "
            f"{name}.hea beside it. Open both together."
        ) from None
