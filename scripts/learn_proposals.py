"""What a person may make of a group of unknown questions: a patch that can be read, edited and applied. Pure.

Four kinds: examples for an intent that the model half recognised; questions for an article that nearly
answered; a draft of an article for questions that none answers; an intent of its own for what is neither.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from pypinyin import lazy_pinyin

from scripts.learn_items import Item

EXAMPLES, QUESTIONS, ARTICLE, INTENT = "examples", "questions", "article", "intent"
SAME_INTENT = 0.6  # of a group that has the same likeliest intent ...
HALF_SURE = 0.3  # ... with this mean confidence: more examples of it
NEARLY = 0.15  # an article's confidence from which on a question is its
MOST_TEXTS = 40
NEVER = ("out_of_scope", "chitchat", "nlu_fallback", "inform", "affirm", "deny")  # intents that say little
DESIGN = "对话设计"
ASKS = re.compile(
    "[吗么呢?？]|什么|怎么|咋|啥|多少|多久|哪|几|谁|为什么|能不能|可不可以|是不是|有没有|会不会"
)
DRAFT_ANSWER = "这个问题的答案还没有写好。"

Rank = Callable[[str], tuple[str, float]]  # of a text: the likeliest article and its confidence, or ("", 0)


@dataclass(frozen=True)
class Proposal:
    """`files`: path -> text before and after, None before where it is new."""

    kind: str
    target: str  # intent or article
    texts: tuple[str, ...]
    items: tuple[Item, ...]
    owner: str
    files: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """For the patch's name."""
        return f"{self.kind}-{self.target}"

    def patch(self) -> str:
        """The patch with a heading for people, which `git apply` passes over."""
        kinds = Counter(item.kind for item in self.items)
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        lines = [
            f"What: {ABOUT[self.kind].format(self.target)}",
            f"Why: {len(self.items)} turns ({counted})",
            f"Owner: {self.owner}",
            "Said: " + "; ".join(self.texts[:10]) + (" ..." if len(self.texts) > 10 else ""),
            "Edit this file as you like, then: make publish PATCH=<this file>",
            "",
        ]
        return "\n".join(lines) + "".join(diff(path, *texts) for path, texts in self.files.items())


ABOUT = {
    EXAMPLES: "more examples of the intent {}; annotate entities as its other examples do",
    QUESTIONS: "more questions of the article {}",
    ARTICLE: "a draft of an article, {}; write answer, source, owner, dates, and set its state",
    INTENT: "an intent of its own, {}; give it a better name, and a rule that does something",
}


def propose(items: Sequence[Item], files: Mapping[str, str], rank: Rank, today: date) -> Proposal | None:
    """For one group, its middle first. `files`: data/nlu, data/rules, knowledge and domain.yml by path.
    None when everything that was said is known already, or was hidden."""
    whole = [item for item in items if item.is_whole and len(item.text) > 1]
    known = set().union(*(_lines(text) for text in files.values()))
    texts = [text for text in dict.fromkeys(item.text for item in whole) if text not in known][:MOST_TEXTS]
    if not texts:
        return None
    kept, said = tuple(items), tuple(texts)
    if intent := _half_recognised(whole):
        for path, text in files.items():
            if path.startswith("data/nlu/") and (grown := with_examples(text, intent, texts)):
                return Proposal(EXAMPLES, intent, said, kept, DESIGN, {path: (text, grown)})
    if article := _nearly_answered(texts, rank):
        path = f"knowledge/{article}.md"
        if path in files and (grown := with_questions(files[path], texts)):
            return Proposal(QUESTIONS, article, said, kept, _owner(files[path]), {path: (files[path], grown)})
    name = slug_of(texts[0])
    if sum(bool(ASKS.search(text)) for text in texts) * 2 > len(texts):
        path = f"knowledge/{name}.md"
        if path not in files:
            return Proposal(ARTICLE, name, said, kept, DESIGN, {path: (None, draft(texts, today))})
    changed = with_intent(files, f"learned_{name.replace('-', '_')}", texts)
    return Proposal(INTENT, name, said, kept, DESIGN, changed) if changed else None


