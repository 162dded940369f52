from __future__ import annotations

from pathlib import Path

import yaml

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


def test_an_alternative_has_archives_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config.yml").write_text("a")
    (tmp_path / "config" / "ted.yml").write_text("b")
    shipped, other = assistant.archive(tmp_path), assistant.archive(tmp_path, "config/ted.yml")
    assert (shipped.parent.name, other.parent.name) == ("models", "ted")
    (tmp_path / "config.yml").write_text("c")  # whose other keys it takes over
    assert other != assistant.archive(tmp_path, "config/ted.yml")


def test_an_alternative_takes_the_keys_it_does_not_name_from_config_yml(tmp_path: Path) -> None:
    assert assistant.whole(tmp_path, "config.yml") == "config.yml"
    files = (Path(assistant.whole(tmp_path, "config/ted.yml")), assistant.ROOT / "config.yml")
    made, shipped = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in files)
    assert made["pipeline"] == shipped["pipeline"]
    assert "TEDPolicy" in [policy["name"] for policy in made["policies"]]
