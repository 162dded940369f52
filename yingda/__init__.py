"""Yingda: an open-source Mandarin voice bot for the telephone."""
