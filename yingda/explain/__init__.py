"""Why the assistant answered as it did: from Rasa's events and the designers' files, for people. No I/O but
reading those files; used by `make talk` and by the test caller."""
