"""Figure `asr`: character errors of the shipped recogniser through A-law, in the server's chunks.

Voices and texts are each seen or unseen in training (tests/data/asr, made by training/make_test_speech.py);
under the table stand the clips of the scenes' recorded caller.
The same model, chunking and syllable decoder run as in the speech server. No bar here yet: the table is it.

    python bench/speech/asr.py [--model FILE.nemo] [--chunk-ms 160] [--errors 10]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from bench._errors import distance
from yingda.caller.alaw import decode, read_clip
from yingda.plumbing.settings import load
from yingda.speech import recordings, transcript
from yingda.speech.recogniser import StreamOptions
from yingda.speech.recordings import STREAMS, TAIL_S
from yingda.speech.settings import SpeechSettings

TEST_SET = ROOT / "tests/data/asr"
SCENE_CLIPS = ROOT / "tests/scenes/audio"


@dataclass
class Utterance:
    """One test recording: what was said, its cell of the table, the audio, and what was heard."""

    said: str
    cell: tuple[str, str, str]
    audio: np.ndarray
    heard_raw: str = ""
    heard: str = ""


def read_test_set() -> list[Utterance]:
    """Recordings at 8 kHz after one pass through A-law."""
    import soundfile
    from scipy.signal import resample_poly

    utterances = []
    for line in (TEST_SET / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        audio, rate = soundfile.read(TEST_SET / item["audio"], dtype="float32")
        audio = resample_poly(audio, 8000, rate)
        pcm = (audio / max(float(np.abs(audio).max()), 1e-3) * 0.5 * 32767).astype(np.int16)
        heard = recordings.through_alaw(pcm)
        audio = np.concatenate([np.zeros(1600, np.float32), heard, np.zeros(int(TAIL_S * 8000), np.float32)])
        utterances.append(Utterance(item["text"], (item["voice_is"], item["text_is"], item["kind"]), audio))
    return utterances


def read_scene_clips() -> list[Utterance]:
    """What the recorded caller of the scenes says, each begun at eight places within 320 ms and with line
    noise: a call decides where a chunk begins."""
    rng, utterances = np.random.RandomState(0), []
    for line in (SCENE_CLIPS / "SENTENCES.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, said = line.split("\t")
        clip = decode(read_clip(SCENE_CLIPS / f"{name}.wav")).astype(np.float32) / 32768
        for eighth in range(8):
            lead = np.zeros(1600 + eighth * 320, np.float32)
            audio = np.concatenate([lead, clip, np.zeros(int(TAIL_S * 8000), np.float32)])
            audio = audio + rng.randn(len(audio)).astype(np.float32) * np.float32(0.002)
            utterances.append(Utterance(said.replace("，", ""), ("scenes", name, ""), audio))
    return utterances


def print_scene_clips(utterances: list[Utterance]) -> None:
    """One line for each clip that is not always heard as it was said."""
    clips: dict[str, list[Utterance]] = defaultdict(list)
    for u in utterances:
        clips[u.cell[1]].append(u)
    for name, rows in clips.items():
        wrong = sorted({u.heard for u in rows if same_words(u.heard) != same_words(u.said)})
        if wrong:
            right = len(rows) - sum(same_words(u.heard) != same_words(u.said) for u in rows)
            print(f"  {name}: {right} of {len(rows)}: {rows[0].said} heard as {', '.join(wrong)}")
    right = sum(same_words(u.heard) == same_words(u.said) for u in utterances)
    print(f"recorded caller: {right} of {len(utterances)} heard word for word, 8 places in a chunk")


def recognise(model, utterances: list[Utterance]) -> None:  # type: ignore[no-untyped-def]
    """Stream `STREAMS` recordings at a time, one chunk each a step, as the server's batches do."""
    streams = recordings.recognise(model, ((u, u.audio) for u in utterances), StreamOptions(endpoint_ms=-1))
    for done, (u, finals) in enumerate(streams, 1):
        u.heard_raw = " ".join(final.final for final in finals)
        if done % STREAMS == 0 or done == len(utterances):
            print(f"  {done} of {len(utterances)}", flush=True)


def same_words(text: str) -> str:
    """What counts as equal: 幺 and 一 are the same digit said in two ways."""
    return text.replace("幺", "一")


def interval(pairs: list[tuple[int, int]]) -> tuple[float, float]:
    """95 % bootstrap interval of errors per character, by sentence."""
    rng = np.random.RandomState(0)
    table = np.array(pairs)
    rates = []
    for _ in range(400):
        drawn = table[rng.randint(len(table), size=len(table))].sum(0)
        rates.append(drawn[0] / max(1, drawn[1]))
    low, high = np.percentile(rates, [2.5, 97.5])
    return float(low), float(high)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="another .nemo than the settings name")
    parser.add_argument("--chunk-ms", type=int)
    parser.add_argument("--errors", type=int, default=8, help="how many wrong sentences to print")
    args = parser.parse_args()
    from pypinyin import Style, lazy_pinyin

    from yingda.speech.nemo_asr import NemoRecogniser

    settings = load(ROOT / "settings/speech.yml", SpeechSettings)
    chosen = replace(
        settings.recogniser, **{k: v for k, v in (("model", args.model), ("chunk_ms", args.chunk_ms)) if v}
    )
    model = NemoRecogniser(settings=chosen, slots=STREAMS)
    transcriber = transcript.for_model(
        model.syllables, replace(chosen.lexicon, path=str(ROOT / chosen.lexicon.path))
    )
    utterances = read_test_set()
    caller = read_scene_clips()
    recognise(model, caller)
    started = time.process_time()
    recognise(model, utterances)
    used = time.process_time() - started
    audio_s = sum(len(u.audio) for u in utterances) / 8000
    cells: dict[tuple[str, str, str], list[Utterance]] = defaultdict(list)
    for u in [*caller, *utterances]:
        u.heard = transcriber.read(u.heard_raw, 0.0, None, False).text
    for u in utterances:
        cells[u.cell].append(u)
        cells["all", "all", "all"].append(u)
    print(f"{'voice':8}{'text':8}{'kind':10}{'n':>5}{'SER %':>8}{'CER %':>8}   95 % interval of CER")
    for cell in sorted(cells):
        rows = cells[cell]
        pairs = [(distance(same_words(u.said), same_words(u.heard)), len(u.said)) for u in rows]
        wrong = sum(
            distance(lazy_pinyin(u.said, style=Style.TONE3, neutral_tone_with_five=True), u.heard_raw.split())
            for u in rows
        )
        total = sum(n for _, n in pairs)
        low, high = interval(pairs)
        rate = 100 * sum(e for e, _ in pairs) / total
        print(
            f"{cell[0]:8}{cell[1]:8}{cell[2]:10}{len(rows):5}{100 * wrong / total:8.1f}{rate:8.1f}"
            f"   {100 * low:.1f}-{100 * high:.1f}"
        )
    print_scene_clips(caller)
    for u in [u for u in utterances if same_words(u.said) != same_words(u.heard)][: args.errors]:
        print(f"  said  {u.said}\n  heard {u.heard}  ({u.heard_raw})")
    print(
        f"{audio_s:.0f} s of audio in {used:.0f} CPU-s: {audio_s / used:.1f} audio-seconds per CPU-second, "
        f"{STREAMS} streams"
    )
    rows = cells["seen", "unseen", "customer"]
    errors = sum(distance(same_words(u.said), same_words(u.heard)) for u in rows)
    rate = 100 * errors / sum(len(u.said) for u in rows)
    print(f"asr: CER {rate:.1f} % on training voices with unseen customer sentences (bar: none)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
