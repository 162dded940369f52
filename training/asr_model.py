"""The small recogniser: cache-aware streaming FastConformer-CTC over tonal syllables, 8 kHz, about
3.3 M parameters.

Features cannot be normalised in streaming, so (x + 8) / 4 is folded into the first convolution.
During training a
syllable's output weights are the sum of its initial, final, tone, (final, tone) and an own part, so that rare
syllables learn from common ones; `folded_state` gives the ordinary NeMo weights back.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf

RIGHT_CONTEXTS = (13, 6, 3, 1)  # frames of 80 ms; 1 is the 160 ms chunk that the server uses


def syllable_inventory() -> list[str]:
    """Tonal syllables of every dictionary word that is said more than now and then."""
    import jieba

    from training.pronounce import _SAID, word_syllables

    found = {s for said in _SAID.values() for s in said}
    with open(os.path.join(os.path.dirname(jieba.__file__), "dict.txt"), encoding="utf-8") as file:
        for line in file:
            word, count, _ = line.split(" ")
            if int(count) > 60 and re.fullmatch("[\u4e00-\u9fa5]+", word):
                found.update(word_syllables(word))
    return sorted(s for s in found if s[-1] in "12345")


def build_tokenizer(folder: Path) -> None:
    """A SentencePiece model of type `word` with one piece for each tonal syllable."""
    import sentencepiece

    if (folder / "tokenizer.model").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    inventory = syllable_inventory()
    (folder / "syllables.txt").write_text("\n".join([" ".join(inventory)] * 3))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "syllables.txt"),
        model_prefix=str(folder / "tokenizer"),
        model_type="word",
        vocab_size=len(inventory) + 1,
        hard_vocab_limit=False,
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        character_coverage=1.0,
        max_sentence_length=1_000_000,
        minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    names = [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]
    (folder / "vocab.txt").write_text("\n".join(names))


def config(tokenizer: Path, d_model: int = 144, layers: int = 6, channels: int = 64) -> DictConfig:
    """NeMo configuration of the recogniser."""
    nemo = "nemo.collections.asr.modules."
    return OmegaConf.create(
        {
            "sample_rate": 8000,
            "log_prediction": False,
            "ctc_reduction": "mean_volume",
            "skip_nan_grad": False,
            "tokenizer": {"dir": str(tokenizer), "type": "bpe"},
            "preprocessor": {
                "_target_": nemo + "AudioToMelSpectrogramPreprocessor",
                "sample_rate": 8000,
                "normalize": "NA",
                "window_size": 0.025,
                "window_stride": 0.01,
                "window": "hann",
                "features": 64,
                "n_fft": 256,
                "frame_splicing": 1,
                "dither": 1e-5,
                "pad_to": 0,
            },
            "spec_augment": {
                "_target_": nemo + "SpectrogramAugmentation",
                "freq_masks": 2,
                "time_masks": 2,
                "freq_width": 10,
                "time_width": 0.05,
            },
            "encoder": {
                "_target_": nemo + "ConformerEncoder",
                "feat_in": 64,
                "feat_out": -1,
                "n_layers": layers,
                "d_model": d_model,
                "subsampling": "dw_striding",
                "subsampling_factor": 8,
                "subsampling_conv_channels": channels,
                "causal_downsampling": True,
                "ff_expansion_factor": 4,
                "self_attention_model": "rel_pos",
                "n_heads": 4,
                "att_context_size": [[56, r] for r in RIGHT_CONTEXTS],
                "att_context_probs": [0.2, 0.1, 0.3, 0.4],
                "att_context_style": "chunked_limited",
                "xscaling": False,
                "untie_biases": True,
                "pos_emb_max_len": 5000,
                "conv_kernel_size": 9,
                "conv_norm_type": "layer_norm",
                "conv_context_size": "causal",
                "dropout": 0.0,
                "dropout_pre_encoder": 0.0,
                "dropout_emb": 0.0,
                "dropout_att": 0.0,
            },
            "decoder": {
                "_target_": nemo + "ConvASRDecoder",
                "feat_in": d_model,
                "num_classes": -1,
                "vocabulary": [],
            },
            "decoding": {"strategy": "greedy_batch"},
            "optim": {"name": "adamw", "lr": 1e-3},
        }
    )


def build(cfg: DictConfig) -> torch.nn.Module:
    """A fresh model with the feature scale folded into its first convolution."""
    from nemo.collections.asr.models import EncDecCTCModelBPE

    model = EncDecCTCModelBPE(cfg)
    with torch.no_grad():
        first = model.encoder.pre_encode.conv[0]
        first.bias += 2 * first.weight.sum((1, 2, 3))
        first.weight /= 4
        model.decoder.decoder_layers[0].weight.mul_(0.3)
    return model


class FactoredHead(torch.nn.Module):
    """Adds shared initial/final/tone weights to the model's output layer while training."""

    def __init__(self, model: torch.nn.Module, pieces: list[str], d_model: int) -> None:
        from pypinyin.contrib.tone_convert import to_initials

        super().__init__()
        self._layer = [model.decoder.decoder_layers[0]]  # in a list: not a submodule of this one
        factors: dict[str, int] = {}
        rows = []
        for piece in (p.lstrip("\u2581") for p in pieces):
            base, tone = (piece[:-1], piece[-1]) if piece[-1] in "12345" else (piece, "0")
            initial = to_initials(base, strict=False)
            final = base[len(initial) :]
            names = (f"i:{initial}", f"f:{final}", f"t:{tone}", f"ft:{final}{tone}")
            rows.append([factors.setdefault(name, len(factors)) for name in names])
        shares = torch.zeros(len(pieces) + 1, len(factors))  # + 1: blank
        for k, row in enumerate(rows):
            shares[k, row] = 1.0
        self.register_buffer("shares", shares)
        self.weights = torch.nn.Parameter(torch.randn(len(factors), d_model) * 0.05)

    def forward(self, encoded: torch.Tensor) -> torch.Tensor:
        """[B, d, T] to log probabilities [B, T, V + 1]."""
        layer = self._layer[0]
        weight = layer.weight + (self.shares @ self.weights).unsqueeze(-1)
        logits = torch.nn.functional.conv1d(encoded, weight, layer.bias)
        return torch.log_softmax(logits.transpose(1, 2).float(), -1)

    def folded_state(self, model: torch.nn.Module) -> dict[str, torch.Tensor]:
        """The model's state with the shared weights folded into the ordinary output layer."""
        state = {k: v.clone() for k, v in model.state_dict().items()}
        state["decoder.decoder_layers.0.weight"] += (self.shares @ self.weights).detach().unsqueeze(-1)
        return state
