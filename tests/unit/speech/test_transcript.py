"""Text of models that write text, and of those that say what they heard."""

from pathlib import Path

import numpy as np
import pytest

from yingda.speech.settings import Lexicon as Settings
from yingda.speech.words.confidence import Calibration, Doubts
from yingda.speech.words.lexicon import Lexicon
from yingda.speech.words.slots import Part, Posteriors
from yingda.speech.words.syllables import Decoder
from yingda.speech.words.transcript import Transcriber, for_model, tidy


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("你好，请问 <zh-CN>", "你好 请问".replace(" ", "")),
        ("我 要 查 账单。", "我要查账单"),
        ("尾号 8866 的 卡", "尾号8866的卡"),
        ("开通 5G 套餐", "开通5G 套餐"),
        ("", ""),
    ],
)
def test_tags_blanks_and_marks_go(raw: str, said: str) -> None:
    assert tidy(raw, punctuation=False) == said


def test_marks_stay_when_asked_for() -> None:
    assert tidy("你好，请问？<zh-CN>", punctuation=True) == "你好，请问？"


def test_without_a_decoder_text_passes() -> None:
    transcript = Transcriber(None).read("你 好", 0.5, None, False)
    assert (transcript.text, transcript.confidence) == ("你好", 0.5)
    assert Transcriber(None).read("", 0.0, None, False).confidence == 0.0


def make_decoder() -> Decoder:
    lexicon = Lexicon(words=["<s>", "</s>"], logs=[-2.0, -2.0])
    for word, log, reading in (("查", -4.0, "cha2"), ("茶", -5.0, "cha2"), ("擦", -5.0, "ca1")):
        lexicon.add_word(word, log, [reading])
    return Decoder(lexicon)


def heard(cha: float) -> Posteriors:
    """One frame: cha2 with this probability, else ca1."""
    logs = np.log(np.array([[cha, 0.99 - cha, 0.01]], np.float32))
    order = np.argsort(-logs, axis=1).astype(np.int32)
    part = Part(order, np.take_along_axis(logs, order, axis=1), logs[:, 2])
    return Posteriors((part,), ("cha2", "ca1"), 2)


CALIBRATION = Calibration(4.0, Doubts(1.0, 0.1, 1.0, 2.0, 0.1, 0.0, 1.0))


@pytest.mark.requirement(5)
def test_confidence_rises_with_what_the_model_is_sure_of() -> None:
    transcriber = Transcriber(make_decoder(), CALIBRATION)
    sure, unsure = (transcriber.read("cha2", 0.9, None, False, heard(p)) for p in (0.98, 0.6))
    assert sure.text == unsure.text == "查"
    assert 0.0 < unsure.confidence < sure.confidence < 1.0


def test_alternatives_are_distinct_and_their_confidences_fall() -> None:
    transcriber = Transcriber(make_decoder(), CALIBRATION)
    said = transcriber.read("cha2", 0.9, None, False, heard(0.6), 3)
    assert [said.text, *(text for text, _ in said.others)] == ["查", "茶", "擦"]
    shares = [said.confidence, *(share for _, share in said.others)]
    assert shares == sorted(shares, reverse=True) and sum(shares) <= 1.0
    assert transcriber.read("cha2", 0.9, None, False, heard(0.6)).others == ()


def test_bare_syllables_are_read_too() -> None:
    said = Transcriber(make_decoder(), CALIBRATION).read("cha2 cha2", 0.5, None, False)
    assert said.text == "查查" and said.confidence == pytest.approx(0.5)


def test_silence_has_no_text_and_no_confidence() -> None:
    said = Transcriber(make_decoder(), CALIBRATION).read("", 0.0, None, False, None, 5)
    assert (said.text, said.confidence, said.others) == ("", 0.0, ())


def test_other_models_need_neither_lexicon_nor_confidence_file(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "none")
    assert (
        for_model(False, Settings(path=nowhere, confidence=nowhere)).read("好", 0.4, None, False).text == "好"
    )
