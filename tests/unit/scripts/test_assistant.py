from __future__ import annotations

from pathlib import Path

from scripts import assistant


def test_the_fingerprint_follows_what_a_model_depends_on(tmp_path: Path) -> None:
    (tmp_path / "data" / "nlu").mkdir(parents=True)
    (tmp_path / "config.yml").write_text("a")
    seen = {assistant.fingerprint(tmp_path)}
    (tmp_path / "data" / "nlu" / "fees.yml").write_text("b")
    seen.add(assistant.fingerprint(tmp_path))
    (tmp_path / "data" / "nlu" / "fees.yml").rename(tmp_path / "data" / "nlu" / "bills.yml")
    seen.add(assistant.fingerprint(tmp_path))
    assert len(seen) == 3
    (tmp_path / "README.md").write_text("c")
    assert assistant.fingerprint(tmp_path) in seen
