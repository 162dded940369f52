"""How likely a text is right, and what lowers that."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from yingda.speech.words.confidence import Calibration, ConfidenceError, Doubts, doubts, load, spread
from yingda.speech.words.nbest import Path as Text
from yingda.speech.words.slots import Slot
from yingda.speech.words.syllables import Reading

ROOT = Path(__file__).resolve().parents[3]
NONE = Doubts(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def text(said: str, score: float, log: float = -8.0, skipped: int = 0) -> Text:
    return Text(said, score, 0.0, log, len(said), skipped)


def slot(sure: float, nothing: float = 1e-9) -> Slot:
    return Slot((("cha2", math.log(sure)), ("ca1", math.log(1 - sure))), math.log(nothing))


def test_every_doubt_is_measured() -> None:
    reading = Reading((text("查", -10.0), text("茶", -11.0)), misheard=2.5, slots=2)
    found = doubts([slot(0.9), slot(0.6)], reading)
    assert found.rivals == pytest.approx(math.log(1 + math.exp(-1.0)))
    assert found.misheard == 2.5
    assert found.unclear == pytest.approx(0.5)
    assert found.worst == pytest.approx(0.4)
    assert found.unusual == pytest.approx(4.0)
    assert found.longer == pytest.approx(math.log(2))
    assert found.skipped == 1.0


def test_a_place_where_surely_nothing_was_said_is_no_doubt() -> None:
    almost = Slot((("cha2", math.log(0.05)),), math.log(0.95), optional=True)
    found = doubts([slot(0.99), almost], Reading((text("查", -5.0),), 0.0, 1))
    assert found.unclear == pytest.approx(0.06)
    assert found.skipped == 0.0


@pytest.mark.parametrize("name", Doubts._fields)
def test_no_doubt_raises_the_shipped_confidence(name: str) -> None:
    shipped = load(ROOT / "models/speech/confidence-zh.json")
    chances = [shipped.probability(NONE._replace(**{name: amount})) for amount in (0.0, 0.5, 1.0, 100.0)]
    assert chances == sorted(chances, reverse=True)
    assert all(0.0 <= chance <= 1.0 for chance in chances)
    doubled = replace(shipped, weights=shipped.weights._replace(**{name: 1.0}))
    assert doubled.probability(NONE._replace(**{name: 5.0})) < doubled.probability(NONE)


def test_confidences_of_all_texts_fall_and_are_no_more_than_one_together() -> None:
    texts = [text("查", -10.0), text("茶", -10.1), text("擦", -12.0)]
    for best in (0.99, 0.5, 0.1):
        shares = spread(best, texts)
        assert shares[0] == best
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1.0 + 1e-9


def test_a_weight_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Calibration(1.0, NONE._replace(worst=-0.1))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file; make it with: python -m training.calibrate"),
        ("nonsense", "cannot be read"),
        ("[]", "cannot be read"),
        (json.dumps({"intercept": 1.0, "weights": {"rivals": 1.0}}), "cannot be read"),
        (json.dumps({"intercept": 1.0, "weights": {**NONE._asdict(), "other": 1.0}}), "other"),
        (json.dumps({"intercept": 1.0, "weights": NONE._replace(worst=-1.0)._asdict()}), "0 or more"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "confidence.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfidenceError, match=r"confidence\.json") as caught:
        load(path)
    assert said in str(caught.value)
