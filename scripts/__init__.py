"""The launcher, the checks before it and the test run. Commands stand in the Makefile."""
