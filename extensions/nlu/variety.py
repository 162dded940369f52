"""More examples for the tagger of spans: the same sentences about other goods, people and places.

Which words stand in an example is chance; what stands around them is what shall be learned.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from extensions.nlu.spans import Span

Sentence = tuple[str, list[Span]]

_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红梅国建志文晓春秀珍海燕龙凤凯丹萍鹏飞云洁琳雪倩宇浩然子轩欣怡"
    "佳俊豪思雨梦婷雅琴淑惠立新永福德贵才生根宝山林木森峰岩石川河江波涵博学诗书画琪瑶璐莹蕾薇蓉菲慧颖智辉煌东南西北中"
    "正义忠孝仁礼信诚安康宁乐天少卿小大老金银铜铁锋钢柱栋梁材有为成功胜利荣光耀祖先进步青松柏竹菊莲香花月星辰阳晨曦"
)
_ROADS = (
    "人民解放中山建设和平胜利长江黄河文化滨江环城迎宾学府世纪新华光明青年团结幸福东风红旗民主友谊体育科技创业兴业"
    "朝阳向阳永安太平长安清河龙山凤凰金桥银河石桥柳林桃源梅园竹园花园湖滨江南江北城东城西南湖北湖西湖东湖桂园松山"
)
_ROAD_ENDS = (
    ("路",) * 6
    + ("街",) * 3
    + ("大道", "东路", "西路", "南路", "北路", "中路", "大街", "巷", "胡同", "里", "道")
)
_ESTATES = (
    "小区",
    "花园",
    "家园",
    "苑",
    "公寓",
    "大厦",
    "广场",
    "名都",
    "新村",
    "华庭",
    "雅居",
    "社区",
    "府",
    "湾",
    "城",
)
_VILLAGES = ("村", "镇", "乡", "街道", "屯", "庄")
# fmt: off
_LANDMARKS = (
    "市场", "批发市场", "菜市场", "医院", "中学", "小学", "大学", "商场", "百货", "超市", "汽车站", "公园",
    "广场", "大厦", "宾馆", "酒店", "大桥", "工业园", "厂", "店", "店", "营业厅", "营业厅", "门店", "网点",
    "服务站", "医院门诊", "家属院", "写字楼", "地铁站",
)
# fmt: on
_SIDES = (
    "东关",
    "西关",
    "南门",
    "北门",
    "东街",
    "西街",
    "南街",
    "北街",
    "城东",
    "城西",
    "城南",
    "城北",
    "新城",
    "老街",
)
_KINDS_OF = (
    "小",
    "大",
    "儿童",
    "智能",
    "电动",
    "折叠",
    "不锈钢",
    "无线",
    "迷你",
    "家用",
    "二手",
    "进口",
    "双开门",
    "老式",
)
_OFFERS = ("套餐", "套餐", "包", "会员", "卡", "提醒", "宽带", "流量包", "业务包", "权益", "专线", "服务包")
_DIGITS = "一二三四五六七八九十"


class Variety:
    """Draws with a seed of its own."""

    def __init__(self, words: Mapping[str, Sequence[str]], seed: int) -> None:
        """`words`: by kind; surname, title, district and place are wanted, others as far as there are any."""
        self._words, self._rng = words, random.Random(seed)

    def of(self, sentence: Sentence, share: float) -> Sentence:
        """The sentence with about `share` of its spans filled anew."""
        text, spans = sentence
        out, found, at = "", [], 0
        for span in sorted(spans, key=lambda x: x.start):
            said = text[span.start : span.end]
            if self._rng.random() < share:
                said = self._another(span.kind) or said
            out += text[at : span.start]
            found.append(Span(span.kind, len(out), len(out) + len(said)))
            out, at = out + said, span.end
        return out + text[at:], found

    def _another(self, kind: str) -> str | None:
        if kind == "person":
            return self._person()
        if kind == "address":
            return self._address()
        words = self._words.get(kind)
        if not words:
            return None
        chance, word = self._rng.random(), self._rng.choice(words)
        if kind == "product" and chance < 0.12:
            return self._rng.choice(_KINDS_OF) + word
        if kind == "service" and chance < 0.15:
            return self._rng.choice(_GIVEN) + self._rng.choice(_GIVEN) + self._rng.choice(_OFFERS)
        return word

    def _person(self) -> str:
        choose = self._rng.choice
        names = self._words["surname"]
        surname = names[min(int(self._rng.expovariate(1 / 60)), len(names) - 1)]
        kind = self._rng.random()
        given = "".join(choose(_GIVEN) for _ in range(1 if self._rng.random() < 0.3 else 2))
        if kind < 0.45:
            return surname + given
        if kind < 0.85:
            return surname + choose(self._words["title"])
        if kind < 0.95:
            return choose("小老小老阿") + surname
        return choose(("小", "阿", choose(_GIVEN))) + given[0]

    def _address(self) -> str:
        choose = self._rng.choice
        kind = self._rng.random()
        if kind < 0.15:
            return choose(self._words["place"])
        if kind < 0.22:
            return self._house()
        at = 2 * self._rng.randrange(len(_ROADS) // 2)
        name = _ROADS[at : at + 2] if self._rng.random() < 0.6 else "".join(choose(_GIVEN) for _ in "12")
        if kind < 0.45:
            name = choose(_SIDES) if self._rng.random() < 0.4 else name
            return name + choose(_LANDMARKS)
        district = choose(self._words["district"]) if kind > 0.8 else ""
        body = name + choose(_ROAD_ENDS if kind > 0.65 else _ESTATES if kind > 0.5 else _VILLAGES)
        return district + body + (self._house() if self._rng.random() < 0.6 else "")

    def _house(self) -> str:
        number = str(self._rng.randrange(1, 300))
        few = self._rng.choice(_DIGITS)
        room = str(self._rng.randrange(1, 33)) + f"0{self._rng.randrange(1, 9)}"
        forms = (
            f"{number}号", f"{number}号", f"{number}号{few}单元{room}", f"{few}栋{room}", f"{number}号楼",
            f"{few}栋", f"{few}号楼{few}单元", f"{number}弄{few}号", f"{few}期", f"{number}号院",
            f"{number}号{room}室", f"{few}单元{room}", f"{few}幢", f"{few}楼", f"{number}栋{few}单元",
        )  # fmt: skip
        return self._rng.choice(forms)
