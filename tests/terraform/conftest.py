"""The templates and what they translate to, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewise.terraform import Configuration
from terraform.documents import Documents, everything, load_yaml

OTHER = Documents("other", load_yaml((Path(__file__).parent / "other.yaml").read_text()))


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Documents]:
    """The templates by name."""
    return everything(tmp_path_factory.mktemp("sites")) | {"other": OTHER}


@pytest.fixture(scope="session")
def configurations(documents: dict[str, Documents]) -> dict[str, Configuration]:
    """The configurations by name, and those of modules to attach, with `-attach` behind theirs."""
    made = {name: one.translated() for name, one in documents.items()}
    own = {name: one for name, one in documents.items() if name != "other"}
    return made | {f"{name}-attach": one.translated(attach=True) for name, one in own.items()}
