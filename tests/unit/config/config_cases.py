"""Names and notation shared by the tests of configuration."""

from __future__ import annotations

from polyrun.model.errors import ConfigError
from polyrun.model.syntax import LanguageSyntax

PYTHON = LanguageSyntax("python", ("#",))
JAVA = LanguageSyntax("java", ("//",))
LANGUAGES = {"python": PYTHON, "py": PYTHON, "java": JAVA}


def faults_of(error: ConfigError) -> list[str]:
    """Each fault as `line:column code text`, where the text is what the label covers."""
    return [
        f"{error.source.position(d.primary.span.start)} {d.code.value} {error.source.text(d.primary.span)}"
        for d in error.diagnostics
    ]
