"""Why a request is not served, told alike by every API. Each API has a number of its own for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum

from yingda.speech.hearing.admission import RETRY_AFTER_S
from yingda.speech.hearing.recogniser import Stopping, TooManyStreams
from yingda.speech.voice.synthesiser import TextTooLong, TooBusy

log = logging.getLogger(__name__)


class Why(Enum):
    """What kind of failure it is."""

    BAD_REQUEST = "bad request"
    TOO_LONG = "too long"
    BUSY = "busy"
    STOPPING = "stopping"
    SLOW = "slow"
    BROKEN = "broken"


class BadRequest(ValueError):
    """The request cannot be served as it is; the text is for the client."""


@dataclass(frozen=True)
class Refusal:
    """The answer to a request that failed; the text is for the client, and so is when to try again."""

    why: Why
    text: str
    retry_after_s: float | None = None


def explain(error: Exception) -> Refusal:
    """What to tell the client. A failure that is ours goes into the log, in which no request's words are."""
    if isinstance(error, TextTooLong):
        return Refusal(Why.TOO_LONG, str(error))
    if isinstance(error, ValueError):
        return Refusal(Why.BAD_REQUEST, str(error))
    if isinstance(error, (TooManyStreams, TooBusy)):
        return Refusal(Why.BUSY, str(error), getattr(error, "retry_after_s", RETRY_AFTER_S))
    if isinstance(error, Stopping):
        return Refusal(Why.STOPPING, str(error))
    if isinstance(error, TimeoutError):
        return Refusal(Why.SLOW, "the model was too slow")
    log.error("a request failed", exc_info=error)
    return Refusal(Why.BROKEN, "the speech server failed; see its log")
