"""Clauses into audio: whose voice, how, in which order, and what was spoken before."""
