"""The bot's voice: a NeMo FastPitch of about 3 M parameters, 8 kHz, 80 mels, 12.5 ms hop.

NeMo builds its Chinese tokenizer only for models that learn their alignment, so the configuration
says so; the recipe never uses the aligner, because the teacher's own durations are known.
"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

HOP = 100
RATE_HZ = 8000
# Voices of the bot as blends of the teacher's, in the order of the model's speakers: a service agent, a man.
SPEAKERS = ({"jf_gongitsune": 0.6, "jf_nezumi": 0.4}, {"jm_kumo": 1.0})
PUNCTUATION = ["，", "。", "？", "！", "、"]


def write_pinyin_dict(path: Path, inventory: list[str]) -> None:
    """One line a toneless syllable: its initial and final, the format of NeMo's ChineseG2p."""
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    lines = []
    for base in sorted({s[:-1] for s in inventory}):
        initial, final = to_initials(base, strict=True), to_finals(base, strict=True, v_to_u=False)
        if not final:
            initial, final = "", base
        lines.append(f"{base}\t{' '.join(p.upper() for p in (initial, final) if p)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def config(pinyin_dict: Path, d_model: int = 160, d_inner: int = 640) -> DictConfig:
    """NeMo configuration of the acoustic model."""
    modules = "nemo.collections.tts.modules."
    tokenizers = "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers."
    return OmegaConf.create(
        {
            "learn_alignment": True,
            "n_speakers": len(SPEAKERS),
            "speaker_emb_condition_prosody": True,
            "speaker_emb_condition_decoder": True,
            "symbols_embedding_dim": d_model,
            "n_mel_channels": 80,
            "max_token_duration": 75,
            "pitch_embedding_kernel_size": 3,
            "sample_rate": RATE_HZ,
            "n_window_size": 400,
            "n_window_stride": HOP,
            "n_fft": 512,
            "lowfreq": 0,
            "highfreq": 4000,
            "window": "hann",
            "bin_loss_warmup_epochs": 1,
            "pitch_mean": 0.0,
            "pitch_std": 1.0,
            "min_token_duration": 0,
            "text_tokenizer": {
                "_target_": tokenizers + "ChinesePhonemesTokenizer",
                "punct": True,
                "apostrophe": False,
                "pad_with_space": True,
                "non_default_punct_list": PUNCTUATION,
                "g2p": {
                    "_target_": "nemo.collections.tts.g2p.models.zh_cn_pinyin.ChineseG2p",
                    "phoneme_dict": str(pinyin_dict),
                    "word_segmenter": "jieba",
                },
            },
            "preprocessor": {
                "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
                "features": 80,
                "sample_rate": RATE_HZ,
                "n_window_size": 400,
                "n_window_stride": HOP,
                "n_fft": 512,
                "lowfreq": 0,
                "highfreq": 4000,
                "window": "hann",
                "window_size": False,
                "window_stride": False,
                "dither": 0.0,
                "pad_to": 1,
                "pad_value": 0,
                "normalize": None,
                "log": True,
                "log_zero_guard_type": "add",
                "log_zero_guard_value": 1e-5,
                "mag_power": 1.0,
            },
            "alignment_module": {
                "_target_": "nemo.collections.tts.modules.aligner.AlignmentEncoder",
                "n_text_channels": d_model,
                "n_mel_channels": 80,
                "n_att_channels": 8,
            },
            "input_fft": _transformer(modules + "transformer.FFTransformerEncoder", 3, d_model, d_inner)
            | {"d_embed": d_model},
            "output_fft": _transformer(modules + "transformer.FFTransformerDecoder", 4, d_model, d_inner),
            "duration_predictor": _predictor(d_model),
            "pitch_predictor": _predictor(d_model),
            "train_ds": {
                "defer_setup": True,
                "dataset": {"_target_": "nemo.collections.tts.data.dataset.TTSDataset"},
            },
            "optim": {"name": "adamw", "lr": 1e-3},
        }
    )


def _transformer(target: str, layers: int, d_model: int, d_inner: int) -> dict:
    return {
        "_target_": target,
        "n_layer": layers,
        "n_head": 2,
        "d_model": d_model,
        "d_head": d_model // 2,
        "d_inner": d_inner,
        "kernel_size": 3,
        "dropout": 0.0,
        "dropatt": 0.0,
        "dropemb": 0.0,
    }


def _predictor(d_model: int) -> dict:
    return {
        "_target_": "nemo.collections.tts.modules.fastpitch.TemporalPredictor",
        "input_size": d_model,
        "kernel_size": 3,
        "filter_size": 192,
        "dropout": 0.0,
        "n_layers": 2,
    }
