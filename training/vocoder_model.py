"""The vocoder: a NeMo HiFi-GAN of about 0.35 M parameters for the voice's mel spectrograms (tts_model.py).

After Kong, Kim, Bae, "HiFi-GAN", NeurIPS 2020, version 3, with the upsampling of a 100-sample hop. The
discriminators are NeMo's small ones: only training needs them.
"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from training import tts_model

RATES = (5, 5, 4)  # their product is the hop


def config(pinyin_dict: Path, channels: int = 128) -> DictConfig:
    """NeMo configuration; the preprocessor is the acoustic model's own."""
    theirs = OmegaConf.to_container(tts_model.config(pinyin_dict).preprocessor)
    left_out = ("_target_", "features", "window_size", "window_stride")
    preprocessor = {
        "_target_": "nemo.collections.asr.parts.preprocessing.features.FilterbankFeatures",
        "nfilt": theirs["features"],
        **{key: value for key, value in theirs.items() if key not in left_out},
    }
    return OmegaConf.create(
        {
            "debug": True,
            "sample_rate": tts_model.RATE_HZ,
            "n_mel_channels": 80,
            "max_steps": 1,
            "l1_loss_factor": 15,
            "preprocessor": preprocessor,
            "train_ds": {
                "defer_setup": True,
                "dataset": {"_target_": "nemo.collections.tts.data.vocoder_dataset.VocoderDataset"},
            },
            "generator": {
                "_target_": "nemo.collections.tts.modules.hifigan_modules.Generator",
                "resblock": 2,
                "upsample_rates": list(RATES),
                "upsample_kernel_sizes": [11, 11, 8],
                "upsample_initial_channel": channels,
                "resblock_kernel_sizes": [3, 5, 7],
                "resblock_dilation_sizes": [[1, 2], [2, 6], [3, 12]],
            },
            "optim": {"_target_": "torch.optim.AdamW", "lr": 3e-4, "betas": [0.8, 0.99]},
        }
    )
