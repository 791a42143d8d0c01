"""How fast dashlab is, measured side by side on this machine: `make bench`, or `python -m tests.bench`.

Nothing here is a test: a timing is reported, never asserted.
"""
