"""Figure `asr`: character errors of the shipped recogniser through A-law, in the server's chunks, by slice.

Voices and texts are each seen or unseen in training (tests/data/asr, made by training/make_test_speech.py);
then come blend, tempo, length and topic, noise, lost packets and level, and the clips of the scenes' recorded
caller. The same model, batching and reader run as in the speech server. The last lines are the bars.

    python bench/speech/asr.py [--model FILE.nemo] [--chunk-ms 320] [--errors 10] [--quick]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.speech import _asr_table as table
from bench.speech._asr_run import CHUNK_MS, Ears, settings
from bench.speech._asr_set import Utterance, read_scene_clips, read_test_set
from bench.speech._conditions import conditions
from bench.speech._first_word import print_first_word
from yingda.speech.recordings import STREAMS

HOTWORDS = (
    *"零一二三四五六七八九幺",
    *("是的", "不是", "对", "不对", "好的", "不用了", "可以", "没有", "没错", "不要", "行"),
    *("订单号", "单号", "工单号", "快递单号", "订单"),
)
FEWEST_NARROW = 40  # below it the narrow bar says nothing


def print_conditions(ears: Ears, utterances: Sequence[Utterance]) -> None:
    """What noise, losses and level do to unseen customer sentences."""
    clean = [u for u in utterances if u.cell[1:] == ("unseen", "customer")]
    print("what happens on the way, unseen customer sentences")
    table.print_row("clean", table.pairs(clean))
    for name, change in conditions([u.audio for u in utterances]):
        changed = [replace(u, audio=change(u.audio)) for u in clean]
        ears.hear(changed)
        table.print_row(name, table.pairs(changed))


def judge(utterances: Sequence[Utterance]) -> bool:
    """Print each bar, and whether all hold."""

    def cer(voice: str, kind: str) -> float:
        return table.rate(table.pairs([u for u in utterances if u.cell == (voice, "unseen", kind)]))

    seen, unseen = cer("seen", "customer"), cer("unseen", "customer")
    narrow = {
        voice: [u for u in utterances if u.is_narrow and u.item["voice_is"] == voice]
        for voice in ("seen", "unseen")
    }
    rates = {
        voice: table.rate([(table.errors(u, u.item["boosted"]), len(u.said)) for u in rows])
        for voice, rows in narrow.items()
    }
    rows = [*narrow["seen"], *narrow["unseen"]]
    both = table.rate([(table.errors(u, u.item["boosted"]), len(u.said)) for u in rows])
    plain = table.rate(table.pairs(rows))
    by_voice = f"{rates['seen']:.1f} seen, {rates['unseen']:.1f} unseen voice"
    ratio = unseen / max(seen, 0.1)
    bars = (
        ("training voices, unseen customer sentences", f"CER {seen:.1f} %", "<= 5 %", seen <= 5.0),
        (
            f"digits, yes or no, order numbers with hotwords, n {len(rows)}",
            f"CER {both:.1f} % ({by_voice}; {plain:.1f} without)",
            "<= 2 %",
            both <= 2.0 and len(rows) >= FEWEST_NARROW,
        ),
        (
            "strings of words, training voices",
            f"CER {cer('seen', 'open'):.1f} % ({cer('unseen', 'open'):.1f} unseen voice)",
            "<= 15 %",
            cer("seen", "open") <= 15.0,
        ),
        (
            "a voice never heard, over training voices",
            f"{unseen:.1f} / {seen:.1f} = {ratio:.2f}",
            "<= 1.5",
            ratio <= 1.5,
        ),
    )
    for name, value, bar, holds in bars:
        print(f"asr: {name}: {value} (bar {bar}) {'PASS' if holds else 'FAIL'}")
    return all(holds for *_, holds in bars)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="another .nemo than the settings name")
    parser.add_argument("--chunk-ms", type=int, default=CHUNK_MS)
    parser.add_argument("--errors", type=int, default=8, help="how many wrong sentences to print")
    parser.add_argument("--quick", action="store_true", help="without conditions and first text")
    args = parser.parse_args()
    ears = Ears(settings(args.model, args.chunk_ms))
    utterances, caller = read_test_set(), read_scene_clips()
    ears.hear(caller)
    started = time.process_time()
    ears.hear(utterances, ears.prepare(HOTWORDS))
    used = time.process_time() - started
    audio_s = sum(len(u.audio) / 8000 + 0.6 for u in utterances)
    table.print_cells(utterances)
    table.print_slices(utterances)
    if not args.quick:
        print_conditions(ears, utterances)
    table.print_scene_clips(caller)
    for u in [u for u in utterances if table.errors(u)][: args.errors]:
        print(f"  said  {u.said}\n  heard {u.heard.text}  ({u.heard_raw})")
    print(
        f"{audio_s:.0f} s of audio in {used:.0f} CPU-s: {audio_s / used:.1f} audio-seconds per CPU-second, "
        f"{STREAMS} streams, chunks of {args.chunk_ms} ms"
    )
    if not args.quick:
        print_first_word(ears, utterances)
    return 0 if judge(utterances) else 1


if __name__ == "__main__":
    sys.exit(main())
