"""Callers' audio into model steps: admission, batching, the thread that owns the model."""
