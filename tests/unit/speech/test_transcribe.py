"""Which files are meant, what is printed of them, and what is said when it goes wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from yingda.speech import recordings, transcribe
from yingda.speech.hearing.recogniser import StepRequest, StepResult
from yingda.speech.words.lexicon import Lexicon
from yingda.speech.words.syllables import Decoder
from yingda.speech.words.transcript import Transcriber, Transcript, join


class Parrot:
    name, sample_rate, chunk_samples, kind, syllables = "parrot", 8000, 1280, "rnnt", False
    languages: tuple[str, ...] = ()

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        assert all(r.options.boosts == (("余额", 8.0),) for r in requests)
        return [StepResult(final="你 好", confidence=0.5) if r.last else StepResult() for r in requests]

    def drop(self, streams: Sequence[int]) -> None:
        raise AssertionError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_folders_are_walked_and_lists_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    touch(
        tmp_path,
        "b/2.OPUS",
        "b/1.wav",
        "b/c/3.mp3",
        "b/4.flac",
        "b/5.ogg",
        "b/6.sph",
        "b/7.m4a",
        "b/notes.txt",
        "z.aiff",
        "a b.wav",
    )
    (tmp_path / "list.txt").write_text("\ufeffz.aiff\n\n a b.wav \r\nb/c\n", encoding="utf-8")
    files, problems = transcribe.find(["z.aiff", "b", "@list.txt"])
    assert [str(path) for path in files] == [
        "z.aiff", "b/1.wav", "b/2.OPUS", "b/4.flac", "b/5.ogg", "b/6.sph", "b/7.m4a", "b/c/3.mp3",
        "z.aiff", "a b.wav", "b/c/3.mp3",
    ]  # fmt: skip
    assert problems == []


def test_names_in_a_list_are_found_from_here_or_from_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    touch(tmp_path, "data/a.wav", "data/b.wav", "here/b.wav")
    (tmp_path / "data/list.txt").write_text("a.wav\nb.wav\nc.wav\n", encoding="utf-8")
    files, problems = transcribe.find(["@../data/list.txt"])
    assert [str(path) for path in files] == ["../data/a.wav", "b.wav"]
    assert len(problems) == 1 and problems[0].startswith("c.wav: there is no such file")


def test_what_is_not_there_is_named_and_the_others_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "a.wav", "empty/notes.txt")
    (tmp_path / "gbk.txt").write_bytes("录音.wav".encode("gbk"))
    (tmp_path / "list.txt").write_text("gone.wav\na.wav\n", encoding="utf-8")
    too_long = "好" * 100  # no file system takes it
    files, problems = transcribe.find(["@none.txt", "@gbk.txt", "empty", "@list.txt", too_long])
    assert [str(path) for path in files] == ["a.wav"]
    assert problems == [
        "none.txt: cannot be read (No such file or directory); expected UTF-8 text, one file name a line",
        "gbk.txt: is not UTF-8; expected UTF-8 text, one file name a line",
        "empty: holds no audio; expected .wav .flac .ogg .oga .opus .mp3 .aif .aiff .au .caf .sph .w64 files"
        " in it",
        "gone.wav: there is no such file; expected an audio file or a folder of them",
        f"{too_long}: there is no such file; expected an audio file or a folder of them",
    ]


def test_a_line_is_name_text_and_confidence() -> None:
    assert (
        transcribe.line(Path("录音/a b.wav"), Transcript("查余额", 0.91249)) == "录音/a b.wav\t查余额\t0.912"
    )
    assert transcribe.line(Path("a\tb\n.wav"), Transcript("", 0.0)) == "a b .wav\t\t0.000"


def test_utterances_of_a_recording_are_one_text_with_the_least_confidence() -> None:
    parts = [Transcript("查余额", 0.9), Transcript("", 0.0), Transcript("谢谢", 0.6), Transcript("OK", 0.8)]
    assert join(parts) == Transcript("查余额谢谢 OK", 0.6)
    assert join([]) == Transcript("", 0.0)


def test_hotwords_without_effect_are_named() -> None:
    lexicon = Lexicon(words=["<s>", "</s>"], logs=[0.0, 0.0])
    lexicon.add_word("余额", -3.0, ["yu2 e2"])
    syllables, text = Parrot(), Parrot()
    syllables.kind, syllables.syllables = "ctc", True
    assert transcribe.unheeded(syllables, Transcriber(Decoder(lexicon)), ["余额", "VIP", "账"]) == [
        "VIP",
        "账",
    ]
    assert transcribe.unheeded(text, Transcriber(None), ["余额"]) == []
    text.kind = "ctc"
    assert transcribe.unheeded(text, Transcriber(None), ["余额"]) == ["余额"]


def test_no_files_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert transcribe.main([]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert "FILES: got nothing" in err and "make transcribe FILES=" in err


def test_only_names_of_nothing_begin_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert transcribe.main(["gone.wav"]) == 1
    assert "gone.wav: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("recogniser: {model: none.nemo}", "'recogniser.model': none.nemo: there is no such file"),
        ("recogniser: {chunk_ms: soon}", "'recogniser.chunk_ms'"),
    ],
)
def test_settings_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, key: str
) -> None:
    touch(tmp_path, "a.wav")
    (tmp_path / "speech.yml").write_text(text, encoding="utf-8")
    assert transcribe.main(["--settings", str(tmp_path / "speech.yml"), str(tmp_path / "a.wav")]) == 2
    assert key in capsys.readouterr().err


def test_a_bad_file_is_named_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.wav", "c.wav"):
        soundfile.write(tmp_path / name, np.zeros(4000, np.float32), 8000)
    (tmp_path / "b.wav").write_bytes(b"no sound")
    settings = tmp_path / "speech.yml"
    settings.write_text("", encoding="utf-8")
    monkeypatch.setattr(transcribe, "load_model", lambda *_: (Parrot(), Transcriber(None)))
    assert transcribe.main(["--settings", str(settings), "--hotwords", "余额", "--", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == f"{tmp_path}/a.wav\t你好\t0.500\n{tmp_path}/c.wav\t你好\t0.500\n"
    assert f"{tmp_path}/b.wav: is no audio (Format not recognised); expected audio" in err
    assert "2 of 3 files, 1 s of audio" in err


class Unlucky(Parrot):
    """Fails in the step with the second recording."""

    def step(self, requests: Sequence[StepRequest]) -> list[StepResult]:
        if any(r.stream == 1 for r in requests):
            raise RuntimeError("out of\nmemory")
        return super().step(requests)

    def drop(self, streams: Sequence[int]) -> None:
        assert streams == [1]


class Puzzled(Transcriber):
    """Cannot read one text."""

    texts = 0

    def read(self, *arguments: Any, **more: Any) -> Transcript:
        self.texts += 1
        if self.texts == 2:
            raise ZeroDivisionError("no words")
        return super().read(*arguments, **more)


def test_a_failure_in_the_middle_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "abcde":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(4000, np.float32), 8000)
    settings = tmp_path / "speech.yml"
    settings.write_text("recogniser: {max_batch: 1}", encoding="utf-8")
    plain = recordings.read

    def read(path: Path, longest_s: float) -> Any:
        if path.name == "d.wav":
            raise MemoryError
        return plain(path, longest_s)

    monkeypatch.setattr(recordings, "read", read)
    monkeypatch.setattr(transcribe, "load_model", lambda *_: (Unlucky(), Puzzled(None)))
    assert transcribe.main(["--settings", str(settings), "--hotwords", "余额", "--", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == f"{tmp_path}/a.wav\t你好\t0.500\n{tmp_path}/e.wav\t你好\t0.500\n"
    for name, reason in (
        ("b", "RuntimeError: out of"), ("c", "ZeroDivisionError: no words"), ("d", "MemoryError: "),
    ):  # fmt: skip
        assert f"{tmp_path}/{name}.wav: could not be transcribed ({reason}); try it again by itself" in err
    assert "2 of 5 files" in err
