import gzip
import json
import re

import pytest

from scripts.layout import ROOT


def bare(text: str) -> str:
    return re.sub("[^\u4e00-\u9fff]", "", text)


@pytest.fixture(scope="module")
def unseen() -> list[str]:
    lines = (ROOT / "tests/data/speech/unseen_bot.txt").read_text(encoding="utf-8").splitlines()
    return [bare(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.requirement(17)
def test_the_voice_is_judged_by_sentences_that_it_never_learnt(unseen: list[str]) -> None:
    assert len(set(unseen)) >= 100
    with gzip.open(ROOT / "training/manifest.jsonl.gz", "rt", encoding="utf-8") as file:
        spoken = {bare(json.loads(line)["text"]) for line in file}
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "training/text").glob("*.txt"))]
    templates = {bare(line) for text in texts for line in text.splitlines()}
    assert len(spoken) > 1000
    assert not [text for text in unseen if text in spoken or text in templates]
