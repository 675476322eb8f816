"""The scorecard: what the running app withstands, measured by `python -m tests.soak --minutes M`.

Every row is a function from a running app, a clock and a count to a `Row`. The test suite calls the same functions with
small counts.
"""
