"""knowledge/ as a whole: which article answers what was asked, heard anew as soon as a file changes.

What may be said (published, valid, still there) is looked up at every question. Which words lead to which
article is learned in a thread, in seconds; until that is done a new article is found by its own questions.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from actions.clients import asking, synonyms
from actions.clients.articles import Article, Articles
from actions.clients.retrieval import NOTHING, Hit, Retriever, likeness
from actions.clients.synonyms import UNANSWERED, SynonymMistake, Synonyms, sentences
from yingda.sansio.numerals import normalise

logger = logging.getLogger(__name__)

# Chosen on the part `dev` of tests/data/knowledge/questions.yml, by bench/knowledge.py.
LEAST = 0.3  # of confidence: below it the bot refuses; `dev` is as good anywhere from 0.2 to 0.4
CLOSE = 0.1  # two articles nearer than that: the bot asks which was meant
LEAST_OF_SECOND = 0.2
LIKE_ENOUGH = 0.8  # of a question of an article that has not been learned yet
SHORTEST = 2  # characters: 「嗯」 asks nothing


@dataclass(frozen=True)
class Answer:
    """An article that answers, and how sure that is."""

    article: Article
    confidence: float

    @property
    def text(self) -> str:
        """What to say."""
        return self.article.answer

    def evidence(self) -> dict[str, Any]:
        """What the record of the call keeps beside the sentence."""
        return {**self.article.evidence(), "confidence": round(self.confidence, 3)}


@dataclass(frozen=True)
class Found:
    """`answer` when one article is meant; else `choices` when it is one of two; else nothing is known."""

    answer: Answer | None = None
    choices: tuple[Article, ...] = ()


@dataclass(frozen=True)
class _Learned:
    retriever: Retriever
    versions: dict[str, str]  # of the articles that it knows, by name
    words: str  # fingerprint of synonyms and refused sentences
    asking: asking.Asking | None  # when there is something to tell questions from


class KnowledgeBase:
    """One folder. Safe to ask from several threads."""

    def __init__(self, folder: Path, background: bool = True, utterances: Path | None = None) -> None:
        """Nothing is read yet. Without `background` a question waits until what changed is learned.
        `utterances`: a folder of what callers say for Rasa to learn (data/nlu), for `asks`."""
        self._folder, self._background, self._utterances = folder, background, utterances
        self._articles = Articles(folder)
        self._synonyms, self._unanswered, self._words = Synonyms({}), (), ""
        self._learned: _Learned | None = None
        self._lock = threading.RLock()
        self._learning: threading.Thread | None = None
        self.mistakes: list[str] = []

    def about(self, intent: str, today: date) -> Article | None:
        """The article that answers an intent whatever the words were."""
        with self._lock:
            return self._articles.about(intent, today)

    def answer(self, text: str, today: date) -> Answer | None:
        """The article that answers a question, None below the threshold or when two are as likely."""
        return self.find(text, today).answer

    def find(self, text: str, today: date) -> Found:
        """What is known about a question."""
        articles = {article.name: article for article in self.refresh()}
        plain = self._synonyms.plain(normalise(text))
        if len(plain) < SHORTEST:
            return Found()
        learned = self._learned
        known = learned.versions if learned else {}
        new = [x for x in articles.values() if known.get(x.name) != x.version and x.may_be_said(today)]
        if (answer := self._by_likeness(plain, new)) is not None:
            return Found(answer)
        if learned is None:
            return Found()
        return _decide(learned.retriever.rank(plain), articles, today)

    def asks(self, text: str) -> float:
        """0 to 1: how likely the sentence asks about something, rather than for something of one's own.
        0 while that is not learned."""
        learned = self._learned
        if learned is None or learned.asking is None:
            return 0.0
        return learned.asking.likely(self._synonyms.plain(normalise(text)))

    def likeliest(self, text: str) -> Hit | None:
        """The class that fits best, however badly; None while nothing is learned."""
        learned = self._learned
        return learned.retriever.rank(self._synonyms.plain(normalise(text)))[0] if learned else None

    def refresh(self) -> list[Article]:
        """Read what changed, and begin to learn it. All articles, whatever their state."""
        with self._lock:
            articles = self._articles.all()
            self._read_words()
            self.mistakes = [*self._articles.mistakes, *self._word_mistakes]
            if not self._is_learned(articles):
                self._begin_to_learn()
        if not self._background:
            self.wait()
        return articles

    def wait(self, seconds: float = 120.0) -> None:
        """Until what is there now has been learned, or `seconds` have passed."""
        thread = self._learning
        if thread is not None:
            thread.join(seconds)

    # learning

    def _begin_to_learn(self) -> None:
        if self._learning is None or not self._learning.is_alive():
            self._learning = threading.Thread(target=self._learn, name="knowledge", daemon=True)
            self._learning.start()

    def _learn(self) -> None:
        """Until nothing has changed meanwhile."""
        while True:
            with self._lock:
                articles = self._articles.all()
                if self._is_learned(articles):
                    return
                words, plain, refused = self._words, self._synonyms.plain, self._unanswered
            published = [article for article in articles if article.state == "published"]
            texts, names = _examples(published, refused)
            try:
                retriever = Retriever([plain(normalise(text)) for text in texts], names)
            except ValueError as error:  # fewer than two classes: likeness alone answers
                logger.warning("knowledge: nothing to learn from: %s", error)
                return
            versions = {x.name: x.version for x in published}
            self._learned = _Learned(retriever, versions, words, self._learn_asking(published, plain))
            logger.info("knowledge: %d articles learned", len(published))

    def _learn_asking(self, published: list[Article], plain: Callable[[str], str]) -> asking.Asking | None:
        if self._utterances is None:
            return None
        answered = {article.intent for article in published if article.intent}
        wanted = [plain(normalise(text)) for text in asking.said(self._utterances, answered)]
        asked = [plain(normalise(text)) for text in _examples(published, ())[0]]
        if not wanted:
            logger.warning("knowledge: no utterances in %s: no request is answered instead", self._utterances)
            return None
        return asking.Asking(asked, wanted)

    def _is_learned(self, articles: Iterable[Article]) -> bool:
        versions = {x.name: x.version for x in articles if x.state == "published"}
        learned = self._learned
        return learned is not None and (learned.versions, learned.words) == (versions, self._words)

    # reading

    _word_mistakes: tuple[str, ...] = ()

    def _read_words(self) -> None:
        """Synonyms and refused sentences; what has a mistake stays as it was before."""
        written = [_text(self._folder / name) for name in ("synonyms.yml", UNANSWERED)]
        words = hashlib.sha256("\0".join(written).encode()).hexdigest()
        if words == self._words:
            return
        found, mistakes = self._synonyms, []
        try:
            found = synonyms.parse(written[0])
        except SynonymMistake as error:
            mistakes.append(str(error))
        refused = sentences(written[1])
        if refused is None:
            mistakes.append(f"knowledge/{UNANSWERED}: expected lists of sentences; see knowledge/README.md")
        self._synonyms, self._words, self._word_mistakes = found, words, tuple(mistakes)
        self._unanswered = self._unanswered if refused is None else refused

    def _by_likeness(self, plain: str, articles: Iterable[Article]) -> Answer | None:
        best: Answer | None = None
        for article in articles:
            for question in (article.title, *article.questions):
                alike = likeness(plain, self._synonyms.plain(normalise(question)))
                if alike >= LIKE_ENOUGH and (best is None or alike > best.confidence):
                    best = Answer(article, alike)
        return best


def _decide(ranking: list[Hit], articles: dict[str, Article], today: date) -> Found:
    """An article that may not be said any more is refused, never replaced by the second best."""
    first, second = ranking[0], ranking[1]
    best, next_best = articles.get(first.name), articles.get(second.name)
    if first.name == NOTHING or best is None or not best.may_be_said(today):
        return Found()
    is_close = first.confidence - second.confidence < CLOSE and second.confidence >= LEAST_OF_SECOND
    if is_close and next_best is not None and next_best.may_be_said(today):
        return Found(choices=(best, next_best))
    return Found(Answer(best, first.confidence)) if first.confidence >= LEAST else Found()


def _examples(articles: Iterable[Article], refused: Iterable[str]) -> tuple[list[str], list[str]]:
    """Sentences and the article that each asks for."""
    texts, names = [], []
    for article in articles:
        for text in (article.title, *article.questions):
            texts.append(text)
            names.append(article.name)
    refused = list(refused)
    return texts + refused, names + [NOTHING] * len(refused)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
