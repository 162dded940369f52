"""`make learn`: what callers asked and the assistant did not manage becomes patches that a person judges.

    make learn                        collect, group what is open, write patches into var/learn
    make learn SHOW=1                 how many items are open, proposed, published, dismissed
    make learn DISMISS=var/learn/x.patch    its items are of no use and never proposed again

MONGO_URL says where the items are; without it the embedded store of `make run` must be up. docs/learning.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from datetime import date, datetime, timezone
from pathlib import Path

from pymongo.errors import PyMongoError

from actions.clients import synonyms
from actions.clients.knowledge_base import KnowledgeBase
from actions.clients.retrieval import NOTHING
from scripts.learn_clusters import MOST, clusters
from scripts.learn_items import DISMISSED, PROPOSED, LearningItems
from scripts.learn_proposals import Proposal, propose
from yingda.plumbing import stores
from yingda.sansio.numerals import CHINA, normalise

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "var/learn"
LEAST = 3  # turns that mean the same, before anybody is asked to look
UNKNOWN = ("refused", "fallback", "out_of_scope", "unsure")  # what is grouped; handoffs are for reading


def main() -> int:
    """Command line; exit status 1 when MongoDB is away."""
    parser = argparse.ArgumentParser(description="Patches from what the assistant did not manage.")
    parser.add_argument("--show", action="store_true", help="count items by state")
    parser.add_argument("--dismiss", metavar="PATCH", help="the items of a patch are of no use")
    parser.add_argument("--least", type=int, default=LEAST, help="turns in a group")
    given = parser.parse_args()
    items = LearningItems(stores.database())
    try:
        if given.dismiss:
            return dismiss(items, Path(given.dismiss))
        if not given.show:
            learn(items, ROOT, given.least, print)
        print(", ".join(f"{count} {state}" for state, count in items.counts().items()))
    except PyMongoError as error:
        print(
            f"MongoDB did not answer ({type(error).__name__}); set MONGO_URL, or `make run` first",
            file=sys.stderr,
        )
        return 1
    return 0


def learn(items: LearningItems, root: Path, least: int, say: Callable[[str], None]) -> list[Path]:
    """Collect, group, and write a patch for each group; the patches."""
    say(f"{items.collect(datetime.now(timezone.utc))} turns that were not managed")
    unknown = [item for item in items.open() if item.kind in UNKNOWN][:MOST]
    files = designers_files(root)
    base = KnowledgeBase(root / "knowledge", background=False)
    base.refresh()
    plain = synonyms.parse(files.get(synonyms.PATH, "")).plain
    written: list[Path] = []
    for group in clusters([normalise(item.text) for item in unknown], least, plain):
        together = [unknown[place] for place in group]
        proposal = propose(together, files, lambda text: nearest(base, text), _today())
        if proposal is None:
            continue
        path = write(root / FOLDER, proposal)
        written.append(path)
        items.move([item.id for item in together], PROPOSED, path.name, proposal.owner)
        say(f"{path.relative_to(root)}: {len(together)} turns, {proposal.owner}: {proposal.texts[0]}")
    return written


def nearest(base: KnowledgeBase, text: str) -> tuple[str, float]:
    """The likeliest article, however unlikely, and how likely."""
    hit = base.likeliest(text)
    return (hit.name, hit.confidence) if hit and hit.name != NOTHING else ("", 0.0)


def designers_files(root: Path) -> dict[str, str]:
    """Their texts by path."""
    paths = [root / "domain.yml", *sorted((root / "data").rglob("*.yml"))]
    paths += [*sorted((root / "knowledge").glob("*.md")), *sorted((root / "knowledge").glob("*.yml"))]
    return {str(x.relative_to(root)): x.read_text(encoding="utf-8") for x in paths if x.exists()}


def write(folder: Path, proposal: Proposal) -> Path:
    """One patch file with a name of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{_today():%Y%m%d}-{re.sub('[^a-z0-9_-]', '', proposal.slug)}"
    number, path = 1, folder / f"{stem}.patch"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.patch"
    path.write_text(proposal.patch(), encoding="utf-8")
    return path


def dismiss(items: LearningItems, patch: Path) -> int:
    """Never propose them again."""
    ids = items.of_patch(patch.name)
    if not ids:
        print(f"PATCH: {patch.name} has no items; make learn SHOW=1 counts them", file=sys.stderr)
        return 2
    items.move(ids, DISMISSED, patch.name)
    print(f"{len(ids)} items dismissed")
    return 0


def _today() -> date:
    return datetime.now(CHINA).date()


if __name__ == "__main__":
    sys.exit(main())
