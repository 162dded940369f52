"""Several requests in one sentence."""

from __future__ import annotations

import pytest

from extensions.nlu import several

SURE = {"余额": ("query_balance", 0.9), "取消": ("cancel_order", 0.9), "几点": ("opening_hours", 0.8)}
KNOWN = ["query_balance", "cancel_order", "opening_hours"]


def understand(texts: list[str]) -> list[tuple[str, float]]:
    return [next((found for word, found in SURE.items() if word in text), ("greet", 0.9)) for text in texts]


@pytest.mark.requirement(31)
@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("帮我查一下余额，再把订单取消了", ["query_balance", "cancel_order"]),
        ("帮我查一下余额再把订单取消了", ["query_balance", "cancel_order"]),
        ("你们几点开门顺便查下余额另外取消订单", ["opening_hours", "query_balance", "cancel_order"]),
        ("查余额，余额还有多少", []),
        ("你好，查一下余额", []),
        ("查一下余额", []),
    ],
)
def test_pieces_with_different_requests(text: str, intents: list[str]) -> None:
    found = several.requests(text, understand, KNOWN, 0.7)
    assert [piece.intent for piece in found] == intents
    assert all(text[piece.start : piece.end] == piece.text for piece in found)


def test_a_piece_that_is_not_sure_does_not_count() -> None:
    assert several.requests("查一下余额，再把订单取消了", understand, KNOWN, 0.95) == []
