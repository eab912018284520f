"""Hypothesis, the same in each run, on a machine of any load."""

import hypothesis

settings = hypothesis.settings(
    derandomize=True, deadline=None, database=None, max_examples=200,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large])


def any_of(*strategies):
    """hypothesis.given with these settings."""
    return lambda test: settings(hypothesis.given(*strategies)(test))
