"""Streaming recognition by NeMo's own cache-aware pipeline (nemo.collections.asr.inference), all streams
batched."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from yingda.speech import nemo_runtime
from yingda.speech.recogniser import StepRequest, StepResult, StreamOptions
from yingda.speech.settings import Recogniser as Settings

_SYLLABLE_PIECE = re.compile("\u2581?[a-zü:]+[1-5]")
_RESIDUE_TOKENS = 2  # 0 silently switches NeMo's endpointing off


class NemoRecogniser:
    """`StreamingModel` on NeMo. Not thread-safe: the thread that makes it owns it."""

    def __init__(self, settings: Settings, slots: int) -> None:
        """Load `settings.model`. `slots` streams can be open at once. Raises RuntimeError saying what is
        wrong."""
        started = time.monotonic()
        nemo_runtime.prepare()
        from nemo.collections.asr.models import ASRModel

        self._settings = settings
        device = nemo_runtime.device_name(settings.device)
        model = nemo_runtime.load_model(ASRModel, settings.model, device)
        self.kind = "rnnt" if hasattr(model, "joint") else "ctc"
        self.name = settings.model
        self.sample_rate = int(model.cfg.preprocessor.sample_rate)
        self.syllables = _speaks_syllables(model)
        right = _look_ahead(model, settings)
        self._pipeline = _build(
            model, self.kind, _config(settings, self.kind, self.sample_rate, right, slots, device)
        )
        self._pipeline.open_session()
        self.chunk_samples = round(self._pipeline.chunk_size_in_secs * self.sample_rate)
        self._languages = bool(getattr(self._pipeline, "prompt_enabled", False))
        silence = np.zeros(self.chunk_samples, np.float32)
        self.step(
            [StepRequest(0, silence, True, True, StreamOptions())]
        )  # pays for what is made on first use
        self.load_seconds = time.monotonic() - started

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        """One model step over one chunk of each stream."""
        import torch
        from nemo.collections.asr.inference.streaming.framing.request import Frame

        frames = [
            Frame(
                samples=torch.from_numpy(request.samples),
                stream_id=request.stream,
                is_first=request.first,
                is_last=request.last,
                options=self._options(request.options) if request.first else None,
            )
            for request in requests
        ]
        return [_result(output) for output in self._pipeline.transcribe_step(frames)]

    def drop(self, streams: Sequence[int]) -> None:
        """Free the feature buffer, the encoder cache and the decoder state of streams, without a model
        step."""
        bufferer, contexts = self._pipeline.bufferer, self._pipeline.context_manager
        for stream in streams:
            slot = bufferer.streamidx2slotidx.get(stream)
            if slot is not None:
                bufferer.free_slots([slot])
            if stream in contexts.streamidx2slotidx:
                contexts.reset_slots([stream], [True])
            self._pipeline.delete_state(stream)

    def _options(self, wanted: StreamOptions) -> Any:
        from nemo.collections.asr.inference.streaming.framing.request_options import ASRRequestOptions

        options = ASRRequestOptions(stop_history_eou=wanted.endpoint_ms)
        if self._languages:
            options.language_code = wanted.language or self._settings.language
        if self.kind == "rnnt" and wanted.boosts:
            options.biasing_cfg = _biasing(wanted.boosts)
        return options


def _result(output: Any) -> StepResult:
    final = output.final_transcript.strip()
    segments = output.final_segments or []
    confidence = sum(s.conf for s in segments) / len(segments) if final and segments else 0.0
    return StepResult(partial=output.partial_transcript.strip(), final=final, confidence=float(confidence))


def _biasing(boosts: tuple[tuple[str, float], ...]) -> Any:
    """NeMo's per-stream boosting tree: one weight for all phrases of a stream."""
    from nemo.collections.asr.parts.context_biasing.biasing_multi_model import BiasingRequestItemConfig
    from nemo.collections.asr.parts.context_biasing.boosting_graph_batched import BoostingTreeModelConfig

    phrases = [phrase for phrase, _ in boosts]
    tree = BoostingTreeModelConfig(key_phrases_list=phrases, use_triton=False)
    weight = sum(boost for _, boost in boosts) / len(boosts) / 10.0  # Riva's boosts of about 10 mean NeMo's 1
    return BiasingRequestItemConfig(
        boosting_model_cfg=tree, boosting_model_alpha=weight, cache_key="|".join(phrases)
    )


