"""What the bot does: one topic per file, on the action server. May import rasa_sdk; the clients may not."""
