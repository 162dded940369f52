"""How an article is worded: as it stands, or by a language model when one is set up (off by default)."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import time

from actions.clients import generator
from actions.clients.generator import GeneratorFailed, GeneratorSettings
from actions.clients.knowledge_base import Answer

logger = logging.getLogger(__name__)

BY_ARTICLE, BY_GENERATOR = "article", "generator"
REST_SECONDS = 30.0  # after a failure to answer in time the endpoint is left alone so long
_rest_until = 0.0


@functools.lru_cache(maxsize=1)
def settings() -> GeneratorSettings | None:
    """Of the environment; None, with a line in the log, when they cannot be used."""
    try:
        return generator.read()
    except GeneratorFailed as error:
        logger.error("answer generator: %s; articles are said as they stand", error)
        return None


def prepare() -> None:
    """When a model is set up, load what checks it before the first call: it takes seconds, in a thread."""
    if settings() is not None:
        threading.Thread(target=generator.names, args=("您好",), name="wording", daemon=True).start()


async def of(answer: Answer, question: str) -> tuple[str, str]:
    """What to say, and who worded it. The caller hears the article itself when the generator fails, is late
    or writes what the article does not say."""
    global _rest_until
    setup = settings()
    if setup is None or time.monotonic() < _rest_until:
        return answer.text, BY_ARTICLE
    try:
        running = asyncio.to_thread(generator.write, setup, question, answer.text)
        return await asyncio.wait_for(running, setup.seconds), BY_GENERATOR
    except asyncio.TimeoutError:
        _rest_until = time.monotonic() + REST_SECONDS
        logger.warning("answer generator: no answer in %s s; the article is said", setup.seconds)
    except GeneratorFailed as error:
        logger.warning("answer generator: %s; the article is said", error)
    return answer.text, BY_ARTICLE
