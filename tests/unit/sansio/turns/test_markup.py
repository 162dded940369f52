"""SSML in sentences: each well-formed, in its own tags, with the words that the record is told of."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.unit.sansio.turns.turn_scene import Scene
from yingda.sansio.turns import commands as cmd
from yingda.sansio.turns import events as ev
from yingda.sansio.turns.markup import Piece, pieces


def test_plain_text_is_cut_at_its_sentences():
    assert pieces("您好。1 < 2，对吗？") == [
        Piece("您好。", "您好。"),
        Piece("1 < 2，对吗？", "1 < 2，对吗？"),
    ]


@pytest.mark.requirement(18)
def test_each_sentence_keeps_the_tags_around_it():
    start, end = '<prosody rate="0.9"><voice name="a">', "</voice></prosody></speak>"
    text = f'<speak><break time="300ms"/>{start}您好 &amp; 欢迎。请说。{end}'
    assert pieces(text) == [
        Piece("您好 & 欢迎。", f'<speak><break time="300ms"/>{start}您好 &amp; 欢迎。{end}'),
        Piece("请说。", f"<speak>{start}请说。{end}"),
    ]


def test_elements_inside_a_sentence_stay_in_it():
    text = (
        '<speak>余额是<say-as interpret-as="money">12.5。元</say-as>，<emphasis>请</emphasis>核对。<break/>'
        '<sub alias="客户系统">CRM</sub>好了吗？<break time="1s"/></speak>'
    )
    first, second = pieces(text)
    assert (first.words, second.words) == ("余额是12.5。元，请核对。", "CRM好了吗？")
    assert first.markup.startswith('<speak>余额是<say-as interpret-as="money">12.5。元</say-as>，<emphasis>')
    assert second.markup == (
        '<speak><break/><sub alias="客户系统">CRM</sub>好了吗？<break time="1s"/></speak>'
    )
    for piece in (first, second):
        ElementTree.fromstring(piece.markup)


def test_ssml_that_is_broken_is_said_without_its_tags():
    assert pieces("<speak>您好。<b>请说") == [Piece("您好。", "您好。"), Piece("请说", "请说")]
    assert pieces("<speak><!-- 您 -->好</speak>") == [Piece("好", "好")]


def test_nothing_to_say_gives_nothing():
    assert pieces('<speak><break time="1s"/></speak>') == pieces("。") == pieces("") == []


@pytest.mark.requirement(18)
def test_the_speech_server_gets_the_markup_and_the_record_the_words():
    scene = Scene().greet().ask()
    text = '<speak><prosody rate="0.9">好的。余额是5元。</prosody></speak>'
    commands = scene.at(105.0, ev.BotSaid(2, text), *scene.done())
    assert [c.text for c in commands] == [
        '<speak><prosody rate="0.9">好的。</prosody></speak>',
        '<speak><prosody rate="0.9">余额是5元。</prosody></speak>',
    ]
    for at, command in zip((105.1, 106.0), commands, strict=True):
        scene.at(at, ev.PlaybackStarted(command.clip, at), ev.SynthesisFinished(command.clip, 800))
        scene.at(at + 0.8, ev.PlaybackFinished(command.clip))
    assert scene.log[-1] == cmd.NoteBotTurn(cmd.HeardTurn(2, "好的。余额是5元。", "好的。余额是5元。", False))


@pytest.mark.requirement(18)
def test_what_was_not_said_for_an_outage_is_said_in_its_manner_afterwards():
    scene = Scene().greet().ask()
    text = '<speak><prosody rate="0.9">好的。余额是5元。</prosody></speak>'
    first, second = (c.clip for c in scene.at(105.0, ev.BotSaid(2, text), *scene.done()))
    scene.at(105.0, ev.PlaybackStarted(first, 105.0), ev.SpeechServiceFailed())
    scene.at(105.5, ev.PlaybackFinished(first))
    scene.at(105.6, ev.SynthesisFailed(second))
    commands = scene.at(110.0, ev.SpeechServiceRestored())
    said = [c.text for c in commands if isinstance(c, cmd.Synthesise)]
    assert said == ['<speak><prosody rate="0.9">余额是5元。</prosody></speak>']
