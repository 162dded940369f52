"""Unknown questions that mean the same end up together, whatever the order of words and what was misheard."""

from __future__ import annotations

import pytest

from scripts.learn_clusters import clusters

ESIM = ["电子卡怎么开通", "怎么开通电子卡", "电子卡能开通吗", "店子卡怎么开通", "我想开通电子卡"]
CHARGER = ["你们卖充电宝吗", "有没有充电宝卖", "充电宝卖不卖", "想买个充电宝"]
ALONE = ["今天几号", "嗯嗯嗯嗯"]


@pytest.mark.requirement(47)
def test_what_means_the_same_is_together() -> None:
    texts = [*ESIM, *CHARGER, *ALONE]
    found = [{texts[place] for place in group} for group in clusters(texts, 3)]
    assert found == [set(ESIM), set(CHARGER)]


def test_a_group_begins_with_its_middle() -> None:
    (group,) = clusters(["电子卡开通", "电子卡怎么开通", "电子卡怎么开通啊", "请问电子卡怎么开通"], 3)
    assert group[0] in (1, 2)


def test_too_little_makes_no_group() -> None:
    assert clusters([], 3) == [] and clusters(["电子卡"], 1) == []
    assert clusters(ESIM[:2], 3) == []


def test_synonyms_bring_sentences_together() -> None:
    texts = ["虚拟卡怎么弄", "电子卡怎么弄", "虚拟卡咋弄"]
    plain = {"虚拟卡": "电子卡", "咋弄": "怎么弄"}

    def put(text: str) -> str:
        for word, other in plain.items():
            text = text.replace(word, other)
        return text

    assert len(clusters(texts, 3, put)[0]) == 3
