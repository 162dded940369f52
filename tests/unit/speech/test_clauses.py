"""Text to clauses."""

from yingda.speech.text.clauses import split


def texts(text: str, first: int = 12, others: int = 28) -> list[str]:
    return [clause.text for clause in split(text, first, others)]


def test_a_full_stop_always_ends_a_clause() -> None:
    assert texts("好的。请稍等。") == ["好的。", "请稍等。"]


def test_the_first_clause_is_short_and_the_others_join_commas() -> None:
    text = "您好，这里是应答客服，我是智能语音助手，本次通话将会录音。"
    assert texts(text) == ["您好，这里是应答客服，", "我是智能语音助手，本次通话将会录音。"]


def test_text_without_marks_is_cut_at_the_limit() -> None:
    parts = texts("一" * 70, 12, 28)
    assert "".join(parts) == "一" * 70
    assert max(map(len, parts)) <= 28


def test_marks_alone_are_nothing() -> None:
    assert texts("，。！ ") == []
    assert texts("") == []


def test_pauses_follow_the_mark() -> None:
    assert [c.pauses for c in split("好的。您稍等，好吗", 3, 4)] == [2, 1, 0]


def test_no_character_is_lost() -> None:
    text = "您本月的账单一共是一百二十八元五角，比上个月多了一百元，主要是国际漫游费，请问需要登记退款吗？"
    assert "".join(texts(text)) == text
