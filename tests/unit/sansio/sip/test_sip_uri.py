"""URIs, addresses, parameters and Via."""

from __future__ import annotations

import pytest

from yingda.sansio.sip.uri import (
    UnknownScheme,
    is_ipv4,
    parse_name_addr,
    parse_params,
    parse_uri,
    parse_via,
    split_list,
    tag_of,
)


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("sip:13800138000@192.0.2.1", "13800138000", "192.0.2.1", 0),
        ("sip:%2B8613800138000@example.com:5070;user=phone", "+8613800138000", "example.com", 5070),
        ("SIPS:alice:secret@[2001:db8::1]:5061", "alice", "[2001:db8::1]", 5061),
        ("sip:192.0.2.1;lr", "", "192.0.2.1", 0),
        ("tel:+86-138-0013-8000;phone-context=x", "+8613800138000", "", 0),
    ],
)
def test_uri(text: str, user: str, host: str, port: int) -> None:
    uri = parse_uri(text)
    assert (uri.user, uri.host, uri.port) == (user, host, port)


@pytest.mark.parametrize(
    "text", ["", "sip:", "sip:@x", "sip:a b@c", "sip:a@b:99999", "sip:a@b:0", "192.0.2.1", "<sip:a@b>"]
)
def test_malformed_uri(text: str) -> None:
    with pytest.raises(ValueError):
        parse_uri(text)


def test_unknown_scheme_is_told_apart() -> None:
    with pytest.raises(UnknownScheme):
        parse_uri("soap.beep://192.0.2.103:3002")
    with pytest.raises(ValueError) as caught:
        parse_uri("sip:bad uri")
    assert not isinstance(caught.value, UnknownScheme)


def test_parameters() -> None:
    assert parse_uri("sip:192.0.2.9;lr;x=1").has_param("lr")
    assert not parse_uri("sip:192.0.2.9;lrx=1").has_param("lr")
    assert parse_params(';A=1 ; b ;c="x;\\"y"') == {"a": "1", "b": "", "c": 'x;"y'}
    with pytest.raises(ValueError):
        parse_params(";;=")


def test_name_addr() -> None:
    address = parse_name_addr('"Zhang, <San>" <sip:a@b;x=1>;tag=88;q=0.5')
    assert (address.display, address.uri, address.params["tag"]) == ("Zhang, <San>", "sip:a@b;x=1", "88")
    plain = parse_name_addr("sip:a@b;tag=7")
    assert (plain.uri, plain.params) == ("sip:a@b", {"tag": "7"})
    assert parse_name_addr("Watson T. <sip:t@b>").display == "Watson T."


@pytest.mark.parametrize(
    "text", ['"x <sip:a@b>', "<sip:a@b", "<>", "nothing", "<sip:a b@c>", 'x"y <sip:a@b>']
)
def test_malformed_name_addr(text: str) -> None:
    with pytest.raises(ValueError):
        parse_name_addr(text)


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("<sip:a@b>;tag=x1", "x1"),
        ("<sip:a;tag=no@b>", ""),
        ("<sip:a@b> ; Tag = y ;q=1", "y"),
        ("sip:a@b;tag=z", "z"),
        ('"tag=q" <sip:a@b>', ""),
    ],
)
def test_tag(value: str, tag: str) -> None:
    assert tag_of(value) == tag


def test_via() -> None:
    via = parse_via("SIP / 2.0 / UDP host.example.com:5070;rport;branch=z9hG4bK1;received=192.0.2.1")
    assert (via.transport, via.host, via.port, via.branch) == ("UDP", "host.example.com", 5070, "z9hG4bK1")
    assert via.params["rport"] == ""
    for text in ("UDP host", "SIP/2.0/UDP", "SIP/2.0/UDP a b", "SIP/2.0/UDP host:70000"):
        with pytest.raises(ValueError):
            parse_via(text)


def test_lists_and_addresses() -> None:
    assert split_list('<sip:a,b@c>, "x, y" <sip:d@e> ,,f') == ["<sip:a,b@c>", '"x, y" <sip:d@e>', "f"]
    assert is_ipv4("192.0.2.1")
    assert not is_ipv4("300.0.2.1")
    assert not is_ipv4("example.com")
