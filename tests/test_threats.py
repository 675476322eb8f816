"""Every threat of the scorecard has tests, and they are there."""

import pytest
from soak.threats import THREATS, missing


def test_all_threats_are_listed() -> None:
    assert len(THREATS) == 23
    assert all(THREATS.values())


@pytest.mark.parametrize("threat", THREATS)
def test_a_threat_has_the_tests_that_check_it(threat: str) -> None:
    assert missing(threat) == []
