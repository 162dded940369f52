"""The classes of the published models at a small size with random weights: what they say means nothing, but
they are saved, loaded and streamed as the published ones are.

PYTHONPATH=. python tests/integration/speech/tiny_published.py var/tiny_models/published
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tiny_voices

ROOT = Path(__file__).resolve().parents[3]
CHARACTERS = list("我想查一下余额还有多少国际漫游包退费账单话费套餐流量办理取消转人工客服您好谢再见 ")
PROMPTS = {"en-US": 0, "zh-CN": 4, "ja-JP": 9, "auto": 101}
_ASR = "nemo.collections.asr.modules."
_WIDTH = 64


def preprocessor(mels: int, normalize: str) -> dict[str, Any]:
    return {
        "_target_": _ASR + "AudioToMelSpectrogramPreprocessor", "sample_rate": 16000, "normalize": normalize,
        "window_size": 0.025, "window_stride": 0.01, "window": "hann", "features": mels, "n_fft": 512,
        "frame_splicing": 1, "dither": 1e-5, "pad_to": 0,
    }  # fmt: skip


def encoder(mels: int, streaming: bool) -> dict[str, Any]:
    shared = {
        "_target_": _ASR + "ConformerEncoder", "feat_in": mels, "feat_out": -1, "n_layers": 2,
        "d_model": _WIDTH, "subsampling_conv_channels": 32, "ff_expansion_factor": 4,
        "self_attention_model": "rel_pos", "n_heads": 4, "xscaling": False, "untie_biases": True,
        "pos_emb_max_len": 5000, "conv_kernel_size": 9, "dropout": 0.0, "dropout_pre_encoder": 0.0,
        "dropout_emb": 0.0, "dropout_att": 0.0,
    }  # fmt: skip
    if not streaming:
        return shared | {
            "subsampling": "striding", "subsampling_factor": 4, "att_context_size": [-1, -1],
            "conv_norm_type": "batch_norm",
        }  # fmt: skip
    return shared | {
        "subsampling": "dw_striding", "subsampling_factor": 8, "causal_downsampling": True,
        "att_context_size": [[56, 13], [56, 6], [56, 3], [56, 1], [56, 0]],
        "att_context_style": "chunked_limited", "conv_norm_type": "layer_norm", "conv_context_size": "causal",
    }  # fmt: skip


def transducer(mels: int, streaming: bool, vocabulary: list[str] | None) -> dict[str, Any]:
    """The parts of an RNNT model; `vocabulary` None: its tokenizer has it."""
    number = -1 if vocabulary is None else len(vocabulary)
    return {
        "sample_rate": 16000, "log_prediction": False, "skip_nan_grad": False, "compute_eval_loss": False,
        "labels": vocabulary or [],
        "model_defaults": {"enc_hidden": _WIDTH, "pred_hidden": _WIDTH, "joint_hidden": _WIDTH},
        "preprocessor": preprocessor(mels, "NA" if streaming else "per_feature"),
        "spec_augment": {"_target_": _ASR + "SpectrogramAugmentation", "freq_masks": 0, "time_masks": 0},
        "encoder": encoder(mels, streaming),
        "decoder": {
            "_target_": _ASR + "RNNTDecoder", "normalization_mode": None, "random_state_sampling": False,
            "blank_as_pad": True, "vocab_size": number,
            "prednet": {"pred_hidden": _WIDTH, "pred_rnn_layers": 1, "t_max": None, "dropout": 0.0},
        },
        "joint": {
            "_target_": _ASR + "RNNTJoint", "log_softmax": None, "preserve_memory": False,
            "fuse_loss_wer": False, "fused_batch_size": -1, "num_classes": number,
            "vocabulary": vocabulary or [],
            "jointnet": {
                "joint_hidden": _WIDTH, "activation": "relu", "dropout": 0.0, "encoder_hidden": _WIDTH,
                "pred_hidden": _WIDTH,
            },
        },
        "decoding": {"strategy": "greedy_batch", "greedy": {"max_symbols": 5}},
        "loss": {"loss_name": "default"}, "optim": {"name": "adamw", "lr": 1e-3},
    }  # fmt: skip


def tokenizer(folder: Path) -> Path:
    """A SentencePiece model of Chinese characters, which marks a sentence's beginning with a blank as
    nemotron's does, and which has the tags and marks that nemotron writes."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "text.txt"
    text.write_text("\n".join("".join(CHARACTERS[i:] + CHARACTERS[:i]).strip() for i in range(40)), "utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "tokenizer"), model_type="bpe",
        vocab_size=len(set(CHARACTERS)) + 12, character_coverage=1.0, bos_id=-1, eos_id=-1, pad_id=-1,
        user_defined_symbols=["<zh-CN>", "<en-US>", "，", "。"], hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    names = [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]
    (folder / "vocab.txt").write_text("\n".join(names), "utf-8")
    return folder


def build_nemotron(path: Path) -> None:
    """As nvidia/nemotron-3.5-asr-streaming-0.6b: RNNT, cache-aware, told the language."""
    import torch
    from nemo.collections.asr.models.rnnt_bpe_models_prompt import EncDecRNNTBPEModelWithPrompt
    from omegaconf import OmegaConf

    parts = transducer(128, True, None)
    parts["model_defaults"] |= {
        "initialize_prompt_feature": True, "num_prompts": 128, "prompt_dictionary": PROMPTS,
    }  # fmt: skip
    parts["tokenizer"] = {"dir": str(tokenizer(path.parent / "tokenizer")), "type": "bpe"}
    model = EncDecRNNTBPEModelWithPrompt(OmegaConf.create(parts))
    with torch.no_grad():
        model.prompt_kernel[0].weight[:, _WIDTH:] *= 4  # so that the language is heard
        _talkative(model, blank=0.0)
    _save(model, path)


def build_character_rnnt(path: Path) -> None:
    """As stt_zh_conformer_transducer_large: made for whole recordings, characters, no tokenizer."""
    from nemo.collections.asr.models import EncDecRNNTModel
    from omegaconf import OmegaConf

    model = EncDecRNNTModel(OmegaConf.create(transducer(80, False, CHARACTERS)))
    _talkative(model)
    _save(model, path)


def build_bpe_rnnt(path: Path) -> None:
    """As the Parakeet and Conformer transducers with a tokenizer."""
    from nemo.collections.asr.models import EncDecRNNTBPEModel
    from omegaconf import OmegaConf

    parts = transducer(80, False, None)
    parts["tokenizer"] = {"dir": str(tokenizer(path.parent / "tokenizer")), "type": "bpe"}
    model = EncDecRNNTBPEModel(OmegaConf.create(parts))
    _talkative(model)
    _save(model, path)


def build_character_ctc(path: Path) -> None:
    """A Conformer-CTC over characters."""
    import torch
    from nemo.collections.asr.models import EncDecCTCModel
    from omegaconf import OmegaConf

    parts = {
        "sample_rate": 16000, "log_prediction": False, "skip_nan_grad": False, "labels": CHARACTERS,
        "preprocessor": preprocessor(80, "per_feature"), "encoder": encoder(80, False),
        "decoder": {
            "_target_": _ASR + "ConvASRDecoder", "feat_in": _WIDTH, "num_classes": len(CHARACTERS),
            "vocabulary": CHARACTERS,
        },
        "optim": {"name": "adamw", "lr": 1e-3},
    }  # fmt: skip
    model = EncDecCTCModel(OmegaConf.create(parts))
    with torch.no_grad():
        model.decoder.decoder_layers[0].weight.mul_(8.0)
    _save(model, path)


def _talkative(model: Any, blank: float = 2.0) -> None:
    """Blanks now and then, and letters that the audio decides."""
    import torch

    with torch.no_grad():
        last = model.joint.joint_net[-1]
        last.weight.mul_(6.0)
        last.bias.zero_()
        last.bias[-1] = blank


def _save(model: Any, path: Path) -> None:
    model.eval()
    model.save_to(str(path))


BUILDERS = {
    **tiny_voices.BUILDERS,
    "nemotron": build_nemotron,
    "character-rnnt": build_character_rnnt,
    "bpe-rnnt": build_bpe_rnnt,
    "character-ctc": build_character_ctc,
}


def build(folder: Path, names: list[str]) -> None:
    """Those of the models that are not there yet."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    for name in names or BUILDERS:
        path = folder / f"{name}.nemo"
        if not path.exists():
            torch.manual_seed(5)
            BUILDERS[name](path)


if __name__ == "__main__":
    build(Path(sys.argv[1]), sys.argv[2:])
