"""What every policy document is made of: strict, frozen tables, names and times in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]
Seconds = Annotated[int, Field(gt=0, le=400 * 86400)]


class Table(BaseModel):
    """A table of a policy document: unknown keys refused, types exact, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
