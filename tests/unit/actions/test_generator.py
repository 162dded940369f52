"""What a language model may say in place of an article. The running endpoint: tests/integration/rasa."""

from __future__ import annotations

import pytest

from actions.clients import generator
from actions.clients.generator import GeneratorFailed

ARTICLE = (
    "满300元可以分3期、6期或者12期，3期免手续费，其他每期千分之五。支持信用卡和花呗，北京和上海的门店也办。"
)


@pytest.mark.requirement(43)
@pytest.mark.parametrize(
    "text",
    [
        "可以的，满300元就能分期，3期不收手续费。",
        "三百块钱以上可以分十二期。",  # the same numbers in words
        "上海的门店可以办分期。",
    ],
)
def test_what_the_article_says_may_be_said(text: str) -> None:
    assert generator.unfit(text, ARTICLE) == []


@pytest.mark.requirement(43)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("满200元就能分期。", "it holds a number that the article does not"),
        ("满三百块可以分二十四期。", "it holds a number that the article does not"),
        ("12月1号以前办理，3期免手续费。", "it holds a number that the article does not"),
        ("可以到广州的门店办分期。", "it holds a name that the article does not"),
        ("可以找王建国办分期。", "it holds a name that the article does not"),
        ("支持PayPal。", "it holds a name that the article does not"),
        ("**可以**分期。", "it holds markup"),
        ("看https://x.cn就行。", "it holds markup"),
        ("分期" * 31, "it is too long for the ear"),
        ("可以分期，" * 30, "it is too long for the ear"),
        ("", "it is empty"),
    ],
)
def test_what_it_does_not_say_may_not(text: str, why: str) -> None:
    assert why in generator.unfit(text, ARTICLE)


def test_it_is_off_unless_an_endpoint_is_set() -> None:
    assert generator.read({}) is None
    settings = generator.read({generator.URL: "http://x/v1/", generator.MODEL: "m", generator.SECONDS: "0.5"})
    assert settings is not None
    assert (settings.url, settings.model, settings.seconds, settings.key) == ("http://x/v1", "m", 0.5, "")


@pytest.mark.parametrize(
    ("name", "value"), [("URL", "x"), ("MODEL", ""), ("SECONDS", "soon"), ("SECONDS", "0")]
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    given = {generator.URL: "http://x/v1", generator.MODEL: "m", f"YINGDA_GENERATOR_{name}": value}
    with pytest.raises(GeneratorFailed, match=f"YINGDA_GENERATOR_{name}: "):
        generator.read(given)
