"""The recogniser's lexicon: what it is made of, and that no test sentence is among it."""

import pytest

from training import lexicon, sentences


def table(lines: list[str]) -> tuple[list[str], dict[str, set[str]]]:
    """Words in order, and the followers of each word that has some."""
    words = [line.split("\t")[1] for line in lines if line.startswith("W\t")]
    pairs = {}
    for line in lines:
        if line.startswith("B\t"):
            _, word, _, followers = line.split("\t")
            pairs[words[int(word)]] = {words[int(pair.split(":")[0])] for pair in followers.split(" ")}
    return words, pairs


@pytest.mark.requirement(4)
def test_numbers_and_names_are_learnt_by_the_character() -> None:
    assert list(lexicon.words("多了七万一千六百元")) == ["多", "了", "七", "万", "一", "千", "六", "百", "元"]
    _, pairs = table(lexicon.build(["我姓严宇建", "多了七万元", "还剩三万元"]))
    assert {"七", "三"} <= pairs.keys()
    assert pairs["七"] == {"万"}
    assert "宇" in pairs["严"]


@pytest.mark.requirement(4)
def test_a_sentence_of_the_tests_is_never_learnt() -> None:
    assert len(sentences.tests_sentences()) > 200
    long = [text for text in sentences.tests_sentences() if len(text) > 3]
    assert not any(map(sentences.is_free, long))
    assert sentences.is_free("好的") and sentences.is_free("我想问一个别的问题")
