"""Who may log in, and that no password is seen on the way."""

from pathlib import Path

import pytest

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.machine.accounts import VARIABLE, read_accounts, without_passwords


def test_accounts_come_from_the_environment_and_a_file(tmp_path: Path) -> None:
    file = tmp_path / "accounts"
    file.write_text("# mine\n\n rui : a b:c \nana:second\n", encoding="utf-8")
    environ = {VARIABLE: "ana:first\neva:x", "other": "1"}
    assert read_accounts(file, environ) == [("ana", "second"), ("eva", "x"), ("rui", " a b:c")]
    assert environ == {"other": "1"}
    assert read_accounts(None, {}) == []


@pytest.mark.parametrize("line", ["secret", ":secret", "ana:", "  :  "])
def test_what_is_no_account_is_refused_without_being_repeated(line: str) -> None:
    with pytest.raises(InvalidRequest, match="USER:PASSWORD") as refused:
        read_accounts(None, {VARIABLE: line})
    assert "secret" not in str(refused.value)


def test_a_file_that_holds_none_or_cannot_be_read_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# nobody\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, said in (("empty", "has no accounts"), ("binary", "not text in UTF-8"), ("none", "cannot be read")):
        with pytest.raises(InvalidRequest, match=said):
            read_accounts(tmp_path / name, {})


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (["app.py", "--auth", "a:b", "--port", "1"], ["app.py", "--port", "1"]),
        (["app.py", "--auth=a:b", "--auth", "c:d"], ["app.py"]),
        (["app.py", "--auth", "--auth", "--mcp"], ["app.py", "--mcp"]),
        (["app.py", "--auth-file", "x"], ["app.py", "--auth-file", "x"]),
    ],
)
def test_arguments_are_left_without_passwords(given: list[str], left: list[str]) -> None:
    assert without_passwords(given) == left