def with_examples(text: str, intent: str, examples: Iterable[str]) -> str | None:
    """NLU data with examples at the end of those of an intent; None when it does not have it."""
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if line.strip() == f"- intent: {intent}"), None)
    if start is None:
        return None
    last = start
    for place in range(start + 1, len(lines)):
        if lines[place].strip().startswith("- intent:"):
            break
        if lines[place].strip().startswith("- "):
            last = place
    indent = lines[last][: len(lines[last]) - len(lines[last].lstrip())]
    lines[last + 1 : last + 1] = [f"{indent}- {example}" for example in examples]
    return "\n".join(lines)


def with_questions(text: str, questions: Iterable[str]) -> str | None:
    """An article with questions at the end of its list; None when they are not one a line."""
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if line == "questions:"), None)
    if start is None:
        return None
    last = start
    while last + 1 < len(lines) and lines[last + 1].startswith("  - "):
        last += 1
    lines[last + 1 : last + 1] = [f"  - {question}" for question in questions]
    return "\n".join(lines)


def draft(questions: Sequence[str], today: date) -> str:
    """A new article that is not said until a person has written it."""
    listed = "\n".join(f"  - {question}" for question in questions)
    until = today + timedelta(days=365)
    return (
        f"---\ntitle: {questions[0]}\nquestions:\n{listed}\nsource: 待填\nvalid_from: {today}\n"
        f"valid_until: {until}\nowner: {DESIGN}\ntags: [待填]\nstate: draft\n---\n{DRAFT_ANSWER}\n"
    )


def with_intent(
    files: Mapping[str, str], name: str, examples: Sequence[str]
) -> dict[str, tuple[str | None, str]]:
    """Domain, examples and a rule for a new intent; empty when it is there already."""
    domain, rules = files.get("domain.yml", ""), files.get("data/rules/conversation.yml", "")
    anchor = "  - out_of_scope\n"
    if anchor not in domain or f"  - {name}\n" in domain:
        return {}
    listed = "\n".join(f"      - {example}" for example in examples)
    nlu = f'version: "3.1"\n\nnlu:\n  - intent: {name}\n    examples: |\n{listed}\n'
    rule = (
        f"\n  - rule: Learned from calls, {name}\n    steps:\n      - intent: {name}\n"
        "      - action: action_not_understood\n"
        "      - action: action_ask_more\n"
    )
    return {
        "domain.yml": (domain, domain.replace(anchor, f"{anchor}  - {name}\n", 1)),
        f"data/nlu/{name}.yml": (None, nlu),
        "data/rules/conversation.yml": (rules, rules.rstrip("\n") + "\n" + rule),
    }


def slug_of(text: str) -> str:
    """A file name that can be read: the first syllables."""
    written = [part for part in lazy_pinyin(text) if re.fullmatch("[a-zA-Z0-9]+", part)]
    return "-".join(part.lower() for part in written[:6]) or "question"


def diff(path: str, before: str | None, after: str) -> str:
    """As git writes it, for `git apply`."""
    old = [] if before is None else before.splitlines(keepends=True)
    new = after.splitlines(keepends=True)
    source = "/dev/null" if before is None else f"a/{path}"
    body = "".join(difflib.unified_diff(old, new, source, f"b/{path}"))
    mode = "new file mode 100644\n" if before is None else ""
    return f"diff --git a/{path} b/{path}\n{mode}{body}"


def _half_recognised(items: Sequence[Item]) -> str | None:
    first = [item.ranking[0] for item in items if item.ranking]
    counted = Counter(name for name, _ in first)
    if not counted:
        return None
    name, count = counted.most_common(1)[0]
    mean = sum(confidence for other, confidence in first if other == name) / count
    enough = count >= SAME_INTENT * len(items) and mean >= HALF_SURE
    return name if enough and name not in NEVER else None


def _nearly_answered(texts: Sequence[str], rank: Rank) -> str | None:
    ranked = [rank(text) for text in texts]
    counted = Counter(name for name, confidence in ranked if name and confidence >= NEARLY)
    if not counted:
        return None
    name, count = counted.most_common(1)[0]
    return name if count * 2 > len(texts) else None


def _owner(article: str) -> str:
    return next((line[6:].strip() for line in article.split("\n") if line.startswith("owner:")), DESIGN)


def _lines(text: str) -> set[str]:
    """Whatever stands in a list, without annotations."""
    found = (line.strip()[2:] for line in text.split("\n") if line.strip().startswith("- "))
    return {re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line) for line in found}
