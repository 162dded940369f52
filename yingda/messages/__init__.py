"""What the processes say to each other.  Standard library only; imports nothing else of ours."""
