"""Who is let in, and what the others are told."""

import pytest

from yingda.speech.api.bearer import Denied, Gate, is_loopback
from yingda.speech.settings import Token

CRM, SHOP = Token("crm", "c" * 16), Token("shop", "s" * 20)


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}"}


@pytest.mark.requirement(8)
@pytest.mark.requirement(19)
def test_a_token_names_its_holder() -> None:
    gate = Gate([CRM, SHOP])
    assert gate.admit("10.0.0.7", bearer(CRM.token)) == "crm"
    assert gate.admit("10.0.0.7", bearer(SHOP.token, "bearer")) == "shop"


@pytest.mark.requirement(8)
@pytest.mark.requirement(19)
@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, 'Bearer realm="yingda"'),
        (bearer(""), 'Bearer realm="yingda"'),
        (bearer(CRM.token, "Basic"), 'Bearer realm="yingda"'),
        (bearer(CRM.token[:-1]), 'Bearer realm="yingda", error="invalid_token"'),
        (bearer(CRM.token + "x"), 'Bearer realm="yingda", error="invalid_token"'),
        (bearer("错\udcff"), 'Bearer realm="yingda", error="invalid_token"'),
    ],
)
def test_without_a_right_one_even_loopback_is_refused(headers: dict[str, str], challenge: str) -> None:
    with pytest.raises(Denied) as denied:
        Gate([CRM, SHOP]).admit("127.0.0.1", headers)
    assert (denied.value.status, denied.value.challenge) == (401, challenge)
    assert CRM.token not in str(denied.value)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_without_tokens_this_machine_is_served(peer: str) -> None:
    assert is_loopback(peer)
    assert Gate([]).admit(peer, {}) == "loopback"


@pytest.mark.parametrize("peer", ["10.0.0.7", "::ffff:10.0.0.7", "fe80::1%eth0", "", None])
def test_without_tokens_others_are_not(peer: str | None) -> None:
    with pytest.raises(Denied, match=r"server\.http_tokens") as denied:
        Gate([]).admit(peer, {})
    assert denied.value.status == 403


@pytest.mark.parametrize("header", ["Origin", "X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_a_proxy_or_a_browser_on_this_machine_is_not_this_machine(header: str) -> None:
    with pytest.raises(Denied):
        Gate([]).admit("127.0.0.1", {header: "https://somewhere.example"})


def test_a_token_is_not_in_what_is_printed() -> None:
    assert CRM.token not in repr(CRM)
