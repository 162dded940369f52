"""Channels of the dialogue. Edited by engineers; may import rasa, yingda.messages, extensions."""
