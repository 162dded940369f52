"""Tracker store and lock store."""
