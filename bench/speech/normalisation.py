"""normalisation: written text that is spoken as a Chinese telephone agent would read it.

    make figure NAME=normalisation

Every line of tests/data/speech/normalisation.tsv is written text (SSML where it begins with <speak>), the
words to be spoken, and its topic. All must hold.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass

from scripts.layout import ROOT
from yingda.speech.text import ssml
from yingda.speech.text.normalisation import normalise

GOLDEN = ROOT / "tests" / "data" / "speech" / "normalisation.tsv"


@dataclass(frozen=True)
class Line:
    """One line of the golden file."""

    written: str
    spoken: str
    topic: str

    def heard(self) -> str:
        """What is spoken for it now."""
        return "".join(normalise(span.text) for span in ssml.parse(self.written))


def read_golden() -> list[Line]:
    """The golden file, without its heading."""
    rows = GOLDEN.read_text(encoding="utf-8").splitlines()[1:]
    return [Line(*row.split("\t")) for row in rows]


def main() -> int:
    """Print the figure; 0 when it meets the bar."""
    lines = read_golden()
    wrong = [line for line in lines if line.heard() != line.spoken]
    for line in wrong:
        print(f"{line.topic}: {line.written}\n  wanted {line.spoken}\n  heard  {line.heard()}")
    total, bad = (Counter(line.topic for line in part) for part in (lines, wrong))
    print("  ".join(f"{topic} {total[topic] - bad[topic]}/{total[topic]}" for topic in total))
    verdict = "FAIL" if wrong or not lines else "PASS"
    print(f"normalisation: {len(lines) - len(wrong)} of {len(lines)} golden lines right (bar: all) {verdict}")
    return 0 if verdict == "PASS" else 1


if __name__ == "__main__":
    sys.exit(main())
