"""Spoken Mandarin numbers become written values, in one place.

`normalise` rewrites a transcript and is idempotent: 一百块 -> 100元, 幺三八… -> 138…, 十点半 -> 10:30.
`find_values` lists the values of a normalised text with their spans, dates and times in ISO 8601.
`resolve_date`, `resolve_month` and `resolve_time` make calendar values; today is an argument.
Words that merely contain a numeral (一下, 一个, 有一点, 统一, 万一, 十分) are left alone.
"""

from yingda.sansio.numerals.cardinal import parse_cardinal
from yingda.sansio.numerals.clock import CHINA, iso_date, resolve_date, resolve_month, resolve_time
from yingda.sansio.numerals.spoken import normalise
from yingda.sansio.numerals.values import Value, find_values

__all__ = [
    "CHINA",
    "Value",
    "find_values",
    "iso_date",
    "normalise",
    "parse_cardinal",
    "resolve_date",
    "resolve_month",
    "resolve_time",
]
