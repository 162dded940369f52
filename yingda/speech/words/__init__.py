"""Tonal syllables and model output into the words that a client reads. Pure: no model, no sockets."""
