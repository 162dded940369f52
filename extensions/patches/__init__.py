"""Changes to Rasa itself, each applied only to the version it was written for."""
