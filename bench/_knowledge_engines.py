"""The engines that could find articles, on the part `dev` of the questions: the table of docs/knowledge.md.

    .venv/rasa/bin/python -m bench._knowledge_engines

All see the same articles through the same synonyms. `right first`: the best article is the right one, of
questions that have one. `at 3 %`: right answers at the lowest threshold at which three answers in a hundred
questions are wrong. bm25s and tantivy are compared when they are installed; the product does not need them.
"""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator

import jieba
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from actions.clients import synonyms
from actions.clients.articles import Articles
from actions.clients.retrieval import NOTHING, Retriever, characters, pairs, syllables
from bench.knowledge import NONE, questions
from scripts.layout import ROOT
from yingda.sansio.numerals import normalise

Analyse = Callable[[str], list[str]]
Scores = Callable[[list[str], list[str]], np.ndarray]  # entries, questions -> [questions, entries]
WRONG = 0.03


def words(text: str) -> list[str]:
    """As jieba cuts them."""
    return [word for word in jieba.cut(text) if word.strip()]


def runs(text: str) -> list[str]:
    """Characters and syllables, single and in pairs."""
    return characters(text) + ["/" + run for run in syllables(text)]


def tf_idf(analyse: Analyse) -> Scores:
    """Cosine to the nearest entry."""

    def scores(entries: list[str], asked: list[str]) -> np.ndarray:
        vectors = TfidfVectorizer(analyzer=analyse, sublinear_tf=True)
        known = vectors.fit_transform(entries)
        return np.asarray((vectors.transform(asked) @ known.T).todense())

    return scores


def fts5(analyse: Analyse, tokenizer: str) -> Scores:
    """SQLite's full-text search, BM25."""

    def scores(entries: list[str], asked: list[str]) -> np.ndarray:
        db = sqlite3.connect(":memory:")
        db.execute(f"create virtual table t using fts5(x, tokenize='{tokenizer}')")
        texts = [x if tokenizer == "trigram" else " ".join(analyse(x)) for x in entries]
        db.executemany("insert into t(rowid, x) values (?, ?)", enumerate(texts))
        found = np.zeros((len(asked), len(entries)))
        for row, question in enumerate(asked):
            terms = " OR ".join('"' + term.replace('"', "") + '"' for term in analyse(question))
            rows = db.execute("select rowid, bm25(t) from t where t match ?", (terms,)) if terms else ()
            for place, score in rows:
                found[row, place] = -score
        return found

    return scores


def bm25(analyse: Analyse) -> Scores:
    """The package bm25s."""
    import bm25s

    def scores(entries: list[str], asked: list[str]) -> np.ndarray:
        known: dict[str, int] = {}
        tokens = [[known.setdefault(x, len(known)) for x in analyse(entry)] for entry in entries]
        index = bm25s.BM25()
        index.index((tokens, known), show_progress=False)
        found = [[known[x] for x in analyse(question) if x in known] for question in asked]
        return np.array([index.get_scores_from_ids(x) if x else np.zeros(len(entries)) for x in found])

    return scores


def tantivy_index(analyse: Analyse) -> Scores:
    """The package tantivy, over words cut by us."""
    import tantivy

    def scores(entries: list[str], asked: list[str]) -> np.ndarray:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("x", tokenizer_name="spaces")
        builder.add_integer_field("at", stored=True)
        schema = builder.build()
        index = tantivy.Index(schema)
        spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        index.register_tokenizer("spaces", spaces)
        writer = index.writer()
        for place, entry in enumerate(entries):
            writer.add_document(tantivy.Document(x=" ".join(analyse(entry)), at=place))
        writer.commit()
        index.reload()
        searcher, found = index.searcher(), np.zeros((len(asked), len(entries)))
        for row, question in enumerate(asked):
            terms = [tantivy.Query.term_query(schema, "x", term) for term in set(analyse(question))]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])
            for score, address in searcher.search(query, 500).hits:
                found[row, searcher.doc(address)["at"][0]] = score
        return found

    return scores


def engines() -> Iterator[tuple[str, Scores]]:
    """Name and engine; what is not installed is told."""
    yield (
        "SQLite FTS5, trigrams",
        fts5(lambda text: [text[i : i + 3] for i in range(len(text) - 2)], "trigram"),
    )
    yield "SQLite FTS5, words", fts5(words, "unicode61")
    for package, named in (
        (
            "bm25s",
            [("bm25s, words", lambda: bm25(words)), ("bm25s, characters and sounds", lambda: bm25(runs))],
        ),
        ("tantivy", [("tantivy, words", lambda: tantivy_index(words))]),
    ):
        if importlib.util.find_spec(package):
            yield from ((name, make()) for name, make in named)
        else:
            print(f"{package} is not installed: left out", file=sys.stderr)
    yield "tf-idf nearest, words", tf_idf(words)
    yield "tf-idf nearest, characters and sounds", tf_idf(runs)
    yield "tf-idf nearest, and pairs", tf_idf(lambda text: runs(text) + ["&" + x for x in pairs(text)])


def judged(best: list[str], sure: np.ndarray, meant: list[str]) -> tuple[float, float]:
    """Right first, and right at WRONG."""
    right = np.array([x == y for x, y in zip(best, meant, strict=True)])
    has = np.array([x != NONE for x in meant])
    said = np.array([x != NONE for x in best])
    for least in np.unique(sure):
        spoken = said & (sure >= least)
        if (spoken & ~right).mean() <= WRONG:
            return float(right[has].mean()), float((spoken & right)[has].mean())
    return float(right[has].mean()), 0.0


def main() -> int:
    """Print the table."""
    plain = synonyms.parse((ROOT / synonyms.PATH).read_text(encoding="utf-8")).plain
    articles = Articles(ROOT / "knowledge").all()
    entries = [(plain(normalise(x)), a.name) for a in articles for x in (a.title, *a.questions)]
    asked = [(plain(normalise(x)), name) for x, name in questions("dev")]
    texts, meant = [x for x, _ in asked], [name for _, name in asked]
    owners = [name for _, name in entries]
    for name, engine in engines():
        began = time.process_time()
        found = engine([x for x, _ in entries], texts)
        took = time.process_time() - began
        best = [owners[at] for at in found.argmax(1)]
        first, at_bar = judged(best, found.max(1), meant)
        print(f"{name:40s} right first {first:.3f}, at 3 % {at_bar:.3f}, {took:.1f} CPU-s", flush=True)
    refused = synonyms.sentences((ROOT / "knowledge" / synonyms.UNANSWERED).read_text(encoding="utf-8")) or ()
    began = time.process_time()
    learned = Retriever(
        [x for x, _ in entries] + [plain(normalise(x)) for x in refused], owners + [NOTHING] * len(refused)
    )
    ranked = learned.rank_all(texts)
    best = [hits[0].name or NONE for hits in ranked]
    first, at_bar = judged(best, np.array([hits[0].confidence for hits in ranked]), meant)
    took = time.process_time() - began
    name = "learned (actions/clients/retrieval.py)"
    print(f"{name:40s} right first {first:.3f}, at 3 % {at_bar:.3f}, {took:.1f} CPU-s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
