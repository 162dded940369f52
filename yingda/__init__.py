"""Yingda: a Mandarin voice bot on the telephone."""

__version__ = "0.1.0"
