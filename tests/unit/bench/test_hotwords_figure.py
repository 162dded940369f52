"""How the figure hotwords chooses words, and counts."""

from __future__ import annotations

import random

from bench.speech.hotwords import Read, Score, Sentence, choose, distractors


def test_hotwords_are_words_of_few_sentences() -> None:
    texts = ["我要查余额", "我要查账单", "余额不对", "余额多了", "余额少了"]
    words = [sentence.words for sentence in choose(texts)]
    assert "账单" in words[1]
    assert all("余额" not in found for found in words)  # in four sentences
    assert all(len(word) >= 2 for found in words for word in found)


def test_distractors_are_not_in_the_sentence() -> None:
    pool = [f"词{n}号" for n in range(300)] + ["余额"]
    found = distractors(Sentence("查余额", ()), pool, random.Random(1))
    assert len(set(found)) == 200 and "余额" not in found


def sentence(*words: str) -> Sentence:
    return Sentence("办理畅享套餐", words)


def test_words_won_back_and_words_nobody_said() -> None:
    score = Score()
    score.add(Read(sentence("畅享", "套餐"), "办理畅想套餐", "办理畅享套餐", ("短信",)))
    assert (score.words, score.found_before, score.found_after, score.false) == (2, 1, 2, 0)
    assert score.won_back == 1.0 and score.passes
    assert score.last_line().startswith("hotwords: recall 50.0 % -> 100.0 %, false insertions 0.0 % (bar: ")
    assert score.last_line().endswith(" PASS")
    score.add(Read(sentence("畅享"), "办理畅想套餐", "办理短信套餐", ("短信",)))
    assert score.false == 1 and not score.passes and score.last_line().endswith(" FAIL")


def test_a_word_that_was_heard_without_hotwords_too_is_not_their_fault() -> None:
    score = Score()
    score.add(Read(sentence(), "办理短信套餐", "办理短信套餐", ("短信",)))
    assert score.false == 0


def test_too_few_won_back_fails() -> None:
    score = Score()
    for after in ["办理畅享套餐"] + ["办理畅想套餐"] * 9:
        score.add(Read(sentence("畅享"), "办理畅想套餐", after))
    assert round(score.won_back, 2) == 0.1 and not score.passes
