"""NeMo's inference wrappers around a model that is loaded already, computing in a chosen precision.

To be imported after nemo_runtime.prepare() only: what stands at the top takes seconds.
"""

from __future__ import annotations

from typing import Any

import torch
from nemo.collections.asr.inference.model_wrappers.cache_aware_ctc_inference_wrapper import (
    CacheAwareCTCInferenceWrapper,
)
from nemo.collections.asr.inference.model_wrappers.cache_aware_rnnt_inference_wrapper import (
    CacheAwareRNNTInferenceWrapper,
)
from nemo.collections.asr.inference.model_wrappers.ctc_inference_wrapper import CTCInferenceWrapper
from nemo.collections.asr.inference.model_wrappers.rnnt_inference_wrapper import RNNTInferenceWrapper
from nemo.collections.asr.inference.pipelines.buffered_rnnt_pipeline import BufferedRNNTPipeline
from nemo.collections.asr.inference.streaming.decoders.greedy.greedy_rnnt_decoder import (
    ClippedRNNTGreedyDecoder,
)
from nemo.collections.asr.inference.utils.context_manager import CacheAwareContext
from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec

_PUNCTUATION = frozenset("，。？！；：、,.?!;:")


class _Loaded:
    """Takes the model itself where NeMo takes a name, and a precision where NeMo always takes float32 on a
    CPU."""

    precision: torch.dtype

    @classmethod
    def around(cls, model: Any, decoding: Any, device: str, precision: str) -> Any:
        """`precision` is float32 or bfloat16."""
        if getattr(model, "tokenizer", None) is None:
            model.tokenizer = CharacterTokenizer(_vocabulary(model))
        chosen = type(cls.__name__, (cls,), {"precision": getattr(torch, precision)})
        return chosen(model, decoding, device=device, device_id=0, compute_dtype=precision, use_amp=False)

    @staticmethod
    def load_model(model_name: Any, map_location: Any) -> Any:
        """The model that `around` was given."""
        return model_name

    def __post_init__(self) -> None:
        self.compute_dtype = self.precision
        super().__post_init__()  # type: ignore[misc]


class _AnyEncoder:
    """For encoders that do not say by how much they subsample."""

    asr_model: Any

    def get_subsampling_factor(self) -> int:
        """Feature frames per output frame."""
        return frames_per_output(self.asr_model)


class CacheAwareCtc(_Loaded, CacheAwareCTCInferenceWrapper):
    """Streaming CTC."""

    def stream_step(self, *args: Any, **kwargs: Any) -> Any:
        """With log-probabilities in float32: what follows goes through numpy, which has no bfloat16."""
        log_probs, tail, *others = super().stream_step(*args, **kwargs)
        return (log_probs.float(), None if tail is None else tail.float(), *others)


class BufferedCtc(_AnyEncoder, _Loaded, CTCInferenceWrapper):
    """Offline CTC, a window at a time."""

    def get_logprobs(self, *args: Any, **kwargs: Any) -> Any:
        """In float32, as above."""
        return super().get_logprobs(*args, **kwargs).float()


class BufferedRnnt(_AnyEncoder, _Loaded, RNNTInferenceWrapper):
    """Offline RNNT, a window at a time."""


class PatientRnntPipeline(BufferedRNNTPipeline):
    """NeMo's, but a window without a word ends no utterance of a stream whose endpointing is off."""

    def init_greedy_rnnt_decoder(self) -> None:
        """As NeMo does."""
        self.greedy_rnnt_decoder = _PatientDecoder(
            vocabulary=self.vocabulary,
            conf_func=self.conf_func,
            endpointer=self.endpointer,
            tokens_per_frame=self.tokens_per_frame,
        )


class _PatientDecoder(ClippedRNNTGreedyDecoder):
    def __call__(self, *, tokens: Any, is_last: bool, stop_history_eou: int | None, **more: Any) -> Any:
        clipped, tail, ended, start, end = super().__call__(
            tokens=tokens, is_last=is_last, stop_history_eou=stop_history_eou, **more
        )
        never = stop_history_eou is not None and stop_history_eou < 0
        if never and not is_last and len(tokens) == 0:
            ended = False
        return clipped, tail, ended, start, end


