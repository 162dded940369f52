"""What became of a call, read from its conversation. Pure: events and slots in, a CallReport out.

What was asked is called as `utter_name_...` of domain.yml calls it; what was done is told by the responses
that were said.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from actions.clients.calls import CallReport, Lead, Promise
from actions.requests import NAMES as REQUESTS

Event = Mapping[str, Any]

# response -> what was done by it; these change something or leave work for somebody
DEEDS = {
    "utter_refund_requested": "已登记退费申请",
    "utter_open_service_done": "已登记开通业务",
    "utter_cancel_service_done": "已登记取消业务",
    "utter_cancel_order_done": "已取消订单",
    "utter_change_address_done": "已修改收货地址",
    "utter_return_goods_done": "已登记退货",
    "utter_exchange_goods_done": "已登记换货",
    "utter_book_appointment_done": "已预约上门",
    "utter_change_appointment_done": "已改预约",
    "utter_cancel_appointment_done": "已取消预约",
    "utter_fault_recorded": "已登记报修",
    "utter_sorry": "已登记投诉",
    "utter_promise_recorded": "已记录付款承诺",
    "utter_opt_out": "已登记不再来电",
    "utter_thank_for_score": "已记录评分",
}
# response -> what was told by it
TOLD = {
    "utter_balance": "已告知余额",
    "utter_bill": "已告知账单",
    "utter_charge_explained": "已解释费用",
    "utter_other_charge": "已解释费用",
    "utter_plan": "已告知套餐",
    "utter_logistics": "已告知物流",
    "utter_article": "已解答咨询",
    "utter_ticket_open": "已告知工单进度",
    "utter_ticket_working": "已告知工单进度",
    "utter_ticket_done": "已告知工单进度",
    **{
        f"utter_order_{state}": "已告知订单状态"
        for state in ("paid", "packed", "shipped", "delivered", "cancelled", "returning", "exchanging")
    },
}
BUSY = "utter_system_busy"
# intent -> outcome; the last one that was said counts, but nobody takes an opt-out back by being polite
SAID = {
    "interested": "interested",
    "not_interested": "not_interested",
    "call_later": "call_later",
    "not_at_home": "call_later",
    "wrong_person": "wrong_person",
    "already_paid": "paid",
    "cannot_pay": "cannot_pay",
    "dispute_debt": "disputed",
}
ANGRY, UNHAPPY = {"abuse", "angry"}, {"complain", "dispute_debt"}
PLEASED = {"praise", "interested"}
IDENTITY = ("id_last4", "phone")
NAMES = {**REQUESTS, "promise": "付款承诺", "rating": "评分"}
LOW_SCORE, HIGH_SCORE = 4, 8  # of 10


class Story:
    """The conversation, taken apart once."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.turns: list[Event] = []  # what the customer said, with intent and entities
        self.said: list[str] = []  # names of the responses
        self.promised: list[tuple[Any, Any]] = []  # day and cents, as they stood when the bot read them back
        self._slots: dict[str, Any] = {}
        self.handed_over = False
        for event in events:
            self._take(event)
        self.intents = [_intent(turn) for turn in self.turns]

    def _take(self, event: Event) -> None:
        if event.get("event") == "user":
            if not _intent(event).startswith("EXTERNAL_"):
                self.turns.append(event)
            return
        if event.get("event") == "slot":
            self._slots[str(event.get("name"))] = event.get("value")
        if event.get("event") != "bot":
            return
        custom = (event.get("data") or {}).get("custom") or {}
        self.handed_over |= custom.get("type") == "transfer"
        name = (event.get("metadata") or {}).get("utter_action")
        if name:
            self.said.append(str(name))
        if name == "utter_promise_recorded":
            self.promised.append((self._slots.get("promise_day"), self._slots.get("promise_cents")))

    def values(self, turn: Event, name: str) -> list[Any]:
        """Values of the entities `name` of a turn."""
        found = (turn.get("parse_data") or {}).get("entities") or ()
        return [item.get("value") for item in found if item.get("entity") == name]


def of_call(
    call_id: str,
    call: Mapping[str, Any],
    slots: Mapping[str, Any],
    events: Iterable[Event],
    names: Mapping[str, str],
) -> CallReport:
    """The report. `call` is the channel's data of the call, `names` what an intent is called, by intent."""
    story = Story(events)
    asked = tuple(dict.fromkeys(names[intent] for intent in story.intents if intent in names))
    done = tuple(dict.fromkeys({**DEEDS, **TOLD}[name] for name in story.said if name in {**DEEDS, **TOLD}))
    left = tuple(dict.fromkeys(_left_open(story, slots)))
    fields = {
        "who": who(slots),
        "asked": asked,
        "done": done,
        "open": left,
        "mood": mood(story),
        "outcome": outcome(story),
    }
    return CallReport(
        call_id=call_id,
        customer_id=slots.get("customer_id"),
        customer_number=str(call.get("customer_number") or ""),
        direction="outbound" if call.get("direction") == "outbound" else "inbound",
        summary=in_one_breath(fields),
        promises=promises(story),
        lead=lead(story),
        **fields,
    )


