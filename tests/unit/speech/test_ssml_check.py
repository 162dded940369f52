"""What a designer is told of a text before anybody hears it."""

import pytest

from yingda.speech.text.ssml_check import mistakes

VOICES = ("female_1", "male_1")


@pytest.mark.requirement(21)
@pytest.mark.parametrize(
    "text",
    [
        "您好，{name}，您的VIP余额是128.5元。",
        '<speak>您<break time="300ms"/>好<break strength="weak"/></speak>',
        '<speak><voice name="male_1"><prosody rate="90%" pitch="+1st">好</prosody></voice></speak>',
        '<speak><say-as interpret-as="date" format="ymd">2026-11-03</say-as></speak>',
        '<speak>余额<say-as interpret-as="money">{amount}</say-as></speak>',
        '<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis"><p><s>好</s></p></speak>',
        '<speak><sub alias="客户系统">CRM</sub>，<emphasis level="strong">请</emphasis></speak>',
    ],
)
def test_a_sound_text_has_no_mistakes(text: str) -> None:
    assert mistakes(text, VOICES) == []


@pytest.mark.requirement(21)
@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("您好</b>", "SSML is not well-formed: mismatched tag"),
        ("您好 & 再见", "write & as &amp;"),
        ("<!-- x -->好", "a comment or an entity is not accepted"),
        ("<blink>好</blink>", "<blink> is unknown, expected one of speak, p, s, voice"),
        (
            '<prosody speed="2">好</prosody>',
            "<prosody> has the unknown attribute 'speed', expected rate, pitch",
        ),
        ('<prosody rate="500%">好</prosody>', "prosody rate '500%': expected 25% to 400%"),
        (
            '<prosody pitch="200Hz">好</prosody>',
            "prosody pitch '200Hz': expected x-low to x-high, or a change",
        ),
        ('<prosody volume="11">好</prosody>', "prosody volume '11': expected silent to x-loud"),
        ('<emphasis level="huge">好</emphasis>', "emphasis level 'huge': expected one of strong"),
        ('<break time="20s"/>好', "break time '20s': expected up to 10s"),
        ('<break time="soon"/>好', "break time 'soon'"),
        ('<break strength="long"/>好', "break strength 'long': expected one of none"),
        ('<voice name="nobody">好</voice>', "voice 'nobody' is unknown, expected one of female_1, male_1"),
        ("<voice>好</voice>", "<voice> has no name"),
        ("<sub>CRM</sub>", "<sub> has no alias"),
        ('<say-as interpret-as="poem">好</say-as>', "say-as interpret-as 'poem': expected one of number"),
        ("<say-as>好</say-as>", "say-as interpret-as None: expected one of number"),
        (
            '<say-as interpret-as="date">2026-13-03</say-as>',
            "say-as date holds '2026-13-03', expected a date",
        ),
        ('<say-as interpret-as="date" format="dym">3</say-as>', "say-as format 'dym': expected one of ymd"),
        ('<say-as interpret-as="money" format="x">3</say-as>', "say-as format 'x': expected none for money"),
        ("好☎", "'☎' has no reading and would be left out"),
        (
            '<prosody pitch="+4st"><prosody pitch="+4st">好</prosody></prosody>',
            "pitch in semitones of the tags",
        ),
    ],
)
def test_each_mistake_is_told_with_what_was_expected(inner: str, said: str) -> None:
    (found,) = mistakes(f"<speak>{inner}</speak>", VOICES)
    assert said in found


def test_all_mistakes_are_told_at_once() -> None:
    text = '<speak><blink>好</blink><break time="x"/><voice name="nobody">好</voice></speak>'
    assert len(mistakes(text, VOICES)) == 3


@pytest.mark.parametrize("text", ["您好ß", "<speak>您好ß</speak>", "こんにちは"])
def test_what_the_voice_would_leave_out_is_told(text: str) -> None:
    (found,) = mistakes(text)
    assert "has no reading and would be left out" in found


def test_a_text_of_marks_alone_cannot_be_spoken() -> None:
    assert mistakes("。。。") == ["nothing in it can be spoken; expected Chinese text"]
