"""Words of this call that recognition shall favour: the customer's name, what he or she has, what was told.

A name that is said sounds like many others, 王晓红 like 王小红; recognition writes the one that the CRM has.
The voice channel keeps the words to the end of the call; other channels drop them.
"""

from __future__ import annotations

from collections.abc import Iterable

from rasa_sdk.executor import CollectingDispatcher

from actions.clients.crm import Bill, Customer


def send(dispatcher: CollectingDispatcher, words: Iterable[str]) -> None:
    """Add words to those of the call."""
    listed = [word for word in dict.fromkeys(words) if word]
    if listed:
        dispatcher.utter_message(json_message={"type": "hotwords", "words": listed})


def of_customer(customer: Customer) -> tuple[str, ...]:
    """The name, and the products, plans and services that the CRM has for the customer."""
    return (customer.name, *customer.products)


def of_bill(bill: Bill) -> tuple[str, ...]:
    """What the bot has just named, so that the customer will."""
    return tuple(line.name for line in bill.lines)
