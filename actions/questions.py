"""Whether what a customer says is a question for an article: the words that settle it. No I/O.

「退货运费谁出」 is one. 「帮我退了」 wants something done, 「我的快递到哪了」 wants what only the CRM knows.
How likely a sentence asks about something in general is learned (clients/asking.py); no likelihood outweighs
these words.
"""

from __future__ import annotations

import re

_ASKS = re.compile(
    "[吗么呢?？]|什么|怎么|怎样|如何|咋|啥|多少|多久|多长|哪|几|谁|能不能|可不可以|是不是|有没有|要不要|会不会|是.+还是"
    r"|(?P<verb>[\u4e00-\u9fff])不(?P=verb)|[^不]{3}不$"  # 快不快; 能送到门口不
)
_FOR_ME = re.compile(
    "(?:[替帮]|(?<!退)给)我(?!取出)|退给我(?!的)|麻烦你|报修|派人|不用来|别来|投诉你们|别[再给打]|不要再|别.{0,3}我"
)
_BY_ANOTHER = re.compile("(别人|家人|朋友|亲戚|老公|老婆|媳妇|爱人|孩子|子女|儿子|女儿|爸|妈).{0,12}[帮替]我")
_WISH = re.compile("我[要想]")  # 我想退货; but 我想换个套餐什么时候生效 asks
_OPEN_QUESTION = re.compile("什么|怎么|怎样|如何|咋|啥|多少|多久|多长|哪|几|谁")
_OWN = re.compile(
    "(?<![给退])我(们|家|这个月|上个月|本月|现在)*(的|那个|这个|名下的?)?"
    "(套餐|账单|余额|话费|流量|合约|订单|单子|快递|包裹|物流|工单|退款)"
)
_STATE = re.compile(
    "到哪|多少|几|时候|何时|哪天|怎么样|咋样|还没|了吗|了没|出来|到期|哪些|什么套餐|啥套餐|剩|查|看|发货|情况|进度|结果|状态"
)
_MINE = re.compile(
    "我.{0,4}(买|订|约|报|下|寄|退|换|投诉)的.{0,8}(时候|几时|哪天|多久|到了?|怎么样|咋样|结果|发货|没)"
    "|我(上次|上回|之前|前几天|昨天)的?(投诉|报修|预约)"
    "|(来|到|去|上)我家|我(还|已经)?(剩|欠|用|花|扣)了?(多少|几)"
)  # the state of what belongs to the one who calls
_COMPLAINS = re.compile(
    "(怎么|咋|为什么|为啥|凭什么|凭啥)(就|又|还|都|会|给|是|一直|老|总|这么|那么|乱|多)*[^怎咋为凭办]{0,3}"
    "(没(到|发|收到|人|来|动|退|给|送|处理|结果|下文)|不到账|扣|多了|多收|收我|收了|这么贵)"
)  # 我账单上怎么多了一百块
_HUMAN = re.compile(
    "人工|真人|活人|转接|接线|(转|接|找|叫|换|喊|让).{0,4}(客服|经理|领导|主管|人员|个人|专员|坐席|师傅|小姐|先生)|[和跟]人(说|讲|聊)"
)
_TRIED = re.compile("重启|重新|试过|试了|还是|报修|派|修|天了|坏了")
_OURS = re.compile("你们|你家|咱|营业厅|厅|店|话费|流量|套餐|宽带|服务密码")


def asks(said: str) -> bool:
    """Whether the sentence has the form of a question."""
    return bool(_ASKS.search(said))


def is_own(said: str) -> bool:
    """Whether it is about the customer's own data, bill or order: no article knows them."""
    owned = _OWN.search(said) and _STATE.search(said)
    return bool(owned or _MINE.search(said) or _COMPLAINS.search(said))


def wants_deed(said: str) -> bool:
    """Whether something shall be done."""
    return bool(_FOR_ME.search(said)) and not _BY_ANOTHER.search(said)


def wishes(said: str) -> bool:
    """Whether a wish is told and no more asked than whether it can be: 我想换个套餐行吗."""
    return bool(_WISH.search(said)) and not _OPEN_QUESTION.search(said)


def wants_human(said: str) -> bool:
    """Whether somebody shall come to the telephone."""
    return bool(_HUMAN.search(said))


def has_tried(said: str) -> bool:
    """Whether advice comes too late for what does not work."""
    return bool(_TRIED.search(said))


def is_of_ours(said: str) -> bool:
    """Whether it says that it is about us."""
    return bool(_OURS.search(said))
