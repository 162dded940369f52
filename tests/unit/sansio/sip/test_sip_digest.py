"""Digest answers against the worked examples of RFC 2617 3.5 and RFC 7616 3.9.1."""

from __future__ import annotations

import re

from yingda.sansio.sip.digest import Credentials, DigestClient
from yingda.sansio.sip.message import Response


def challenged(value: str, *more: str, status: int = 401) -> Response:
    name = "www-authenticate" if status == 401 else "proxy-authenticate"
    return Response(status, "", {name: [value, *more]})


def client(user: str, password: str, cnonce: str = "0a4f113b") -> DigestClient:
    return DigestClient(Credentials(user, password), lambda: cnonce)


def response_in(header: str) -> str:
    found = re.search(r'response="([0-9a-f]+)"', header)
    assert found
    return found[1]


RFC2617 = (
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
    ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",'
    ' opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def test_rfc_2617_example() -> None:
    digest = client("Mufasa", "Circle Of Life")
    assert digest.take_challenge(challenged(RFC2617), [])
    (header,) = digest.headers("GET", "/dir/index.html")["authorization"]
    assert response_in(header) == "6629fae49393a05397450978507c4ef1"
    assert "qop=auth, nc=00000001" in header
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in header


def test_rfc_7616_examples() -> None:
    for algorithm, expected in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        digest = client("Mufasa", "Circle of Life", CNONCE)
        assert digest.take_challenge(challenged(RFC7616.format(algorithm)), [])
        (header,) = digest.headers("GET", "/dir/index.html")["authorization"]
        assert response_in(header) == expected
        assert f"algorithm={algorithm}" in header


def test_old_servers_without_qop() -> None:
    digest = client("bob", "zanzibar")
    assert digest.take_challenge(challenged('Digest realm="biloxi.com", nonce="n1"', status=407), [])
    (header,) = digest.headers("INVITE", "sip:a@b")["proxy-authorization"]
    assert "qop" not in header
    assert "cnonce" not in header


def test_the_first_challenge_that_we_can_answer_counts() -> None:
    digest = client("bob", "zanzibar")
    odd = 'Digest realm="r", nonce="n", algorithm=SHA-512-256'
    strong = 'Digest realm="r", nonce="strong", algorithm=SHA-256'
    weak = 'Digest realm="r", nonce="weak", algorithm=MD5'
    assert digest.take_challenge(challenged(odd, strong, weak), [])
    (header,) = digest.headers("INVITE", "sip:a@b")["authorization"]
    assert 'nonce="strong"' in header


def test_second_refusal_is_final_unless_the_nonce_was_stale() -> None:
    digest, answered = client("bob", "wrong"), []  # type: ignore[var-annotated]
    assert digest.take_challenge(challenged('Digest realm="r", nonce="n1"'), answered)
    assert not digest.take_challenge(challenged('Digest realm="r", nonce="n2"'), answered)
    assert not digest.take_challenge(challenged('Digest realm="r", nonce="n1", stale=true'), answered)
    assert digest.take_challenge(challenged('Digest realm="r", nonce="n3", stale=TRUE'), answered)


def test_nonce_use_is_counted_and_what_cannot_be_answered_is_left() -> None:
    digest = client("bob", "zanzibar")
    assert not digest.take_challenge(challenged('Basic realm="r"'), [])
    assert not digest.take_challenge(challenged('Digest realm="r", nonce="n", qop="auth-int"'), [])
    assert not digest.take_challenge(Response(403, "", {}), [])
    assert digest.take_challenge(challenged(RFC2617), [])
    digest.headers("INVITE", "sip:a@b")
    assert "nc=00000002" in digest.headers("BYE", "sip:a@b")["authorization"][0]


def test_a_realm_that_is_not_unicode_breaks_nothing() -> None:
    digest = client("bob", "zanzibar")
    assert digest.take_challenge(challenged('Digest realm="\udcff", nonce="n"'), [])
    assert digest.headers("INVITE", "sip:a@b")


def test_quotes_are_escaped_and_the_password_is_never_shown() -> None:
    digest = client('b"ob', "zanzibar")
    assert digest.take_challenge(challenged('Digest realm="say \\"hi\\"", nonce="n"'), [])
    (header,) = digest.headers("INVITE", "sip:a@b")["authorization"]
    assert 'username="b\\"ob"' in header
    assert 'realm="say \\"hi\\""' in header
    assert "secret" not in repr(Credentials("bob", "secret"))
