"""Writes the reviewed configuration anew: `python -m terraform.golden` in the folder `tests`."""

from __future__ import annotations

from terraform.documents import ROOT, of_site
from terraform.test_translate import GOLDEN

if __name__ == "__main__":
    folder = GOLDEN / "rollout"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, text in of_site(ROOT / "examples/rollout").translated().files.items():
        (folder / name).write_text(text)
