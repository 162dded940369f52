"""Input and output channels of the dialogue. Edited by engineers; may import rasa, yingda.messages, extensions."""
