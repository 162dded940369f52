"""What an article may answer in place of a request, and what it never may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions import knowledge, questions
from actions.answering import ActionAnswerQuestion
from actions.clients import asking
from actions.clients.asking import Asking
from actions.clients.knowledge_base import KnowledgeBase
from actions.handoff import ActionHandoff
from actions.identity import ActionVerifyIdentity
from actions.outbound import ActionRecordOutcome
from actions.taking import ActionTakeRequest
from actions.tickets import ActionComplain
from tests.fakes.crm import FakeCrm, Turn

ROOT = Path(__file__).resolve().parents[3]
OWN = [
    ("我的快递到哪了", "query_logistics"),
    ("我余额多少", "query_balance"),
    ("我账单上怎么多了一百块", "fee_dispute"),
    ("我的套餐一个月多少钱", "query_plan"),
    ("我流量用了多少了", "query_plan"),
    ("我这个月的账单出来了吗", "query_bill"),
    ("我那个订单怎么还没发货", "query_order"),
    ("我买的耳机什么时候能到", "query_logistics"),
    ("我上次投诉处理得怎么样了", "query_ticket"),
    ("停机保号不是五块吗咋扣八块", "fee_dispute"),
    ("能帮我换一个颜色吗", "exchange_goods"),
    ("能不能帮我取消订单", "cancel_order"),
    ("师傅什么时候能来我家修", "book_appointment"),
    ("宽带坏了报修", "report_fault"),
    ("我想装个宽带", "open_service"),
    ("能不能找个人工客服", "request_human"),
]
ASKED = [
    ("退货运费谁出", "return_goods", "return-freight"),
    ("下了单几天能到", "query_logistics", "delivery-time"),
    ("卡里剩的钱能给我取出来吗", "query_balance", "balance-refund"),
    ("每个月几号能看到上个月的账单", "query_bill", "bill-date"),
    ("退给我的话费啥时候能看到", "fee_dispute", "refund-time"),
    ("流量用超了怎么收费", "query_plan", "data-overage"),
    ("我想换个便宜的套餐什么时候生效", "query_plan", "change-plan"),
    ("光猫上面红灯一直闪", "report_fault", "broadband-light"),
]


@pytest.fixture(scope="module")
def learned() -> KnowledgeBase:
    """The repository's articles and utterances, learned: four seconds."""
    base = KnowledgeBase(ROOT / "knowledge", background=False, utterances=ROOT / "data/nlu")
    base.refresh()
    return base


@pytest.fixture
def base(learned: KnowledgeBase, monkeypatch: pytest.MonkeyPatch, no_articles: Path) -> Iterator[None]:
    monkeypatch.setattr(knowledge, "base", lambda: learned)
    yield


@pytest.mark.parametrize(("said", "intent"), OWN)
def test_what_is_ones_own_is_never_for_an_article(said: str, intent: str, crm: FakeCrm, base: None) -> None:
    action: Any = ActionHandoff() if intent == "request_human" else ActionTakeRequest()
    assert "utter_article" not in Turn(said, intent).run(action).said


@pytest.mark.parametrize(("said", "intent", "article"), ASKED)
def test_a_question_about_it_is_for_its_article(
    said: str, intent: str, article: str, crm: FakeCrm, base: None
) -> None:
    turn = Turn(said, intent).run(ActionTakeRequest())
    assert turn.said == ["utter_article"]
    assert turn.response("utter_article")["evidence"]["article"] == article


@pytest.mark.parametrize(
    ("action", "intent", "said"),
    [
        (ActionVerifyIdentity(), "verify_identity", "实名认证怎么弄"),
        (ActionComplain(), "complain", "投诉一般多久给答复"),
        (ActionRecordOutcome(), "opt_out", "怎么要求删除个人信息"),
        (ActionRecordOutcome(), "cannot_pay", "买手机能分期慢慢还吗"),
        (ActionHandoff(), "request_human", "有人冒充你们客服让我转账"),
    ],
)
def test_the_rest_of_the_rule_is_left_out_after_an_article(
    action: Any, intent: str, said: str, crm: FakeCrm, base: None
) -> None:
    turn = Turn(said, intent).run(action)
    assert turn.said == ["utter_article", "utter_anything_else"]
    assert turn.returned[-1]["event"] == "followup" and turn.returned[-1]["name"] == "action_listen"


def test_whom_we_call_has_the_opt_out_taken_down(crm: FakeCrm, base: None) -> None:
    turn = Turn("怎么要求删除个人信息", "opt_out")
    turn.message["metadata"] = {"call": {"direction": "outbound"}}
    assert turn.run(ActionRecordOutcome()).said == []


def test_nothing_is_answered_first_while_something_is_open(crm: FakeCrm, base: None) -> None:
    turn = Turn("实名认证怎么弄", "verify_identity", awaiting="refund")
    assert "utter_article" not in turn.run(ActionVerifyIdentity()).said


def test_a_price_that_is_not_ours_is_not_said(crm: FakeCrm, base: None) -> None:
    assert Turn("今天油价多少", "ask_price").run(ActionAnswerQuestion()).said == ["utter_no_article"]
    assert Turn("你们套餐多少钱", "ask_price").run(ActionAnswerQuestion()).said == ["utter_article"]


def test_words_that_settle_it() -> None:
    assert questions.asks("你们发货快不快") and questions.asks("农村能送到门口不")
    assert not questions.asks("我要退货") and not questions.asks("不喜欢，不要了")
    assert questions.wants_deed("帮我开通漫游") and questions.wants_deed("把多收的钱退给我")
    assert not questions.wants_deed("别人可以拿我的身份证帮我办业务吗")
    assert questions.wishes("我想换个颜色行吗") and not questions.wishes("我想退货邮费算谁的")
    assert questions.wants_human("帮我转接人工") and not questions.wants_human("有人冒充你们客服")
    assert questions.has_tried("重启了三遍还是红灯")


def test_learning_tells_questions_from_wishes_of_the_same_topic() -> None:
    learned = Asking(
        ["退货运费谁出", "退货几天到账", "退货要什么条件"] * 2, ["我要退货", "给我退了", "我想退货"] * 2
    )
    assert learned.likely("退货条件是什么") > 0.5 > learned.likely("我要退了")


def test_utterances_are_read_as_rasa_reads_them(tmp_path: Path) -> None:
    nlu = [
        {"intent": "return_goods", "examples": '- 退[手机](product)\n- 退[耳机]{"entity": "product"}\n'},
        {"intent": "points", "examples": "- 积分\n"},
        {"synonym": "手机", "examples": "- 电话\n"},
    ]
    (tmp_path / "a.yml").write_text(yaml.safe_dump({"nlu": nlu}, allow_unicode=True), encoding="utf-8")
    (tmp_path / "broken.yml").write_text("nlu: [", encoding="utf-8")
    assert asking.said(tmp_path, {"points"}) == ["退手机", "退耳机"]


def test_without_utterances_no_request_is_taken_for_a_question(tmp_path: Path, crm: FakeCrm) -> None:
    base = KnowledgeBase(ROOT / "knowledge", utterances=tmp_path / "none")
    assert base.asks("退货运费谁出") == 0.0
