"""Recipes that build the shipped speech models from nothing; one command each, see training/README.md."""
