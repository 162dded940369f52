"""Written to spoken Chinese."""

import time

import pytest

from bench.speech.normalisation import read_golden
from yingda.speech.text.normalisation import normalise
from yingda.speech.text.numbers_zh import cardinal, digit_by_digit, money

TABLE = """
余额是128.50元|余额是一百二十八元五角
您在3月15日10:30的预约已确认|您在三月十五日十点半的预约已确认
账单金额￥1,234.56|账单金额一千二百三十四元五角六分
订单号202411213344|订单号二零二四幺幺二幺三三四四
请拨打13812345678|请拨打幺三八幺二三四五六七八
号码是138 1234 5678.|号码是幺三八幺二三四五六七八。
折扣为85%|折扣为百分之八十五
2024年11月21日下午3点|二零二四年十一月二十一日下午三点
2024-11-21|二零二四年十一月二十一日
气温-5℃|气温负五摄氏度
第3次来电|第三次来电
1/2的用户|二分之一的用户
共2个包裹|共两个包裹
102个|一百零二个
2000人|两千人
电话010-88886666|电话零幺零八八八八六六六六
您的尾号8866的卡|您的尾号八八六六的卡
身份证后四位1234，对吗？|身份证后四位幺二三四，对吗？
会议定于14:05|会议定于十四点零五分
8:00-20:00|八点整到二十点整
10086热线|幺零零八六热线
3-5天|三到五天
0.05元|五分
2块钱|两块钱
共12345元|共一万两千三百四十五元
请按1|请按一
3.14|三点一四
VIP客户,您好!|维爱屁客户，您好！
请稍等。|请稍等。
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_written_text_becomes_what_is_said(line: str) -> None:
    written, said = line.split("|")
    assert normalise(written) == said


@pytest.mark.requirement(22)
def test_every_golden_line_is_spoken_as_written_there() -> None:
    lines = read_golden()
    assert len(lines) >= 240
    assert [(line.written, line.heard()) for line in lines if line.heard() != line.spoken] == []


def test_what_is_spoken_is_left_alone() -> None:
    spoken = [line.spoken for line in read_golden()]
    assert [normalise(text) for text in spoken] == spoken


def test_nothing_unspeakable_is_left() -> None:
    assert normalise("<b>好</b> 😀①②").strip("比，。") == "好一二" or "好" in normalise("<b>好</b> 😀")
    assert normalise("😀★") == ""


def test_spoken_text_stays_as_it_is() -> None:
    text = "您本月的账单一共是一百二十八元五角，请问还有什么可以帮您？"
    assert normalise(text) == text
    assert normalise(normalise("尾号8866，共2笔")) == normalise("尾号8866，共2笔")


def test_numbers() -> None:
    assert [cardinal(n) for n in (0, 10, 12, 20, 101, 1001, 10_010, 100_000_000)] == [
        "零", "十", "十二", "二十", "一百零一", "一千零一", "一万零一十", "一亿",
    ]  # fmt: skip
    assert digit_by_digit("1024") == "幺零二四"
    assert [money(m) for m in ("2", "2.2", "0", "10.05", "1.234")] == [
        "两元", "两元两角", "零元", "十元零五分", "一点二三四元",
    ]  # fmt: skip


def test_long_and_strange_texts_take_no_long_time() -> None:
    started = time.monotonic()
    for text in ("1" * 9000, "1-" * 4000, "a." * 4000, "5/" * 4000, "a-1" * 3000, "0" * 9000 + "*"):
        normalise(text)
    assert time.monotonic() - started < 5.0
