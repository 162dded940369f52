"""The answer generator against a running OpenAI-compatible endpoint: good, and every way to be bad."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from actions import wording
from actions.clients import articles, generator
from actions.clients.generator import GeneratorSettings
from actions.clients.knowledge_base import Answer
from tests.fakes import openai_server

pytestmark = [pytest.mark.integration]

ARTICLE = "积分3年有效，每年12月31日清零，可以在积分商城换话费。"
GOOD = "积分三年内都有效，到期那年的12月31号清零。"
TEXT = f"""---
title: 积分
questions: [积分会过期吗]
source: 手册
valid_from: 2026-01-01
valid_until: 2026-12-31
owner: 运营
tags: [积分]
state: published
---
{ARTICLE}
"""


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[openai_server.FakeModel]:
    generator.names("您好")  # loads jieba's dictionary, as wording.prepare does when the server starts
    with openai_server.running() as fake:
        setup = GeneratorSettings(fake.url, "tiny", "secret", 0.5)
        monkeypatch.setattr(wording, "settings", lambda: setup)
        monkeypatch.setattr(wording, "_rest_until", 0.0)
        yield fake


async def worded() -> tuple[str, str]:
    article = articles.parse(TEXT, "knowledge/points.md")
    assert article.may_be_said(date(2026, 11, 20))
    return await wording.of(Answer(article, 0.9), "我的积分会不会没了")


@pytest.mark.requirement(43)
async def test_a_good_answer_is_said_in_place_of_the_article(model: openai_server.FakeModel) -> None:
    model.text = GOOD
    assert await worded() == (GOOD, "generator")
    assert model.authorised == ["Bearer secret"] and model.asked[0]["model"] == "tiny"
    assert ARTICLE in model.asked[0]["messages"][1]["content"]


@pytest.mark.requirement(43)
@pytest.mark.parametrize(
    "bad",
    [
        {"text": "积分5年有效。"},
        {"text": "积分3年有效，详情请找李小龙。"},
        {"text": "积分可以到深圳兑换。"},
        {"text": None},
        {"text": ""},
        {"status": 500, "text": GOOD},
        {"raw": b"<html>busy</html>"},
        {"raw": b'{"choices": []}'},
        {"raw": b""},
    ],
    ids=["number", "person", "place", "none", "empty", "500", "garbage", "no choice", "nothing"],
)
async def test_with_a_bad_one_the_article_is_said(
    model: openai_server.FakeModel, bad: dict[str, Any]
) -> None:
    for name, value in bad.items():
        setattr(model, name, value)
    assert await worded() == (ARTICLE, "article")
    assert len(model.asked) == 1


@pytest.mark.requirement(43)
async def test_a_slow_one_is_not_waited_for_and_then_left_alone(model: openai_server.FakeModel) -> None:
    model.text, model.seconds = GOOD, 3.0
    started = time.monotonic()
    assert await worded() == (ARTICLE, "article")
    assert time.monotonic() - started < 1.5
    assert await worded() == (ARTICLE, "article")
    assert len(model.asked) == 1


async def test_without_an_endpoint_the_article_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = GeneratorSettings("http://127.0.0.1:1/v1", "tiny", "", 0.5)
    for setup in (None, gone):
        monkeypatch.setattr(wording, "settings", lambda setup=setup: setup)
        monkeypatch.setattr(wording, "_rest_until", 0.0)
        assert await worded() == (ARTICLE, "article")
