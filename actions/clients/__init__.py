"""Plain clients of the back ends, without rasa_sdk."""
