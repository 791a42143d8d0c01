"""The command line: `python -m dashlab`."""
