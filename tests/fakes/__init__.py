"""Stand-ins with a script.  They understand nothing; what they answer is written down beforehand."""
