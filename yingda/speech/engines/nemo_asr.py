"""Streaming recognition by NeMo's own cache-aware pipeline (nemo.collections.asr.inference), all streams
batched."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from yingda.speech.engines import nemo_runtime
from yingda.speech.engines.nemo_boosts import BoostTrees
from yingda.speech.hearing import languages
from yingda.speech.hearing.recogniser import StepRequest, StepResult, StreamOptions
from yingda.speech.settings import Recogniser as Settings
from yingda.speech.words.slots import Posteriors

_SYLLABLE_PIECE = re.compile("\u2581?[a-zü:]+[1-5]")
_RESIDUE_TOKENS = 2  # 0 silently switches NeMo's endpointing off


class NemoRecogniser:
    """`StreamingModel` on NeMo. Not thread-safe: the thread that makes it owns it."""

    def __init__(self, settings: Settings, slots: int, model: Any = None) -> None:
        """Load `settings.model`, unless `model` is it. `slots` streams can be open at once. Raises
        RuntimeError saying what is wrong."""
        started = time.monotonic()
        nemo_runtime.prepare()
        device = nemo_runtime.device_name(settings.device)
        if model is None:
            model = nemo_runtime.load_recogniser(settings.model, device)
        self._settings = settings
        self.kind = "rnnt" if hasattr(model, "joint") else "ctc"
        self.name = settings.model
        self.sample_rate = int(model.cfg.preprocessor.sample_rate)
        self.syllables = _speaks_syllables(model)
        self.precision = nemo_runtime.precision(settings.precision, device, model)
        self._pipeline = self._make_pipeline(model, settings, slots, device)
        self._pipeline.open_session()
        self.chunk_samples = round(self._chunk_s() * self.sample_rate)
        self.languages = _languages(self._pipeline)
        if self.languages and languages.resolve(settings.language, self.languages) is None:
            raise RuntimeError(
                f"recogniser.language is {settings.language}; {settings.model} has "
                f"{languages.listed(self.languages)}"
            )
        self._boosts = BoostTrees(model.tokenizer, settings.model)
        silence = np.zeros(self.chunk_samples, np.float32)
        self.step(
            [StepRequest(0, silence, True, True, StreamOptions())]
        )  # pays for what is made on first use
        self.load_seconds = time.monotonic() - started

    def _make_pipeline(self, model: Any, settings: Settings, slots: int, device: str) -> Any:
        """The pipeline around a model that is loaded already: NeMo's builder would load it once more."""
        from nemo.collections.asr.inference.factory.cache_aware_pipeline_builder import (
            CacheAwarePipelineBuilder as Builder,
        )
        from nemo.collections.asr.inference.pipelines.cache_aware_ctc_pipeline import CacheAwareCTCPipeline
        from nemo.collections.asr.inference.pipelines.cache_aware_rnnt_pipeline import CacheAwareRNNTPipeline

        from yingda.speech.engines.nemo_posteriors import PosteriorPipeline
        from yingda.speech.engines.nemo_wrappers import CacheAwareCtc, CacheAwareRnnt

        config = pipeline_config(settings, self.kind, device, self.precision)
        config.streaming = _streaming(settings, self.sample_rate, _look_ahead(model, settings), slots)
        if self.kind == "rnnt":
            decoding = Builder.get_rnnt_decoding_cfg(config)
            return CacheAwareRNNTPipeline(
                config, CacheAwareRnnt.around(model, decoding, device, self.precision)
            )
        kind = PosteriorPipeline if self.syllables else CacheAwareCTCPipeline
        decoding = Builder.get_ctc_decoding_cfg()
        return kind(config, CacheAwareCtc.around(model, decoding, device, self.precision))

    def _chunk_s(self) -> float:
        return float(self._pipeline.chunk_size_in_secs)

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
        outputs = self._pipeline.transcribe_step(frames)
        heard: dict[int, Posteriors] = getattr(self._pipeline, "heard", {})
        return [_result(o, heard.get(r.stream)) for o, r in zip(outputs, requests, strict=True)]

    def drop(self, streams: Sequence[int]) -> None:
        """Free what streams hold: buffers, the encoder cache, the decoder state and their boosted words,
        without a model step."""
        for stream in streams:
            state = self._pipeline.get_state(stream)
            if state is not None and self.kind == "rnnt" and state.has_biasing_request():
                decoder = self._pipeline.asr_model.asr_model.decoding.decoding.decoding_computer
                state.options.biasing_cfg.remove_from_multi_model(decoder.biasing_multi_model)
        self._forget(streams)
        for stream in streams:
            self._pipeline.delete_state(stream)

    def _forget(self, streams: Sequence[int]) -> None:
        bufferer, contexts = self._pipeline.bufferer, self._pipeline.context_manager
        for stream in streams:
            slot = bufferer.streamidx2slotidx.get(stream)
            if slot is not None:
                bufferer.free_slots([slot])
            if stream in contexts.streamidx2slotidx:
                contexts.reset_slots([stream], [True])

    def _options(self, wanted: StreamOptions) -> Any:
        from nemo.collections.asr.inference.streaming.framing.request_options import ASRRequestOptions

        options = ASRRequestOptions(stop_history_eou=wanted.endpoint_ms)
        if self.languages:
            told = wanted.language or self._settings.language
            options.language_code = languages.resolve(told, self.languages)
        if self.kind == "rnnt" and wanted.boosts:
            options.biasing_cfg = self._boosts.request(wanted.boosts)
        return options


def _result(output: Any, posteriors: Posteriors | None) -> StepResult:
    final = output.final_transcript.strip()
    segments = output.final_segments or []
    confidence = sum(s.conf for s in segments) / len(segments) if final and segments else 0.0
    return StepResult(output.partial_transcript.strip(), final, float(confidence), posteriors)


def _languages(pipeline: Any) -> tuple[str, ...]:
    """What a model that is told the language can be told, else nothing."""
    if not getattr(pipeline, "prompt_enabled", False):
        return ()
    return tuple(str(name) for name in pipeline._prompt_config["prompt_dict"])


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


def is_cache_aware(model: Any) -> bool:
    """Whether a model was trained to be streamed chunk by chunk."""
    return bool(model.cfg.encoder.get("att_context_style") == "chunked_limited")


def _look_ahead(model: Any, settings: Settings) -> int:
    """Frames of right context that make a chunk of the wanted length."""
    encoder = model.cfg.encoder
    stride_ms = round(1000 * model.cfg.preprocessor.window_stride * encoder.subsampling_factor)
    if not is_cache_aware(model):
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


def _streaming(settings: Settings, rate: int, right: int, slots: int) -> dict[str, Any]:
    return {
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


def pipeline_config(settings: Settings, kind: str, device: str, precision: str) -> Any:
    """What NeMo's pipelines read, but for `streaming`, which differs with the kind of pipeline."""
    from omegaconf import OmegaConf

    tree = {"model_path": None, "key_phrases_file": None, "key_phrases_list": None, "source_lang": "zh"}
    greedy = {
        "use_cuda_graph_decoder": False,
        "enable_per_stream_biasing": kind == "rnnt",
        "preserve_frame_confidence": kind == "rnnt",  # else an RNNT model is sure of everything
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
    method = {"name": "max_prob", "entropy_type": "tsallis", "alpha": 1.0, "entropy_norm": "lin"}
    return OmegaConf.create(
        {
            "asr": {
                "model_name": settings.model,
                "device": device,
                "device_id": 0,
                "compute_dtype": precision,
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
            "streaming": {},
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
