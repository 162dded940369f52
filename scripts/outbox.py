"""`make outbox`: what waits to be written to the CRM, how long, and what the CRM refused.

    make outbox             counts, the oldest, and each refused write with its call and the reason
    make outbox RETRY=1     what was refused is tried again, behind what waits

The folder: settings/crm.yml. Customers' words are in its files, not in what is printed: docs/crm.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime, timezone

from actions.clients import outbox, settings
from actions.clients.spool import REFUSED, Spool
from yingda.plumbing.settings import SettingsError


def main() -> int:
    """Command line; exit status 1 when the settings or the folder cannot be read."""
    parser = argparse.ArgumentParser(description="What waits to be written to the CRM.")
    parser.add_argument("--retry", action="store_true", help="try again what was refused")
    given = parser.parse_args()
    try:
        spool = Spool(settings.read().outbox.path())
        if given.retry:
            print(f"{spool.retry()} are tried again")
        show(spool)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"{error.filename}: {error.strerror}; outbox.folder in settings/crm.yml names it", file=sys.stderr
        )
        return 1
    return 0


def show(spool: Spool) -> None:
    """Print it."""
    refused = spool.refused()
    print(outbox.summary(spool.entries(), len(refused), time.time()))
    for entry in refused:
        call_id, why = spool.why(entry.name)
        put = datetime.fromtimestamp(entry.put_s, timezone.utc)
        print(f"  {put:%Y-%m-%d %H:%M:%SZ}  call {call_id}: {entry.kind}: {why}")
        print(f"      {spool.folder / REFUSED / entry.name}")
    if refused:
        print("RETRY=1 tries them again; delete a file to forget what it holds")


if __name__ == "__main__":
    sys.exit(main())
