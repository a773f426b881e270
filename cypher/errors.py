"""What can be wrong with a question or with what it is asked with. No message holds a parameter's value."""

from __future__ import annotations


class QuestionError(Exception):
    """A question or its parameters are not as they must be.

    ``code`` is fixed per reason, ``question`` the name of the question, ``parameter`` the parameter at fault if one is.
    """

    def __init__(self, code: str, question: str, message: str, parameter: str | None = None) -> None:
        super().__init__(f"{question}: {message} [{code}]")
        self.code = code
        self.question = question
        self.parameter = parameter


class LintError(QuestionError):
    """A question file is not in the spelling that both stores answer alike; says where and why."""

    def __init__(self, code: str, question: str, message: str, line: int, column: int) -> None:
        super().__init__(code, f"{question}.cypher:{line}:{column}", message)
        self.question = question
        self.line = line
        self.column = column
