"""Tickets: good for one call until a time, and not to be altered."""

import base64
import json

import pytest

from yingda.gateway.tickets import Ticket, TicketError, check, issue

KEY = bytes(range(32))
TICKET = Ticket("c1", "wang", "投诉 17", 1000.0)


def test_a_ticket_plays_its_call_until_its_time() -> None:
    text = issue(TICKET, KEY)
    assert check(text, "c1", KEY, 999.9) == TICKET
    with pytest.raises(TicketError, match="expired"):
        check(text, "c1", KEY, 1000.0)
    with pytest.raises(TicketError, match="another call"):
        check(text, "c2", KEY, 0)


def test_any_altered_letter_and_another_key_are_noticed() -> None:
    text = issue(TICKET, KEY)
    for place, letter in enumerate(text):
        other = text[:place] + ("A" if letter != "A" else "B") + text[place + 1 :]
        with pytest.raises(TicketError, match="altered"):
            check(other, "c1", KEY, 0)
    for other in ("", ".", text + "=", text + "é", text.partition(".")[0], "{}." + text.partition(".")[2]):
        with pytest.raises(TicketError, match="altered"):
            check(other, "c1", KEY, 0)
    with pytest.raises(TicketError, match="altered"):
        check(text, "c1", bytes(32), 0)


def test_who_and_why_are_inside() -> None:
    said = issue(TICKET, KEY).partition(".")[0]
    inside = json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
    assert (inside["who"], inside["why"]) == ("wang", "投诉 17")
