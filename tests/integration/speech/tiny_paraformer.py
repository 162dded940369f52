"""A Paraformer of funasr's own class at a small size with random weights, in the form of a downloaded one.

PYTHON_OF_MODELSCOPE tests/integration/speech/tiny_paraformer.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_CHARACTERS = dict.fromkeys("我想查一下余额还有多少国际漫游包退费账单话费套餐流量")
TOKENS = ["<blank>", "<s>", "</s>", *_CHARACTERS, "<unk>"]
_WIDTH = 64
CONFIG = {
    "model": "Paraformer",
    "model_conf": {
        "ctc_weight": 0.0, "lsm_weight": 0.1, "length_normalized_loss": True, "predictor_weight": 1.0,
        "predictor_bias": 1, "sampling_ratio": 0.75,
    },
    "encoder": "SANMEncoder",
    "encoder_conf": {
        "output_size": _WIDTH, "attention_heads": 4, "linear_units": 128, "num_blocks": 2,
        "dropout_rate": 0.1, "positional_dropout_rate": 0.1, "attention_dropout_rate": 0.1,
        "input_layer": "pe", "pos_enc_class": "SinusoidalPositionEncoder", "normalize_before": True,
        "kernel_size": 11, "sanm_shfit": 0, "selfattention_layer_type": "sanm",
    },
    "decoder": "ParaformerSANMDecoder",
    "decoder_conf": {
        "attention_heads": 4, "linear_units": 128, "num_blocks": 2, "dropout_rate": 0.1,
        "positional_dropout_rate": 0.1, "self_attention_dropout_rate": 0.1, "src_attention_dropout_rate": 0.1,
        "att_layer_num": 2, "kernel_size": 11, "sanm_shfit": 0,
    },
    "predictor": "CifPredictorV2",
    "predictor_conf": {"idim": _WIDTH, "threshold": 1.0, "l_order": 1, "r_order": 1, "tail_threshold": 0.45},
    "frontend": "WavFrontend",
    "frontend_conf": {
        "fs": 16000, "window": "hamming", "n_mels": 80, "frame_length": 25, "frame_shift": 10, "lfr_m": 7,
        "lfr_n": 6, "dither": 0.0,
    },
    "tokenizer": "CharTokenizer",
    "tokenizer_conf": {"unk_symbol": "<unk>", "split_with_space": True},
}  # fmt: skip


def build(folder: Path) -> None:
    import torch
    import yaml
    from funasr import AutoModel

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokens.json").write_text(json.dumps(TOKENS, ensure_ascii=False), "utf-8")
    torch.manual_seed(5)
    parts = json.loads(json.dumps(CONFIG))
    parts["tokenizer_conf"]["token_list"] = str(folder / "tokens.json")
    model = AutoModel(**parts, device="cpu", disable_update=True).model
    with torch.no_grad():
        model.decoder.output_layer.weight.mul_(20)
        model.decoder.output_layer.bias[[0, 1, 2, len(TOKENS) - 1]] -= 50  # never the special ones
    torch.save(model.state_dict(), folder / "model.pt")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False), "utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
