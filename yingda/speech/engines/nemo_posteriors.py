"""NeMo's cache-aware CTC pipeline, which here also keeps the likeliest symbols of every frame.

NeMo decodes, ends utterances and writes the text as it always does; this only looks on. It imports NeMo, so
it is imported only where a model is loaded.
"""

from __future__ import annotations

from typing import Any

from nemo.collections.asr.inference.pipelines.cache_aware_ctc_pipeline import CacheAwareCTCPipeline

from yingda.speech.words.slots import FRAME_CHOICES, Part, Posteriors


class PosteriorPipeline(CacheAwareCTCPipeline):
    """After each `transcribe_step`, `heard` holds the posteriors behind each stream's partial or final."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard: dict[int, Posteriors] = {}
        self._names = tuple(str(piece).removeprefix("\u2581") for piece in self.vocabulary)

    def create_state(self, options: Any) -> Any:
        """NeMo's state of a stream, with room for the frames of its utterance: they go when it goes."""
        state = super().create_state(options)
        state.kept_frames, state.frame_before = (), self.blank_id
        return state

    def transcribe_step(self, requests: list[Any]) -> list[Any]:
        """NeMo's step."""
        self.heard.clear()
        return super().transcribe_step(requests)

    def decode_log_probs(
        self, requests: list[Any], log_probs: Any, tail_log_probs: Any, ready_state_ids: set[int]
    ) -> None:
        """NeMo's decoding of one batch, log_probs [streams, frames, symbols]."""
        logs, symbols = log_probs.topk(FRAME_CHOICES, dim=-1)
        blank = log_probs[..., self.blank_id].float().cpu().numpy()
        logs, symbols = logs.float().cpu().numpy(), symbols.int().cpu().numpy()
        super().decode_log_probs(requests, log_probs, tail_log_probs, ready_state_ids)
        for n, request in enumerate(requests):
            state = self.get_state(request.stream_id)
            frames = (*state.kept_frames, Part(symbols[n], logs[n], blank[n]))
            self.heard[request.stream_id] = Posteriors(frames, self._names, state.frame_before)
            if request.stream_id in ready_state_ids:  # the utterance is over, and its tokens are gone
                state.kept_frames, state.frame_before = (), int(symbols[n, -1, 0])
            else:
                state.kept_frames = frames
