"""Which ends of a recognition stream are worth another try. No connection."""

import asyncio
from typing import Any

import grpc
import pytest
from grpc.aio import AioRpcError, Metadata

from yingda.gateway.settings import SpeechSettings
from yingda.gateway.speech_link import Recognition, _may_come_again, _pushback_s


def error(
    code: grpc.StatusCode, details: str = "", trailing: tuple[tuple[str, str], ...] = ()
) -> AioRpcError:
    return AioRpcError(code, Metadata(), Metadata(*trailing), details=details)


@pytest.mark.requirement(9)
@pytest.mark.parametrize(
    ("end", "again"),
    [
        (error(grpc.StatusCode.UNAVAILABLE, "Socket closed"), True),
        (error(grpc.StatusCode.RESOURCE_EXHAUSTED, "the recogniser is fully loaded"), True),
        (asyncio.CancelledError(), True),
        (ValueError("a fault of ours"), False),
        (error(grpc.StatusCode.INTERNAL, "Internal error from Core"), True),
        (error(grpc.StatusCode.INTERNAL, "the speech server failed; see its log"), False),
        (error(grpc.StatusCode.INVALID_ARGUMENT, "encoding FLAC is not served"), False),
        (error(grpc.StatusCode.DEADLINE_EXCEEDED), False),
    ],
)
def test_only_what_may_end_better_is_tried_again(end: BaseException, again: bool) -> None:
    assert _may_come_again(end) is again


def test_a_full_server_says_how_long_to_wait() -> None:
    full = grpc.StatusCode.RESOURCE_EXHAUSTED
    assert _pushback_s(error(full, trailing=(("retry-pushback-ms", "1500"),))) == 1.5
    assert _pushback_s(error(full, trailing=(("retry-pushback-ms", "-1"),))) is None
    assert _pushback_s(error(full)) is None
    assert _pushback_s(asyncio.CancelledError()) is None


async def test_a_fault_of_ours_fails_the_turn_instead_of_leaving_it_waiting() -> None:
    link: Any = None  # not reached: half of a surrogate pair cannot be written into a message
    failed = asyncio.Event()
    Recognition(link, SpeechSettings(), ["\ud800"], lambda text: None, lambda *final: None, failed.set)
    async with asyncio.timeout(5):
        await failed.wait()
