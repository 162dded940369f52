"""Streaming with models made for whole recordings: NeMo's buffered pipeline recognises a window of audio at a
time, and takes from it what its middle says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yingda.speech.engines.nemo_asr import NemoRecogniser, pipeline_config
from yingda.speech.settings import Recogniser as Settings


class BufferedRecogniser(NemoRecogniser):
    """`StreamingModel` for CTC and RNNT models with or without a tokenizer."""

    def _make_pipeline(self, model: Any, settings: Settings, slots: int, device: str) -> Any:
        from nemo.collections.asr.inference.factory.buffered_pipeline_builder import BufferedPipelineBuilder
        from nemo.collections.asr.inference.pipelines.buffered_ctc_pipeline import BufferedCTCPipeline

        from yingda.speech.engines.nemo_wrappers import BufferedCtc, BufferedRnnt, PatientRnntPipeline

        _check_features(model, settings.model)
        config = pipeline_config(settings, self.kind, device, self.precision)
        config.streaming = self._windows(model, settings, slots)
        config.pipeline_type = "buffered"
        if self.kind == "rnnt":
            decoding = BufferedPipelineBuilder.get_rnnt_decoding_cfg(config)
            return PatientRnntPipeline(config, BufferedRnnt.around(model, decoding, device, self.precision))
        decoding = BufferedPipelineBuilder.get_ctc_decoding_cfg()
        return BufferedCTCPipeline(config, BufferedCtc.around(model, decoding, device, self.precision))

    def _windows(self, model: Any, settings: Settings, slots: int) -> dict[str, Any]:
        from yingda.speech.engines.nemo_wrappers import frames_per_output

        wanted = settings.buffered
        stride_ms = round(1000 * model.cfg.preprocessor.window_stride) * frames_per_output(model)
        for name in ("chunk_ms", "left_ms", "right_ms"):
            if getattr(wanted, name) % stride_ms:
                raise RuntimeError(
                    f"recogniser.buffered.{name} is {getattr(wanted, name)}; {settings.model} takes "
                    f"multiples of {stride_ms}"
                )
        return {
            "sample_rate": self.sample_rate,
            "batch_size": min(settings.max_batch, slots),
            "chunk_size": wanted.chunk_ms / 1000,
            "left_padding_size": wanted.left_ms / 1000,
            "right_padding_size": wanted.right_ms / 1000,
            "word_boundary_tolerance": 4,
            "request_type": "frame",
            "padding_mode": "right",
            "stateful": True,
        }

    def _chunk_s(self) -> float:
        return float(self._pipeline.chunk_size)

    def _forget(self, streams: Sequence[int]) -> None:
        for stream in streams:
            self._pipeline.bufferer.rm_bufferer(stream)


def _check_features(model: Any, name: str) -> None:
    """NeMo's buffered pipelines normalise each window whatever the model was trained with."""
    kind = str(model.cfg.preprocessor.get("normalize", "per_feature"))
    if kind != "per_feature":
        raise RuntimeError(
            f"{name} is neither a cache-aware streaming model nor one whose features are normalised per "
            f"feature (it has: {kind}); choose another"
        )
