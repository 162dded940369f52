"""The classes of the published voices at a small size with random weights; see tiny_published.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
RATE_HZ = 22050
HOP = 256
_MODULES = "nemo.collections.tts.modules."
_CODEC = _MODULES + "audio_codec_modules."
_LOSSES = "nemo.collections.tts.losses.audio_codec_loss."
_TOKENIZERS = "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers."
_WIDTH = 64
_FRAME = 512  # samples of a codec frame
_SPEAKERS, _CONTEXT = 2, 8


def features() -> dict[str, Any]:
    return {
        "sample_rate": RATE_HZ, "n_window_size": 1024, "n_window_stride": HOP, "n_fft": 1024, "lowfreq": 0,
        "highfreq": 8000, "window": "hann",
    }  # fmt: skip


def build_fastpitch(path: Path) -> None:
    """As tts_zh_fastpitch_sfspeech, which makes 80 mels at 22.05 kHz."""
    import torch
    from nemo.collections.tts.models import FastPitchModel

    from training import tts_model

    config = tts_model.config(ROOT / "training/pinyin_dict.txt", d_model=32, d_inner=64)
    config.merge_with(features())
    config.preprocessor.merge_with(features())
    model = FastPitchModel(config)
    with torch.no_grad():  # about eight frames a phoneme
        model.fastpitch.duration_predictor.fc.weight.zero_()
        model.fastpitch.duration_predictor.fc.bias.fill_(2.2)
    _save(model, path)


def build_hifigan(path: Path) -> None:
    """As tts_zh_hifigan_sfspeech."""
    from nemo.collections.tts.models import HifiGanModel
    from omegaconf import OmegaConf

    mel = "nemo.collections.asr.parts.preprocessing.features.FilterbankFeatures"
    model = HifiGanModel(
        OmegaConf.create(
            {
                "preprocessor": {
                    "_target_": mel, "nfilt": 80, "pad_to": 0, "pad_value": 0, "dither": 0.0,
                    "normalize": None, "log": True, "log_zero_guard_type": "clamp",
                    "log_zero_guard_value": 1e-5, "mag_power": 1.0, "preemph": None, "use_grads": False,
                    "exact_pad": True, **features(),
                },
                "generator": {
                    "_target_": _MODULES + "hifigan_modules.Generator", "resblock": 1,
                    "upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4],
                    "upsample_initial_channel": 32, "resblock_kernel_sizes": [3],
                    "resblock_dilation_sizes": [[1, 3, 5]],
                },
                "debug": True, "l1_loss_factor": 45, "max_steps": 10,
                "optim": {"_target_": "torch.optim.AdamW", "lr": 0.0002},
                "train_ds": {
                    "defer_setup": True,
                    "dataset": {"_target_": "nemo.collections.tts.data.vocoder_dataset.VocoderDataset"},
                },
            }
        )
    )  # fmt: skip
    _save(model, path)


def build_codec(path: Path) -> None:
    """As nvidia/nemo-nano-codec-22khz: HiFi-GAN around finite scalar quantisation."""
    from nemo.collections.tts.models import AudioCodecModel
    from omegaconf import OmegaConf

    blocks = {"resblock_kernel_sizes": [3], "resblock_dilation_sizes": [1]}
    model = AudioCodecModel(
        OmegaConf.create(
            {
                "sample_rate": RATE_HZ, "samples_per_frame": _FRAME, "commit_loss_scale": 0.0,
                "loss_resolutions": [[512, 128, 512]], "mel_loss_dims": [40],
                "audio_encoder": {
                    "_target_": _CODEC + "HiFiGANEncoder", "encoded_dim": 8, "base_channels": 4,
                    "down_sample_rates": [4, 4, 4, 8], **blocks,
                },
                "audio_decoder": {
                    "_target_": _CODEC + "CausalHiFiGANDecoder", "input_dim": 8, "base_channels": 64,
                    "up_sample_rates": [8, 4, 4, 4], **blocks,
                },
                "vector_quantizer": {
                    "_target_": _CODEC + "GroupFiniteScalarQuantizer", "num_groups": 2,
                    "num_levels_per_group": [4, 4, 4, 4],
                },
                "discriminator": {
                    "_target_": _CODEC + "Discriminator",
                    "discriminators": [{"_target_": _CODEC + "PeriodDiscriminator", "period": 2}],
                },
                "generator_loss": {"_target_": _LOSSES + "GeneratorSquaredLoss"},
                "discriminator_loss": {"_target_": _LOSSES + "DiscriminatorSquaredLoss"},
            }
        )
    )  # fmt: skip
    _save(model, path)


def build_magpie(path: Path) -> None:
    """As nvidia/magpie_tts_multilingual_357m: text in, codec frames out, two voices of its own. Its codec is
    built first."""
    import torch
    from nemo.collections.tts.models.magpietts import MagpieTTSModel
    from omegaconf import OmegaConf

    codec = path.with_name("codec.nemo")
    if not codec.exists():
        build_codec(codec)
    shape = {"d_model": _WIDTH, "d_ffn": 128, "sa_n_heads": 2, "p_dropout": 0.0, "is_causal": True}
    model = MagpieTTSModel(
        OmegaConf.create(
            {
                "model_type": "decoder_ce", "codecmodel_path": str(codec), "embedding_dim": _WIDTH,
                "text_tokenizers": {
                    "mandarin_phoneme": {
                        "_target_": _TOKENIZERS + "ChinesePhonemesTokenizer", "punct": True,
                        "apostrophe": True, "pad_with_space": True,
                        "g2p": {
                            "_target_": "nemo.collections.tts.g2p.models.zh_cn_pinyin.ChineseG2p",
                            "phoneme_dict": str(ROOT / "training/pinyin_dict.txt"), "word_segmenter": "jieba",
                        },
                    }
                },
                "encoder": {**shape, "n_layers": 1, "kernel_size": 3, "use_learnable_pos_emb": True},
                "context_encoder": {**shape, "n_layers": 1, "kernel_size": 3, "use_learnable_pos_emb": True},
                "decoder": {
                    **shape, "n_layers": 2, "kernel_size": 1, "has_xattn": True, "xa_d_memory": _WIDTH,
                    "xa_n_heads": 1, "use_learnable_pos_emb": True, "max_length_causal_mask": 512,
                },
                "local_transformer_type": "autoregressive", "local_transformer_n_layers": 1,
                "local_transformer_n_heads": 1, "local_transformer_hidden_dim": 32,
                "prior_end_step": 0, "prior_scaledown_start_step": 0, "prior_scaling_factor": None,
                "inference_parameters": {"max_decoder_steps": 24, "topk": 40, "min_generated_frames": 12},
                "optim": {"_target_": "torch.optim.AdamW", "lr": 1e-4},
            }
        )
    )  # fmt: skip
    model.baked_context_embedding = torch.nn.Embedding(_SPEAKERS, _CONTEXT * _WIDTH)
    with torch.no_grad():
        model.baked_context_embedding.weight.mul_(20)
    model._baked_embedding_T = torch.tensor(_CONTEXT)
    model._baked_embedding_D = torch.tensor(_WIDTH)
    model.baked_context_embedding_len = torch.full((_SPEAKERS,), _CONTEXT)
    _save(model, path)


def _save(model: Any, path: Path) -> None:
    model.eval()
    model.save_to(str(path))


BUILDERS = {
    "fastpitch": build_fastpitch,
    "hifigan": build_hifigan,
    "codec": build_codec,
    "magpie": build_magpie,
}
