"""Knobs of turn taking.  Each is described in settings/gateway.yml, section ``turns``."""

from __future__ import annotations

from dataclasses import dataclass

# What callers begin with and then think: 你好，……
_OPENERS = (
    "你好 您好 喂 哎 嗯 呃 额 啊 那个 这个 请问 请问一下 我 我想 我想问 我想问一下 "
    "因为 然后 就是 麻烦 麻烦你 麻烦您 不好意思 是这样的"
)
_ENDINGS = "我想 我要 想问 想要 请问 麻烦 那个 这个 的 是 和 跟 还有 不对 因为 所以 然后 就是 如果 嗯 呃"


@dataclass(frozen=True)
class TurnSettings:
    """Times in the unit of the name; see settings/gateway.yml for the effect of each."""

    endpoint_free_ms: int = 450
    endpoint_yes_no_ms: int = 300
    endpoint_digits_ms: int = 800
    endpoint_more_digits_ms: int = 1400
    endpoint_complete_ms: int = 220
    endpoint_unfinished_ms: int = 900
    unfinished_openers: tuple[str, ...] = tuple(_OPENERS.split())
    unfinished_endings: tuple[str, ...] = tuple(_ENDINGS.split())
    continuation_ms: int = 300
    continuations: int = 3
    max_turn_s: float = 30.0
    preroll_ms: int = 300
    barge_in_ms: int = 160
    barge_in_characters: int = 2
    false_barge_in_s: float = 1.0
    silence_s: float = 6.0
    silences: int = 2
    digit_gap_s: float = 2.0
    filler_after_ms: int = 1500
    dialogue_deadline_s: float = 6.0
    recognition_deadline_s: float = 1.5
    synthesis_deadline_s: float = 6.0
    failures: int = 2
    outage_apology_s: float = 1.0
    outage_wait_s: float = 8.0
    outage_give_up_s: float = 40.0
    max_call_s: float = 1800.0

    def __post_init__(self) -> None:
        if not all(word.strip() for word in (*self.unfinished_openers, *self.unfinished_endings)):
            raise ValueError("unfinished_openers and unfinished_endings: an entry is blank; remove it")

    def endpoint_ms(self, expect: str) -> int:
        """Silence after which a turn is over, by what the dialogue expects."""
        known = {"yes_no": self.endpoint_yes_no_ms, "digits": self.endpoint_digits_ms}
        return known.get(expect, self.endpoint_free_ms)
