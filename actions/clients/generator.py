"""An optional language model behind an OpenAI-compatible endpoint that words an article for the question.

Off without a URL. It may word, never know: every number, date, amount and name of what it writes must stand
in the article, and it may not be longer than the ear takes; otherwise the article itself is said.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import jieba.posseg
import requests

from yingda.sansio.numerals import normalise

URL, MODEL, KEY, SECONDS = (f"YINGDA_GENERATOR_{x}" for x in ("URL", "MODEL", "KEY", "SECONDS"))
LONGEST, LONGEST_WITHOUT_PAUSE = 120, 60  # characters
MOST_TOKENS = 200
NAMES = ("nr", "ns", "nt", "nz", "eng")  # parts of speech: people, places, organisations, marks, Latin words
_PAUSES = re.compile("[，。？！；：、,.?!;:]")
_NUMBERS = re.compile(r"\d+(?:\.\d+)?")
_MARKUP = re.compile(r"[<>*#`_\[\]{}|\\]|https?://")
_PROMPT = (
    "你是电话客服。只用资料里的话回答客户，不添加任何数字、日期、金额、名称和承诺。"
    "口语，一到两句，不超过八十个字，不用列表和符号。资料里没有答案时，原样复述资料。"
)


class GeneratorFailed(Exception):
    """No answer that may be said; the text says why and holds no words of the customer."""


@dataclass(frozen=True)
class GeneratorSettings:
    """`url` as far as .../v1; `seconds` for the whole answer."""

    url: str
    model: str
    key: str = ""
    seconds: float = 1.2


def read(environment: dict[str, str] | None = None) -> GeneratorSettings | None:
    """From the environment; None when no URL is set. Raises GeneratorFailed when a value is wrong."""
    given = os.environ if environment is None else environment
    url = given.get(URL, "").strip().rstrip("/")
    if not url:
        return None
    if not re.match(r"https?://", url):
        raise GeneratorFailed(f"{URL}: expected an address that begins with http:// or https://")
    if not given.get(MODEL):
        raise GeneratorFailed(f"{MODEL}: is not set; expected the name that the endpoint gives its model")
    try:
        seconds = float(given.get(SECONDS) or 1.2)
    except ValueError:
        raise GeneratorFailed(f"{SECONDS}: got {given[SECONDS]!r}, expected seconds, e.g. 1.2") from None
    if not 0 < seconds <= 10:
        raise GeneratorFailed(f"{SECONDS}: got {seconds}, expected more than 0, at most 10")
    return GeneratorSettings(url, given[MODEL], given.get(KEY, ""), seconds)


def write(settings: GeneratorSettings, question: str, article: str) -> str:
    """What to say, checked. Blocks for at most about `settings.seconds` between two bytes; the caller sets
    the deadline for all. Raises GeneratorFailed."""
    body = {
        "model": settings.model,
        "temperature": 0,
        "max_tokens": MOST_TOKENS,
        "messages": [
            {"role": "system", "content": _PROMPT},
            {"role": "user", "content": f"资料：{article}\n客户问：{question}"},
        ],
    }
    headers = {"Authorization": f"Bearer {settings.key}"} if settings.key else {}
    try:
        reply = requests.post(
            f"{settings.url}/chat/completions", json=body, headers=headers, timeout=settings.seconds
        )
        reply.raise_for_status()
        text = reply.json()["choices"][0]["message"]["content"]
    except (requests.RequestException, ValueError, LookupError, TypeError) as error:
        raise GeneratorFailed(f"the endpoint did not answer usably ({type(error).__name__})") from None
    if not isinstance(text, str):
        raise GeneratorFailed("the endpoint answered without a text")
    text = " ".join(text.split())
    if mistakes := unfit(text, article):
        raise GeneratorFailed("; ".join(mistakes))
    return text


def unfit(text: str, article: str) -> list[str]:
    """Why a text may not be said in place of an article; empty when it may. Names kinds, never words."""
    found = []
    if not text:
        return ["it is empty"]
    if len(text) > LONGEST or max(map(len, _PAUSES.split(text))) > LONGEST_WITHOUT_PAUSE:
        found.append("it is too long for the ear")
    if _MARKUP.search(text):
        found.append("it holds markup")
    if numbers(text) - numbers(article):
        found.append("it holds a number that the article does not")
    plain = article.lower()
    if any(name.lower() not in plain for name in names(text)):
        found.append("it holds a name that the article does not")
    return found


def numbers(text: str) -> set[str]:
    """Every number as digits, however it is written: amounts, dates, percentages, numbers in words."""
    return {f"{float(found):g}" for found in _NUMBERS.findall(normalise(text))}


def names(text: str) -> set[str]:
    """People, places, organisations, marks and Latin words, as jieba tags them."""
    return {word for word, kind in jieba.posseg.cut(text) if kind.startswith(NAMES) and len(word) > 1}
