"""What every YAML description is made of: strict models, and sentences in two languages."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from datalab.i18n import Language


class Model(BaseModel):
    """Unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Text(Model):
    """A sentence in both languages of the lab."""

    fr: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_(self, language: Language) -> str:
        return self.fr if language == "fr" else self.en