class CacheAwareRnnt(_Loaded, CacheAwareRNNTInferenceWrapper):
    """Streaming RNNT that applies the language prompt: the pipeline of NeMo 3.0 builds it for each stream,
    and its wrapper leaves it aside."""

    def execute_step(
        self,
        processed_signal: Any,
        processed_signal_length: Any,
        context: Any,
        previous_hypotheses: Any,
        drop_extra_pre_encoded: int | None,
        keep_all_outputs: bool,
        drop_left_context: int | None = None,
        valid_out_len: int | None = None,
        prompt_vectors: Any = None,
    ) -> tuple[Any, Any]:
        """One step of encoder, prompt and decoder; arguments as in NeMo's own."""
        encoded, lengths, last_channel, last_time, last_channel_len = (
            self.asr_model.encoder.cache_aware_stream_step(
                processed_signal=processed_signal,
                processed_signal_length=processed_signal_length,
                cache_last_channel=context.cache_last_channel,
                cache_last_time=context.cache_last_time,
                cache_last_channel_len=context.cache_last_channel_len,
                keep_all_outputs=keep_all_outputs,
                drop_extra_pre_encoded=drop_extra_pre_encoded,
            )
        )
        after = CacheAwareContext(
            cache_last_channel=last_channel,
            cache_last_time=last_time,
            cache_last_channel_len=last_channel_len,
        )
        if drop_left_context:
            encoded, lengths = encoded[:, :, drop_left_context:], lengths - drop_left_context
        if valid_out_len and not keep_all_outputs:
            encoded, lengths = encoded[:, :, :valid_out_len], torch.ones_like(lengths) * valid_out_len
        if prompt_vectors is not None:
            encoded = _prompted(self.asr_model.prompt_kernel, encoded, prompt_vectors)
        hypotheses = self.asr_model.decoding.rnnt_decoder_predictions_tensor(
            encoded, lengths, return_hypotheses=True, partial_hypotheses=previous_hypotheses
        )
        return hypotheses, after


def _prompted(kernel: Any, encoded: Any, prompts: Any) -> Any:
    """As EncDecRNNTBPEModelWithPrompt.forward does, with a language for each stream: [batch, channels, time]
    and one-hot [batch, languages]."""
    frames = encoded.transpose(1, 2)
    languages = prompts.to(frames.dtype).unsqueeze(1).expand(-1, frames.shape[1], -1)
    return kernel(torch.cat([frames, languages], dim=-1)).to(encoded.dtype).transpose(1, 2)


class CharacterTokenizer(TokenizerSpec):
    """What NeMo's pipelines ask of a tokenizer, for models that have a list of characters instead."""

    def __init__(self, vocabulary: list[str]) -> None:
        """`vocabulary` in the order of the model's outputs, without blank."""
        self.vocab = vocabulary
        self.vocab_size = len(vocabulary)
        self._ids = {token: i for i, token in enumerate(vocabulary)}
        self.supports_capitalization = any(token != token.lower() for token in vocabulary)
        self.supported_punctuation = set(vocabulary) & _PUNCTUATION
        # for a blank between words; one that is no output when there is none
        self.spm_separator_id = self._ids.get(" ", self.vocab_size + 1)
        self.tokenizer = self

    def get_vocab(self) -> dict[str, int]:
        """Every token's number."""
        return dict(self._ids)

    def text_to_tokens(self, text: str) -> list[str]:
        """Its characters, without those that the model does not know."""
        return [char for char in text if char in self._ids]

    def tokens_to_text(self, tokens: list[str]) -> str:
        """Joined."""
        return "".join(tokens)

    def tokens_to_ids(self, tokens: str | list[str], tokens_to_skip: Any = ()) -> list[int]:
        """Numbers of known tokens; one that is given alone is one token."""
        several = [tokens] if isinstance(tokens, str) else tokens
        return [self._ids[token] for token in several if token in self._ids]

    def ids_to_tokens(self, ids: list[int]) -> list[str]:
        """The other way."""
        return [self.vocab[int(i)] for i in ids]

    def text_to_ids(self, text: str, *_: Any) -> list[int]:
        """Numbers of the characters that the model knows."""
        return self.tokens_to_ids(self.text_to_tokens(text))

    def ids_to_text(self, ids: list[int]) -> str:
        """Numbers to text."""
        return "".join(self.ids_to_tokens(ids))


def frames_per_output(model: Any) -> int:
    """By how much the encoder subsamples. Convolutional ones (Citrinet, QuartzNet) have to be asked."""
    encoder = model.encoder
    known = getattr(encoder, "subsampling_factor", None)
    if known is not None:
        return int(known)
    frames = 1024
    weight = next(encoder.parameters())
    features = int(model.cfg.preprocessor.features)
    silence = torch.zeros(1, features, frames, dtype=weight.dtype, device=weight.device)
    with torch.inference_mode():
        encoded = encoder(audio_signal=silence, length=torch.tensor([frames], device=weight.device))
    return round(frames / int(encoded[0].shape[-1]))


def _vocabulary(model: Any) -> list[str]:
    for owner in ("joint", "decoder"):
        found = getattr(getattr(model, owner, None), "vocabulary", None)
        if found:
            return [str(token) for token in found]
    raise RuntimeError(f"{type(model).__name__} has neither a tokenizer nor a vocabulary")
