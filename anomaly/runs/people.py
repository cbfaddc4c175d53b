"""Who asks: a person that an identity provider vouches for, or the one whose machine this is."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["owner", "editor", "viewer"]
RANK: dict[str, int] = {"viewer": 1, "editor": 2, "owner": 3}


@dataclass(frozen=True)
class Person:
    id: str
    """the provider's address and its name for the person, which never change; empty where there are no accounts"""
    name: str
    """to be read, never compared"""

    @property
    def has_account(self) -> bool:
        return bool(self.id)


LOCAL = Person("", "you")
"""without accounts there is one person"""
