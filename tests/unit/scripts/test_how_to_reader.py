"""How-tos are read and followed as they are written; what is unclear in one is told."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))

import how_to

TEXT = """\
# A how-to

Write `data/a.yml`:

```yaml
a: 1
```

In `data/a.yml`, below the line `a: 1`, add:

```yaml
b: 2
```

In `data/a.yml`, replace the line `a: 1` with:

```yaml
a: 3
```

Then the end. Append to `data/a.yml`:

```yaml
c: 4
```

Run:

```sh
cat data/a.yml
```

It prints, among other lines:

```text
a: …
  c: 4
```
"""


def follow(root: Path, text: str) -> None:
    printed = ""
    for step in how_to.read(text, "x.md"):
        if step.is_edit:
            how_to.edit(step, root, "x.md")
        elif step.way == "run":
            printed = how_to.run(step, root, os.environ, "x.md")
        else:
            how_to.compare(step, printed, "x.md")


def test_every_way_of_editing_and_a_command(tmp_path: Path) -> None:
    follow(tmp_path, TEXT)
    assert (tmp_path / "data/a.yml").read_text() == "a: 3\nb: 2\nc: 4\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Run:", "Try it:", "x.md:29: nothing says what to do with this block; above it stands: 'Try it:'"),
        ("line `a: 1`, add", "line `z`, add", "data/a.yml holds the line 'z' 0 times, expected once"),
        ("Append to `data/a.yml`", "Append to `data/b.yml`", "data/b.yml is not there"),
        ("Append to `data/a.yml`", "Write `data/a.yml`", "data/a.yml is there already"),
        ("cat data/a.yml", "false", "x.md:29: the command ended with 1"),
        ("a: …", "a: 5", "did not print 'a: 5'"),
    ],
)
def test_what_is_unclear_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(how_to.Unclear) as error:
        follow(tmp_path, TEXT.replace(old, new))
    assert told in str(error.value)
