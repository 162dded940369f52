"""The test caller itself, on real sockets against a scripted bot: does it measure what the bot did?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from yingda.caller.call import Options, place

pytestmark = pytest.mark.integration

SCENE = """
scene: wire
about: the caller under test
audio: {audio}
expect: {{ended_by: bot}}
turns:
  - {{name: greeting, listen: true}}
  - {{name: first, say: nod, expect: {{max_latency_ms: 700}}}}
  - {{name: barge in, when: {{bot_speech_ms: 400}}, say: interrupt, expect: {{line_silent_ms: 300}}}}
  - {{name: last, say: yes, expect: {{bot_ends_call: true, max_latency_ms: {last_ms}}}}}
"""


async def play(bot: Any, folder: Path, last_ms: int = 700) -> Any:
    audio = Path(__file__).parents[2] / "scenes" / "audio"
    scene = folder / "wire.yml"
    scene.write_text(
        SCENE.format(audio=audio, last_ms=last_ms).replace("say: yes", 'say: "yes"'), encoding="utf-8"
    )
    options = Options(scene, ("127.0.0.1", bot.port), no_record=True)
    return await place(options, print)


async def test_latency_and_barge_in_are_measured_as_they_were(scripted_bot: Any, tmp_path: Path) -> None:
    outcome = await play(scripted_bot, tmp_path)
    assert outcome.verdict.failures == []
    assert len(outcome.verdict.latencies_s) == 3
    for latency in outcome.verdict.latencies_s:
        assert latency == pytest.approx(0.6, abs=0.08)
    barge_in = outcome.result["per_turn"][2]["silenced_s"]
    assert barge_in == pytest.approx(0.2, abs=0.1)
    assert len(outcome.recording) > 2 * 8000 * 5


async def test_a_bot_that_is_too_slow_is_named(scripted_bot: Any, tmp_path: Path) -> None:
    outcome = await play(scripted_bot, tmp_path, last_ms=300)
    assert [failure.turn for failure in outcome.verdict.failures] == ["last"]
    assert "expected within 300 ms" in outcome.verdict.failures[0].why
