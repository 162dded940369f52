"""Mistakes and expiry of the articles in knowledge/: `make knowledge`, and part of `make check-dialogue`.

python -m scripts.check_knowledge            mistakes, what expires, and how many articles of each state
python -m scripts.check_knowledge 2027-03-01  as on that day
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from actions.clients import synonyms
from actions.clients.articles import Article, Articles
from actions.clients.synonyms import UNANSWERED, SynonymMistake, sentences
from scripts import check_sentences, check_spoken
from yingda.sansio.numerals import CHINA
from yingda.speech.text import ssml_check

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "knowledge"
FEWEST_QUESTIONS = 4
LONGEST_ANSWER = 120  # characters: some 25 seconds
WARNED_DAYS = 30


def problems(root: Path, intents: Iterable[str] | None = None) -> list[str]:
    """Every mistake, one line each. `intents`: those of the domain, where they are known."""
    folder = Articles(root / FOLDER)
    articles = folder.all()
    found = list(folder.mistakes)
    known, voices = None if intents is None else set(intents), check_spoken.voices(root)
    for article in articles:
        found += _of_article(root, article, known, voices)
    found += _said_twice(root, articles)
    found += _words(root, articles)
    return found


def expiring(root: Path, today: date) -> list[str]:
    """A line for each published article that is over, or will be within WARNED_DAYS, with its owner."""
    told = []
    for article in Articles(root / FOLDER).all():
        left = (article.valid_until - today).days
        if article.state != "published" or left > WARNED_DAYS:
            continue
        when = f"expired on {article.valid_until}" if left < 0 else f"expires on {article.valid_until}"
        what = "it is not said any more" if left < 0 else f"{left} days left"
        told.append(f"{article.path}: {when}, {what}; {article.owner} must renew or remove it")
    return told


def today() -> date:
    """Where the customers live."""
    return datetime.now(CHINA).date()


def _of_article(
    root: Path, article: Article, intents: set[str] | None, voices: list[str] | None
) -> Iterator[str]:
    text = (root / article.path).read_text(encoding="utf-8")
    at = f"{article.path}:{_line_of_answer(text)}"
    for told in [*check_sentences.of_text(article.answer), *ssml_check.mistakes(article.answer, voices)]:
        yield f"{at}: answer: {told}"
    if len(article.answer) > LONGEST_ANSWER:
        yield (
            f"{at}: answer: {len(article.answer)} characters, expected at most {LONGEST_ANSWER}; "
            "say the essence, or split the article"
        )
    if len(article.questions) < FEWEST_QUESTIONS:
        yield (
            f"{article.path}:{_line_of(text, 'questions:')}: key questions: {len(article.questions)}, "
            f"expected {FEWEST_QUESTIONS} or more ways to ask; retrieval learns from them"
        )
    if intents is not None and article.intent and article.intent not in intents:
        yield (
            f"{article.path}:{_line_of(text, 'intent:')}: key intent: domain.yml does not know "
            f"'{article.intent}'; correct it, or leave it out: most articles have none"
        )


def _said_twice(root: Path, articles: list[Article]) -> Iterator[str]:
    """The same question in two articles, and two articles that an intent could mean."""
    asked: dict[str, Article] = {}
    meant: dict[str, Article] = {}
    for article in articles:
        if article.state != "published":
            continue
        for question in article.questions:
            other = asked.setdefault(question, article)
            if other is not article:
                line = _line_of((root / article.path).read_text(encoding="utf-8"), f"  - {question}")
                yield f"{article.path}:{line}: '{question}' stands in {other.path} too; keep it in one"
        other = meant.setdefault(article.intent, article)
        overlap = other.valid_from <= article.valid_until and article.valid_from <= other.valid_until
        if article.intent and other is not article and overlap:
            yield f"{article.path}: key intent: '{article.intent}' is answered by {other.path} too; keep one"


def _words(root: Path, articles: list[Article]) -> Iterator[str]:
    """Synonyms, and sentences that are refused."""
    folder = root / FOLDER
    if (folder / "synonyms.yml").exists():
        try:
            synonyms.parse((folder / "synonyms.yml").read_text(encoding="utf-8"))
        except SynonymMistake as error:
            yield str(error)
    path = folder / UNANSWERED
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    refused = sentences(text)
    if refused is None:
        yield f"{FOLDER}/{UNANSWERED}:1: expected lists of sentences, as in knowledge/README.md"
        return
    asked = {question: article for article in articles for question in article.questions}
    for sentence in refused:
        if sentence in asked:
            line = _line_of(text, f"  - {sentence}")
            yield f"{FOLDER}/{UNANSWERED}:{line}: '{sentence}' is asked in {asked[sentence].path}; keep one"


def _line_of(text: str, start: str) -> int:
    return next((n for n, line in enumerate(text.split("\n"), 1) if line.startswith(start)), 1)


def _line_of_answer(text: str) -> int:
    marks = [n for n, line in enumerate(text.split("\n"), 1) if line.strip() == "---"]
    return marks[1] + 1 if len(marks) > 1 else 1


def main() -> int:
    """Print all; exit status 1 if there is a mistake."""
    day = date.fromisoformat(sys.argv[1]) if len(sys.argv) > 1 else today()
    found = problems(ROOT)
    for line in found:
        print(line, file=sys.stderr)
    for line in expiring(ROOT, day):
        print(line)
    counted = Counter(article.state for article in Articles(ROOT / FOLDER).all())
    states = ", ".join(f"{count} {state}" for state, count in sorted(counted.items()))
    print(f"knowledge on {day}: {states}; {len(found)} mistakes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
