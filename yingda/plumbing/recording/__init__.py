"""Recordings of calls: the encrypted file, its keys, where files lie, and the one way to read them."""
