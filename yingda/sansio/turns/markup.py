"""Text that the dialogue wants said, plain or SSML, in pieces that can be synthesised one by one.

The words of a piece are what the customer hears and what the record and the dialogue are told of; the markup
is what the speech server gets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from yingda.sansio.turns.wording import sentences, spoken

_WHOLE = ("say-as", "sub")  # read as one; never cut in two
_TAG = re.compile(r"<[^<>]*>")
_SENTENCE_ENDS = tuple("。！？；!?;\n")


@dataclass(frozen=True)
class Piece:
    """``words`` as they are written, without tags; ``markup`` is the same for plain text."""

    words: str
    markup: str


@dataclass(frozen=True)
class _Part:
    """A text or an element without parts of its own, and the tags that it stands in."""

    words: str
    xml: str
    around: tuple[str, ...]  # start tags, the outermost first
    is_text: bool = False


def pieces(text: str) -> list[Piece]:
    """One for each sentence. SSML that is not well-formed is said without its tags."""
    if not text.lstrip().startswith("<speak"):
        return [Piece(sentence, sentence) for sentence in sentences(text)]
    try:
        if "<!" in text:
            raise ElementTree.ParseError
        root = ElementTree.fromstring(text.strip())
    except ElementTree.ParseError:
        return [Piece(sentence, sentence) for sentence in sentences(_TAG.sub("", text))]
    parts: list[_Part] = []
    _collect(root, (), parts)
    return _joined(_cut(parts))


def _collect(node: ElementTree.Element, around: tuple[str, ...], parts: list[_Part]) -> None:
    if node.text:
        parts.append(_Part(node.text, escape(node.text), around, is_text=True))
    for child in node:
        tag = _name(child.tag)
        start = tag + "".join(f" {_name(key)}={quoteattr(value)}" for key, value in child.items())
        if tag in _WHOLE or not (len(child) or child.text):
            words = "".join(child.itertext())
            xml = f"<{start}>{escape(words)}</{tag}>" if words else f"<{start}/>"
            parts.append(_Part(words, xml, around))
        else:
            _collect(child, (*around, start), parts)
        if child.tail:
            parts.append(_Part(child.tail, escape(child.tail), around, is_text=True))


def _cut(parts: list[_Part]) -> list[list[_Part]]:
    """Groups of parts; a text that holds the end of a sentence is cut there."""
    groups: list[list[_Part]] = [[]]
    for part in parts:
        if not part.is_text:
            groups[-1].append(part)
            continue
        for sentence in _sentences_of(part.words):
            groups[-1].append(_Part(sentence, escape(sentence), part.around, is_text=True))
            if sentence.rstrip(" ").endswith(_SENTENCE_ENDS) and spoken(_words(groups[-1])):
                groups.append([])
    if not spoken(_words(groups[-1])) and len(groups) > 1:
        rest = groups.pop()  # a pause after the last word, or marks alone
        groups[-1] += rest
    return [group for group in groups if spoken(_words(group))]


def _sentences_of(text: str) -> list[str]:
    """Sentences with everything between them, also marks and blanks that nothing is said of."""
    found = re.findall(r"[^。！？；!?;\n]*[。！？；!?;\n]+|[^。！？；!?;\n]+$", text)
    return found or [text]


def _words(parts: list[_Part]) -> str:
    return "".join(part.words for part in parts)


def _joined(groups: list[list[_Part]]) -> list[Piece]:
    return [Piece(_words(group).strip(), f"<speak>{_nested(group)}</speak>") for group in groups]


def _nested(parts: list[_Part]) -> str:
    """The parts in their tags, each tag as long open as it can be."""
    out: list[str] = []
    opened: tuple[str, ...] = ()
    for part in (*parts, _Part("", "", ())):
        same = 0
        while same < min(len(opened), len(part.around)) and opened[same] == part.around[same]:
            same += 1
        out += [f"</{tag.split(' ')[0]}>" for tag in reversed(opened[same:])]
        out += [f"<{tag}>" for tag in part.around[same:]]
        out.append(part.xml)
        opened = part.around
    return "".join(out)


def _name(tag: str) -> str:
    return str(tag).rsplit("}", 1)[-1]
