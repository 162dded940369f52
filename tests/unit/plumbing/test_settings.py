"""Settings: what is read, and the exact sentence for everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from yingda.plumbing.settings import SettingsError, knob, load


@dataclass(frozen=True)
class Sip:
    port: int = knob(5060, low=1, high=65535)
    transport: Literal["udp", "tcp"] = "udp"
    codecs: tuple[str, ...] = ("PCMA",)


@dataclass(frozen=True)
class Trunk:
    host: str
    user: str | None = None


@dataclass(frozen=True)
class Gateway:
    name: str
    sip: Sip = field(default_factory=Sip)
    gain: float = knob(1.0, low=0.0)
    record: bool = True
    folder: Path = Path("var")
    trunks: list[Trunk] = field(default_factory=list)
    levels: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.gain == 0 and self.record:
            raise ValueError("record: true needs a gain above 0")


def read(folder: Path, text: str, **environ: str) -> Gateway:
    path = folder / "gateway.yml"
    path.write_text(text, encoding="utf-8")
    return load(path, Gateway, environ)


def test_everything_of_a_file_arrives_typed(tmp_path: Path) -> None:
    text = """
name: 英达
sip: {port: 5070, transport: tcp, codecs: [PCMA, PCMU]}
gain: 2
record: no
folder: /srv/yingda
trunks:
  - {host: a.example, user: u}
  - {host: b.example}
levels: {quiet: 3}
"""
    assert read(tmp_path, text) == Gateway(
        name="英达",
        sip=Sip(5070, "tcp", ("PCMA", "PCMU")),
        gain=2.0,
        record=False,
        folder=Path("/srv/yingda"),
        trunks=[Trunk("a.example", "u"), Trunk("b.example")],
        levels={"quiet": 3},
    )


def test_defaults_stand_for_what_the_file_leaves_out(tmp_path: Path) -> None:
    assert read(tmp_path, "name: x\nsip:\n") == Gateway("x")


BAD = [
    ("", "key 'name' is missing; add it: a text"),
    ("name: x\nsip:\n  port: abc", "line 3: key 'sip.port': got 'abc', expected an integer 1-65535"),
    ("name: x\nsip:\n  port: 70000", "line 3: key 'sip.port': got 70000, expected an integer 1-65535"),
    ("name: x\nsip:\n  port: true", "line 3: key 'sip.port': got True, expected an integer 1-65535"),
    (
        "name: x\nsip: {prt: 1}",
        "line 2: key 'sip.prt' is unknown; remove it or use one of: port, transport, codecs",
    ),
    ("name: x\nsip: udp", "line 2: key 'sip': got 'udp', expected a section with keys"),
    (
        "name: x\nsip: {transport: tls}",
        "line 2: key 'sip.transport': got 'tls', expected one of 'udp', 'tcp'",
    ),
    ("name: x\nsip: {codecs: [1]}", "line 2: key 'sip.codecs[0]': got 1, expected a text"),
    (
        "name: x\nsip: {codecs: PCMA}",
        "line 2: key 'sip.codecs': got 'PCMA', expected a list, each item a text",
    ),
    ("name: x\ngain: -1", "line 2: key 'gain': got -1, expected a number of at least 0.0"),
    ("name: x\ngain: .nan", "line 2: key 'gain': got nan, expected a number of at least 0.0"),
    ("name: x\nrecord: maybe", "line 2: key 'record': got 'maybe', expected true or false"),
    ("name: 7", "line 1: key 'name': got 7, expected a text"),
    ("name: x\ntrunks: [{user: u}]", "key 'trunks[0].host' is missing; add it: a text"),
    ("name: x\nlevels: {a: b}", "line 2: key 'levels.a': got 'b', expected an integer"),
    ("name: x\nname: y", "line 2: key 'name' stands there twice"),
    ("name: [", "line 1: is not valid YAML: expected the node content, but found '<stream end>'"),
    ("name: x\ngain: 0", "line 1: record: true needs a gain above 0"),
    ("- name", "line 1: got ['name'], expected a section with keys"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_bad_file_is_refused_with_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, text)
    assert str(refused.value) == f"{tmp_path}/gateway.yml: {message}"


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"gone\.yml: cannot be read \(No such file or directory\); restore"
    ):
        load(tmp_path / "gone.yml", Gateway, {})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    found = read(
        tmp_path, "name: x\nsip: {port: 1}", YINGDA_GATEWAY__SIP__PORT="5062", YINGDA_GATEWAY__GAIN="2"
    )
    assert (found.sip.port, found.gain) == (5062, 2.0)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("YINGDA_GATEWAY__SIP__PORT", "x", "key 'sip.port': got 'x', expected an integer 1-65535"),
        ("YINGDA_GATEWAY__SPI__PORT", "1", "key 'spi' is unknown; remove it or use one of: name, sip"),
    ],
)
def test_a_bad_variable_is_named(tmp_path: Path, variable: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, "name: x", **{variable: value})
    assert f"{variable}: {message}" in str(refused.value)


def test_variables_of_other_files_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, "name: x", YINGDA_SPEECH__SERVER__PORT="1", YINGDA_HOME="/x") == Gateway("x")


def test_optional_values(tmp_path: Path) -> None:
    trunks: list[Any] = read(tmp_path, "name: x\ntrunks: [{host: h, user: null}]").trunks
    assert trunks == [Trunk("h", None)]