def outcome(story: Story) -> str:
    """One of actions.clients.calls.OUTCOMES."""
    if "opt_out" in story.intents:
        return "opted_out"
    if story.handed_over:
        return "handed_over"
    if story.promised:
        return "promised"
    for intent in reversed(story.intents):
        if intent in SAID:
            return SAID[intent]
    if any(name in DEEDS for name in story.said):
        return "done"
    return "answered" if any(name in TOLD for name in story.said) else "nothing"


def lead(story: Story) -> Lead | None:
    """A to D, by simple rules over what was said; None when nothing speaks for or against buying."""
    said = set(story.intents)
    last = next((i for i in reversed(story.intents) if i in SAID or i in ("opt_out", "ask_price")), None)
    against = {"opt_out": "要求不再来电", "not_interested": "不感兴趣", "wrong_person": "不是本人"}
    if "opt_out" in said or last in against:
        return Lead("D", (against["opt_out" if "opt_out" in said else str(last)],))
    wants = {
        "interested": "感兴趣",
        "ask_price": "询问价格",
        "call_later": "约定再联系",
    }
    reasons = [reason for intent, reason in wants.items() if intent in said]
    if "interested" in said and story.handed_over:
        reasons.append("已转人工洽谈")
    if not reasons:
        return None
    if "interested" not in said:
        return Lead("C", tuple(reasons))
    return Lead("A" if len(reasons) > 1 else "B", tuple(reasons))


def promises(story: Story) -> tuple[Promise, ...]:
    """What will be paid and when; a promise made anew replaces the one of before."""
    for said, cents in story.promised[-1:]:
        if day := _whole_day(str(said)):
            return (Promise(day, cents if isinstance(cents, int) else None),)
    return ()


def mood(story: Story) -> str:
    """One of actions.clients.calls.MOODS; what was said last weighs most, but anger is not forgotten."""
    said = set(story.intents)
    scores = [value for turn in story.turns for value in story.values(turn, "score")]
    score = scores[-1] if scores and isinstance(scores[-1], (int, float)) else None
    if said & ANGRY:
        return "angry"
    if said & UNHAPPY or (score is not None and score <= LOW_SCORE):
        return "unhappy"
    if said & PLEASED or (score is not None and score >= HIGH_SCORE):
        return "pleased"
    return "calm"


def who(slots: Mapping[str, Any]) -> str:
    """How the customer is addressed, and whether we know that it is he or she."""
    title = slots.get("customer_title") or "来电号码未登记的客户"
    return f"{title}，{'身份已核实' if slots.get('identity_verified') else '身份未核实'}"


_MOOD = {"angry": "情绪激动", "unhappy": "不满", "pleased": "满意"}


def in_one_breath(fields: Mapping[str, Any]) -> str:
    """The other fields as a sentence that a colleague reads while the telephone rings."""
    parts = [str(fields["who"])]
    for label, key in (("诉求", "asked"), ("已办", "done"), ("待办", "open")):
        if fields[key]:
            parts.append(f"{label}：{'、'.join(fields[key])}")
    if fields["mood"] in _MOOD:
        parts.append(f"情绪：{_MOOD[fields['mood']]}")
    return "；".join(parts) + "。"


def _left_open(story: Story, slots: Mapping[str, Any]) -> Iterable[str]:
    request = NAMES.get(str(slots.get("request")), "办理")
    if slots.get("requested_slot") == "confirmed":
        yield f"{request}等待客户确认"
    elif slots.get("requested_slot") in IDENTITY:
        yield f"未核实身份，{request}未答复"
    elif slots.get("requested_slot"):
        yield f"{request}未办完"
    for item in slots.get("later") or ():
        yield f"{NAMES.get(str(item.get('request')), '办理')}未办完"
    if slots.get("awaiting") == "refund":
        yield "退费待客户决定"
    if BUSY in story.said and not any(name in DEEDS or name in TOLD for name in _after(story.said, BUSY)):
        yield "系统繁忙，未能办理"
    if story.handed_over:
        yield "人工接听"


def _after(said: list[str], name: str) -> list[str]:
    """What was said after the last `name`."""
    return said[len(said) - said[::-1].index(name) :]


def _intent(event: Event) -> str:
    return str(((event.get("parse_data") or {}).get("intent") or {}).get("name") or "")


def _whole_day(said: str) -> date | None:
    """2026-11-30, or the last day of 2026-11; anything else is no day."""
    parts = said.split("-")
    if not all(part.isdigit() for part in parts) or len(parts) not in (2, 3):
        return None
    year, month = int(parts[0]), int(parts[1])
    try:
        return date(year, month, int(parts[2]) if len(parts) == 3 else calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None
