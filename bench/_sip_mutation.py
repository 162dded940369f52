"""Broken SIP messages made of whole ones, by people's mistakes and attackers' ideas more than by chance."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

MAX_BYTES = 65_507  # what fits into a UDP datagram

NOISE = [
    b"\r\n", b"\r", b"\n", b"\r\n ", b"\r\n\t", b" ", b"\t", b":", b";", b",", b"<", b">", b'"', b"\\",
    b"=", b"@", b"?", b"%", b"%00", b"%zz", b"[", b"]", b"(", b")", b"*", b"/", b"&", b"\0", b"\x7f",
    b"\xff", b"\xc0\x80", b"\xed\xa0\x80", "\u5927".encode(), "\u202e".encode(), "\u2028".encode(),
    "\u0663".encode(), b"\xef\xbb\xbf", b"tag", b";tag=", b";branch=", b";rport", b";received=", b";lr",
    b"sip:", b"tel:", b"SIP/2.0", b"z9hG4bK", b"0", b"-1", b"255", b"256", b"65536", b"2147483648",
    b"4294967296", b"9" * 40, b"1e9", b"0x10", b"",
]  # fmt: skip
HEADERS = [
    b"Via", b"v", b"From", b"f", b"To", b"t", b"Call-ID", b"i", b"CSeq", b"Contact", b"m", b"Route",
    b"Record-Route", b"Require", b"Proxy-Require", b"Supported", b"Allow", b"Accept", b"Content-Type", b"c",
    b"Content-Encoding", b"Content-Length", b"l", b"Max-Forwards", b"Event", b"Expires", b"Retry-After",
    b"Refer-To", b"Subject", b"WWW-Authenticate", b"Proxy-Authenticate", b"Authorization", b"Min-Expires",
    b"X-Anything", b"P-Asserted-Identity",
]  # fmt: skip
METHODS = [
    b"INVITE", b"ACK", b"BYE", b"CANCEL", b"OPTIONS", b"INFO", b"NOTIFY", b"REGISTER", b"REFER", b"UPDATE",
    b"PRACK", b"invite", b"X", b"A" * 300, b"",
]  # fmt: skip
_LENGTH = re.compile(rb"(?i)(\r\n(?:Content-Length|l)\s*:)[^\r]*")


class Mutator:
    """``mutate`` breaks a message in one to four ways; the same seed gives the same messages."""

    def __init__(self, dice: random.Random, corpus: Sequence[bytes]) -> None:
        self._dice = dice
        self._corpus = list(corpus)
        self._ways: list[Callable[[bytes], bytes]] = [
            self._insert_noise,
            self._insert_noise,
            self._delete_range,
            self._truncate,
            self._splice,
            self._flip,
            self._change_start_line,
            self._drop_header,
            self._repeat_header,
            self._move_header,
            self._rename_header,
            self._take_value_of_another,
            self._blow_up_value,
            self._blow_up_value,
            self._fold,
            self._many_headers,
            self._many_values,
            self._change_number,
            self._change_body,
        ]

    def mutate(self, data: bytes) -> bytes:
        """The message, broken."""
        for _ in range(self._dice.choice((1, 1, 1, 2, 2, 4))):
            data = self._dice.choice(self._ways)(data)[:MAX_BYTES]
        return data

    # -- bytes -------------------------------------------------------------------------------------
    def _at(self, data: bytes) -> int:
        return self._dice.randrange(len(data) + 1)

    def _insert_noise(self, data: bytes) -> bytes:
        at = self._at(data)
        return data[:at] + self._dice.choice(NOISE) * self._dice.choice((1, 1, 2, 9)) + data[at:]

    def _delete_range(self, data: bytes) -> bytes:
        at = self._at(data)
        return data[:at] + data[at + self._dice.choice((1, 2, 5, 40)) :]

    def _truncate(self, data: bytes) -> bytes:
        return data[: self._at(data)]

    def _splice(self, data: bytes) -> bytes:
        other = self._dice.choice(self._corpus)
        return data[: self._at(data)] + other[self._at(other) :]

    def _flip(self, data: bytes) -> bytes:
        if not data:
            return data
        at = self._dice.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << self._dice.randrange(8))]) + data[at + 1 :]

    # -- lines -------------------------------------------------------------------------------------
    def _change_start_line(self, data: bytes) -> bytes:
        line, end, rest = data.partition(b"\r\n")
        words = line.split(b" ")
        at = self._dice.randrange(len(words))
        words[at] = self._dice.choice((self._dice.choice(METHODS), self._dice.choice(NOISE), words[at] * 50))
        return b" ".join(words) + end + rest

    def _lines(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Header lines (the start line is the first), and all that follows them."""
        head, end, body = data.partition(b"\r\n\r\n")
        return head.split(b"\r\n"), end + body

    def _pick(self, lines: list[bytes]) -> int:
        return self._dice.randrange(1, len(lines)) if len(lines) > 1 else 0

    def _drop_header(self, data: bytes) -> bytes:
        lines, rest = self._lines(data)
        del lines[self._pick(lines)]
        return b"\r\n".join(lines) + rest

    def _repeat_header(self, data: bytes) -> bytes:
        lines, rest = self._lines(data)
        at = self._pick(lines)
        lines[at:at] = [lines[at]] * self._dice.choice((1, 1, 3, 70, 300))
        return b"\r\n".join(lines) + rest

    def _move_header(self, data: bytes) -> bytes:
        lines, rest = self._lines(data)
        line = lines.pop(self._pick(lines))
        lines.insert(self._dice.randrange(len(lines) + 1), line)
        return b"\r\n".join(lines) + rest

    def _rename_header(self, data: bytes) -> bytes:
        lines, rest = self._lines(data)
        at = self._pick(lines)
        lines[at] = self._dice.choice(HEADERS) + b":" + lines[at].partition(b":")[2]
        return b"\r\n".join(lines) + rest

    def _take_value_of_another(self, data: bytes) -> bytes:
        """The value that another message of the corpus has in the same header, or in any."""
        lines, rest = self._lines(data)
        others, _ = self._lines(self._dice.choice(self._corpus))
        at = self._pick(lines)
        name = lines[at].partition(b":")[0]
        same = [line for line in others if line.partition(b":")[0].lower() == name.lower()]
        lines[at] = name + b":" + self._dice.choice(same or others).partition(b":")[2]
        return b"\r\n".join(lines) + rest

    def _blow_up_value(self, data: bytes) -> bytes:
        """One piece of a value many times over: what makes bad patterns backtrack and bad loops quadratic."""
        lines, rest = self._lines(data)
        at = self._pick(lines)
        line = lines[at]
        cut = self._dice.randrange(line.find(b":") + 1, len(line) + 1)
        piece = self._dice.choice(
            (*NOISE, *NOISE, line[cut : cut + 6], b";a=", b";a=b", b'\\"', b'"a"', b"<a>", b"a,")
        )
        count = self._dice.choice((10, 100, 1000, 10_000, 60_000)) // max(1, len(piece))
        lines[at] = line[:cut] + piece * count + line[cut:]
        return b"\r\n".join(lines) + rest

    def _fold(self, data: bytes) -> bytes:
        lines, rest = self._lines(data)
        at = self._pick(lines)
        lines[at] = re.sub(rb" ", b"\r\n" + b" " * self._dice.choice((1, 3, 2000)), lines[at])
        return b"\r\n".join(lines) + rest

    def _many_headers(self, data: bytes) -> bytes:
        lines, rest = self._lines(data)
        line = self._dice.choice(HEADERS) + b": " + self._dice.choice(NOISE)
        lines[1:1] = [line] * self._dice.choice((5, 60, 250, 5000))
        return b"\r\n".join(lines) + rest

    def _many_values(self, data: bytes) -> bytes:
        lines, rest = self._lines(data)
        at = self._pick(lines)
        name, _, value = lines[at].partition(b":")
        lines[at] = name + b":" + b",".join([value] * self._dice.choice((2, 10, 64, 65, 1000)))
        return b"\r\n".join(lines) + rest

    def _change_number(self, data: bytes) -> bytes:
        numbers = list(re.finditer(rb"[0-9]+", data))
        if not numbers:
            return data
        number = self._dice.choice(numbers)
        other = self._dice.choice(
            (b"0", b"1", b"-1", b"65536", b"2147483647", b"2147483648", b"9" * 5000, b"007", b"")
        )
        return data[: number.start()] + other + data[number.end() :]

    def _change_body(self, data: bytes) -> bytes:
        head, end, body = data.partition(b"\r\n\r\n")
        lines = body.split(b"\r\n")
        at = self._dice.randrange(len(lines))
        if self._dice.random() < 0.5:
            lines[at : at + 1] = [lines[at]] * self._dice.choice((0, 2, 50, 3000))
        else:
            cut = self._at(lines[at])
            lines[at] = (
                lines[at][:cut] + self._dice.choice(NOISE) * self._dice.choice((1, 500)) + lines[at][cut:]
            )
        body = b"\r\n".join(lines)
        if self._dice.random() < 0.8:
            length = b" %d" % len(body)
            head = _LENGTH.sub(lambda match: match[1] + length, head)
        return head + end + body
