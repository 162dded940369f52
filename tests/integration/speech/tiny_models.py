"""Random-weight NeMo models of the shipped models' shape, built once into var/: what they say means nothing.

PYTHONPATH=. python tests/integration/speech/tiny_models.py var/tiny_models
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def build(folder: Path) -> tuple[Path, Path]:
    """Paths of a recogniser and of an acoustic model."""
    recogniser, voice = folder / "asr-tiny.nemo", folder / "tts-tiny.nemo"
    folder.mkdir(parents=True, exist_ok=True)
    if recogniser.exists() and voice.exists():
        return recogniser, voice
    import torch

    from training import asr_model, tts_model

    torch.manual_seed(3)
    model = asr_model.build(asr_model.config(ROOT / "training/tokenizer", d_model=32, layers=2, channels=8))
    _never_silent(model)
    model.eval()
    model.save_to(str(recogniser))

    from nemo.collections.tts.models import FastPitchModel

    speaker = FastPitchModel(tts_model.config(ROOT / "training/pinyin_dict.txt", d_model=32, d_inner=64))
    with torch.no_grad():  # about eight frames, 100 ms, a phoneme
        speaker.fastpitch.duration_predictor.fc.weight.zero_()
        speaker.fastpitch.duration_predictor.fc.bias.fill_(2.2)
    speaker.eval()
    speaker.save_to(str(voice))
    return recogniser, voice


def _never_silent(model: object) -> None:
    """Forbid blank most of the time, so that noise becomes syllables."""
    import torch

    with torch.no_grad():
        layer = model.decoder.decoder_layers[0]  # type: ignore[attr-defined]
        layer.weight.mul_(8.0)
        layer.bias[-1] += 0.5


if __name__ == "__main__":
    print(*build(Path(sys.argv[1])))
