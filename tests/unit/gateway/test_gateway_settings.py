"""The shipped settings file says what the code does without it, and names every knob."""

from __future__ import annotations

import pytest

from yingda.gateway.settings import GatewaySettings
from yingda.plumbing.settings import SettingsError, load

FILE = "settings/gateway.yml"


def test_file_and_defaults_agree():
    assert load(FILE, GatewaySettings, environ={}) == GatewaySettings()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SIP__PORT", "abc", "sip.port"),
        ("SIP__PORT", "70000", "sip.port"),
        ("TURNS__SILENCE_S", "soon", "turns.silence_s"),
        ("VAD__THRESHOLD", "2", "vad.threshold"),
        ("MEDIA__RECORD", "perhaps", "media.record"),
        ("SIP__PRT", "5060", "prt"),
        ("TRUNKS", "[{host: 192.0.2.1}]", "name"),
    ],
)
def test_wrong_values_are_refused_by_name(variable, value, said):
    with pytest.raises(SettingsError, match=said):
        load(FILE, GatewaySettings, environ={f"YINGDA_GATEWAY__{variable}": value})


def test_trunks_are_read():
    trunks = "[{name: a, host: 192.0.2.1, username: u, password: p}]"
    settings = load(FILE, GatewaySettings, environ={"YINGDA_GATEWAY__TRUNKS": trunks})
    assert settings.trunks[0].port == 5060