def _speaks_syllables(model: Any) -> bool:
    """Whether the model's words are tonal syllables: most pieces look like "bu4"."""
    tokenizer = getattr(model, "tokenizer", None)
    pieces = (
        [str(p) for p in tokenizer.vocab] if tokenizer is not None and hasattr(tokenizer, "vocab") else []
    )
    if not pieces:
        pieces = [str(p) for p in getattr(getattr(model, "decoder", None), "vocabulary", [])]
    hits = sum(1 for piece in pieces if _SYLLABLE_PIECE.fullmatch(piece))
    return bool(pieces) and hits > 0.6 * len(pieces)


def _look_ahead(model: Any, settings: Settings) -> int:
    """Frames of right context that make a chunk of the wanted length."""
    encoder = model.cfg.encoder
    stride_ms = round(1000 * model.cfg.preprocessor.window_stride * encoder.subsampling_factor)
    if encoder.get("att_context_style") != "chunked_limited":
        raise RuntimeError(f"{settings.model} is no cache-aware streaming model; choose one that is")
    trained = encoder.att_context_size
    rights = sorted({int(pair[1]) for pair in (trained if hasattr(trained[0], "__len__") else [trained])})
    right = settings.chunk_ms // stride_ms - 1
    if settings.chunk_ms % stride_ms or right not in rights:
        fit = ", ".join(str((r + 1) * stride_ms) for r in rights)
        raise RuntimeError(
            f"recogniser.chunk_ms is {settings.chunk_ms}; {settings.model} was trained for {fit}"
        )
    return right


def _build(model: Any, kind: str, config: Any) -> Any:
    """The pipeline around a model that is loaded already: NeMo's builder would load it once more."""
    from nemo.collections.asr.inference.factory.cache_aware_pipeline_builder import CacheAwarePipelineBuilder
    from nemo.collections.asr.inference.model_wrappers.asr_inference_wrapper import ASRInferenceWrapper

    original = ASRInferenceWrapper.__dict__["load_model"]
    ASRInferenceWrapper.load_model = staticmethod(lambda name, place: model)  # type: ignore[assignment,misc]
    try:
        return CacheAwarePipelineBuilder.build(config)
    finally:
        ASRInferenceWrapper.load_model = original


def _config(settings: Settings, kind: str, rate: int, right: int, slots: int, device: str) -> Any:
    from omegaconf import OmegaConf

    tree = {"model_path": None, "key_phrases_file": None, "key_phrases_list": None, "source_lang": "zh"}
    greedy = {
        "use_cuda_graph_decoder": False,
        "enable_per_stream_biasing": kind == "rnnt",
        "max_symbols": 5,
        "ngram_lm_model": None,
        "ngram_lm_alpha": 0.0,
        "boosting_tree": tree,
        "boosting_tree_alpha": 0.0,
    }
    decoding = {
        "strategy": "greedy_batch",
        "preserve_alignments": False,
        "fused_batch_size": -1,
        "greedy": greedy,
    }
    streaming = {
        "sample_rate": rate,
        "batch_size": min(settings.max_batch, slots),
        "word_boundary_tolerance": 4,
        "att_context_size": [settings.left_context_frames, right],
        "use_cache": True,
        "use_feat_cache": True,
        "chunk_size_in_secs": None,
        "request_type": "frame",
        "num_slots": slots,
    }
    method = {"name": "max_prob", "entropy_type": "tsallis", "alpha": 1.0, "entropy_norm": "lin"}
    return OmegaConf.create(
        {
            "asr": {
                "model_name": settings.model,
                "device": device,
                "device_id": 0,
                "compute_dtype": "float32",
                "use_amp": False,
                "decoding": decoding,
            },
            "itn": {
                "input_case": "lower_cased",
                "whitelist": None,
                "overwrite_cache": False,
                "max_number_of_permutations_per_split": 729,
                "left_padding_size": 4,
                "batch_size": 32,
                "n_jobs": 1,
            },
            "confidence": {"exclude_blank": True, "aggregation": "mean", "method_cfg": method},
            "endpointing": {
                "stop_history_eou": settings.endpoint_silence_ms or -1,
                "residue_tokens_at_end": _RESIDUE_TOKENS,
            },
            "streaming": streaming,
            "matmul_precision": "high",
            "log_level": 40,
            "pipeline_type": "cache_aware",
            "asr_decoding_type": kind,
            "enable_itn": False,
            "enable_nmt": False,
            "asr_output_granularity": "segment",
            "cache_dir": None,
            "lang": "zh",
            "return_tail_result": False,
        }
    )  # fmt: skip
