"""What a designer got wrong in a text that the voice is to say, found before anybody hears it.

Calls are lenient with such a text: see ssml.parse. Here each mistake is told, with what was expected. Parts
that are filled in later, `{amount}`, are taken as right.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from xml.etree import ElementTree

from yingda.speech.text import normalisation, say_as, ssml
from yingda.speech.text.ssml import SsmlError
from yingda.speech.voice.manner import MannerError

_VARIABLE = re.compile(r"\{[^{}<>]*\}")
_SUBSTITUTE = "一"  # what stands for a variable: a character that every rule lets pass


def mistakes(text: str, voices: Collection[str] | None = None) -> list[str]:
    """All of plain text or SSML. `voices` are the names that are known; None: they are not known here."""
    if not ssml.is_ssml(text):
        return list(_of_words(text))
    try:
        root = ssml.root_of(_VARIABLE.sub(_SUBSTITUTE, text))
    except SsmlError as error:
        return [f"{error}; write & as &amp; and < as &lt;, and close every tag"]
    found = list(_of_node(root, voices, _kinds_with_variables(text)))
    if not found:
        try:
            for span in ssml.parse(_VARIABLE.sub(_SUBSTITUTE, text)):
                span.manner.check("of the tags around it together")
                found += _of_words(span.text)
        except (SsmlError, MannerError) as error:
            found.append(str(error))
    return list(dict.fromkeys(found))


def _of_words(text: str) -> Iterator[str]:
    plain = _VARIABLE.sub(_SUBSTITUTE, text)
    lost = dict.fromkeys(normalisation.unreadable(plain))
    if lost:
        yield f"{''.join(lost)!r} has no reading and would be left out; write how it is said, or take it out"
    elif text.strip() and not normalisation.normalise(plain).strip("，。？！；：、"):
        yield "nothing in it can be spoken; expected Chinese text"


def _kinds_with_variables(text: str) -> list[bool]:
    """For each say-as in the order of the text: whether it holds a variable; then its text is not known."""
    root = ssml.root_of(_VARIABLE.sub("\ue000", text))
    nodes = [node for node in root.iter() if ssml.name_of(node) == "say-as"]
    return ["\ue000" in "".join(node.itertext()) for node in nodes]


def _of_node(
    root: ElementTree.Element, voices: Collection[str] | None, has_variable: list[bool]
) -> Iterator[str]:
    unknown_text = iter(has_variable)
    for node in root.iter():
        tag = ssml.name_of(node)
        if tag not in ssml.TAGS:
            yield f"<{tag}> is unknown, expected one of {', '.join(ssml.TAGS)}"
            continue
        allowed = ssml.TAGS[tag]
        for name in (key.rsplit("}", 1)[-1] for key in node.attrib):
            if name not in allowed:
                listed = ", ".join(allowed) or "none"
                yield f"<{tag}> has the unknown attribute {name!r}, expected {listed}"
        try:
            ssml.manner_of(node)
        except SsmlError as error:
            yield str(error)
        is_known = not next(unknown_text) if tag == "say-as" else True
        yield from _of_attributes(tag, node, voices, is_known)


def _of_attributes(
    tag: str, node: ElementTree.Element, voices: Collection[str] | None, is_known: bool
) -> Iterator[str]:
    if tag == "voice":
        name = node.get("name")
        if not name:
            yield '<voice> has no name, expected <voice name="...">'
        elif voices is not None and name not in voices:
            yield f"voice {name!r} is unknown, expected one of {', '.join(voices)}"
    elif tag == "emphasis" and node.get("level", "moderate") not in ssml.EMPHASES:
        yield f"emphasis level {node.get('level')!r}: expected one of {', '.join(ssml.EMPHASES)}"
    elif tag == "break":
        yield from _of_break(node)
    elif tag == "sub" and not node.get("alias", "").strip():
        yield '<sub> has no alias, expected <sub alias="what is said">'
    elif tag == "say-as":
        yield from _of_say_as(node, is_known)


def _of_break(node: ElementTree.Element) -> Iterator[str]:
    time, strength = node.get("time"), node.get("strength")
    ms = ssml.time_ms(time) if time is not None else 0
    if ms is None or ms > ssml.LONGEST_BREAK_MS:
        yield f"break time {time!r}: expected up to {ssml.LONGEST_BREAK_MS // 1000}s, such as 300ms or 1.5s"
    if strength is not None and strength not in ssml.BREAKS_MS:
        yield f"break strength {strength!r}: expected one of {', '.join(ssml.BREAKS_MS)}"


def _of_say_as(node: ElementTree.Element, is_known: bool) -> Iterator[str]:
    kind, form, text = node.get("interpret-as"), node.get("format", ""), "".join(node.itertext()).strip()
    if kind not in say_as.KINDS:
        yield f"say-as interpret-as {kind!r}: expected one of {', '.join(say_as.KINDS)}"
        return
    formats = say_as.FORMATS.get(kind, ())
    if form and form not in formats:
        expected = f"one of {', '.join(formats)}" if formats else f"none for {kind}"
        yield f"say-as format {form!r}: expected {expected}"
    elif is_known and say_as.read(text, kind, form) is None:
        yield f"say-as {kind} holds {text!r}, expected {say_as.KINDS[kind][1]}"
