"""Written text into what is spoken: numbers, SSML, readings, clauses. Pure."""
