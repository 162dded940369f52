"""Tests; they mirror the tree.  A package, so that helpers can be imported as tests.<folder>.<module>."""
