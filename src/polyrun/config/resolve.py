"""Many layers become one `Settings`; a layer that came with a document may only tighten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from polyrun.config.files import ConfigFile
from polyrun.config.layers import MAX_DIAGNOSTICS, Layer
from polyrun.config.settings import DOCUMENT_CEILING, AuditSettings, DockerSettings, Settings
from polyrun.config.table import ANY_LANGUAGE, ASKABLE, SETTINGS
from polyrun.model.codes import Code
from polyrun.model.diagnostics import Diagnostic, Label, Severity
from polyrun.model.errors import ConfigError
from polyrun.model.frozen import as_dict, replace
from polyrun.model.limits import Limits
from polyrun.model.permissions import Permissions

_TRUST_HINT = (
    "give the file with `-c`, or name its folder in `trust.folders` of your own configuration, if you trust it"
)

_RULES = {setting.target: setting.trust.allows for setting in SETTINGS}


def merge(layers: Iterable[Layer]) -> dict[str, Any]:
    """The values of all `layers` by target; later ones win."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged.update(layer.values)
    return merged


def resolve(values: Mapping[str, Any]) -> Settings:
    """The settings that `values` (by target) give, on top of the defaults.

    A timeout that is longer than the processor time allows it brings its own processor time, unless that was set too.
    """
    groups: dict[str, dict[str, Any]] = {}
    plain: dict[str, Any] = {}
    languages: dict[str, dict[str, float | int]] = {}
    for target, value in values.items():
        match target.split("."):
            case [name]:
                plain[name] = value
            case [group, name]:
                groups.setdefault(group, {})[name] = value
            case ["language_limits", language, name]:
                languages.setdefault(language, {})[name] = value
            case _:
                raise AssertionError(target)
    defaults = Settings()
    changed = {name: replace(getattr(defaults, name), **group) for name, group in groups.items()}
    settings = replace(defaults, **plain, **changed, language_limits=languages)
    return _with_cpu_time(settings, frozenset(groups.get("limits", {})), frozenset(groups.get("build_limits", {})))


def _with_cpu_time(settings: Settings, chosen: frozenset[str], chosen_for_build: frozenset[str]) -> Settings:
    limits, build = settings.limits, settings.build_limits
    if "cpu_s" not in chosen and limits.wall_s > limits.cpu_s:
        limits = replace(limits, cpu_s=limits.wall_s)
        chosen |= {"cpu_s"}
    if "cpu_s" not in chosen_for_build and build.wall_s > build.cpu_s:
        build = replace(build, cpu_s=build.wall_s)
    languages = {}
    for language, own in settings.language_limits.items():
        wall, cpu = own.get("wall_s", 0), own.get("cpu_s", limits.cpu_s)
        follows = "cpu_s" not in own and "cpu_s" not in chosen and wall > cpu
        languages[language] = {**own, "cpu_s": wall} if follows else own
    return replace(settings, limits=limits, build_limits=build, language_limits=languages, chosen_limits=chosen)


def refuse_loosening(file: ConfigFile, layer: Layer, trusted: Settings, settled: Collection[str]) -> None:
    """Raise `ConfigError` for all that `layer`, which came with a document, would loosen.

    `trusted` is what the user's own configuration gives. Where it leaves open what a block may set
    for itself, the file may set the same (ADR 8). `settled` are targets that a more
    important layer sets anyway.
    """
    allowed = _flat(trusted) | {
        f"limits.{name}": max(getattr(DOCUMENT_CEILING, name), getattr(trusted.limits, name) or 0)
        for name in ASKABLE
        if name not in trusted.chosen_limits
    }
    faults = [
        Diagnostic(
            Code.UNTRUSTED_SETTING,
            Severity.ERROR,
            f"`{layer.keys[target]}` would loosen what you allow, and this file came with the document",
            Label(layer.spans[target]),
            hint=_TRUST_HINT,
        )
        for target, value in layer.values.items()
        if target not in settled and not _is_no_looser(target, value, allowed)
    ]
    if faults:
        raise ConfigError(file.source, tuple(faults[:MAX_DIAGNOSTICS]))


def _is_no_looser(target: str, value: object, allowed: Mapping[str, Any]) -> bool:
    match target.split("."):
        case ["language_limits", _, name]:
            rule = _RULES[f"language_limits.{ANY_LANGUAGE}.{name}"]
            return rule(allowed.get(target, allowed[f"limits.{name}"]), value)
        case _:
            return _RULES[target](allowed[target], value)


def _flat(settings: Settings) -> dict[str, Any]:
    """The fields of `settings` by target, those of its parts dotted."""
    flat: dict[str, Any] = {}
    for name, value in as_dict(settings).items():
        if isinstance(value, Limits | Permissions | DockerSettings | AuditSettings):
            flat |= {f"{name}.{part}": inner for part, inner in as_dict(value).items()}
        elif name == "language_limits":
            flat |= {f"{name}.{language}.{part}": v for language, own in value.items() for part, v in own.items()}
        else:
            flat[name] = value
    return flat
