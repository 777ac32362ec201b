"""Immutable records that cost next to nothing to define.

`@frozen` gives a class what `@dataclass(frozen=True, slots=True)` gives it: a constructor, `==`, `hash`, `repr`,
slots and a refusal to be changed. `dataclasses` compiles six functions for each class when it is imported, about
0.6 ms; PolyRun has more than a hundred such classes, and a short document is done in less time than that took. Here
the methods are shared, and a constructor is compiled once a class is used often.

Differences: a default must itself be immutable, because all instances share it (so there is no `field()`), and
class variables stand without an annotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from typing import TypeVar, dataclass_transform

    _T = TypeVar("_T")
else:

    def dataclass_transform(**_: object) -> Any:
        """Stand in for the typing construct, which only type checkers need."""
        return lambda function: function


_COMPILED_AFTER = 16

NOTHING: Mapping[Any, Any] = MappingProxyType({})
"""An empty mapping that is safe as a default."""


@dataclass_transform(frozen_default=True)
def frozen(cls: type[_T]) -> type[_T]:
    """Make `cls` an immutable record of its annotated names, in their order, after those of its bases.

    A method `__post_init__`, if there is one, runs at the end of the constructor. Raises `TypeError` for a
    mutable default and for a field without a default after one with.
    """
    body = dict(vars(cls))
    own = tuple(body.get("__annotations__", ()))
    defaults = dict(getattr(cls, "__frozen_defaults__", {}))
    for name in own:
        if name in body:
            value = defaults[name] = body.pop(name)
            if isinstance(value, list | dict | set | bytearray):
                raise TypeError(f"`{cls.__name__}.{name}` has a default that can change")
        elif defaults:
            raise TypeError(f"`{cls.__name__}.{name}` needs a default, because a field before it has one")
    body.pop("__dict__", None)
    body.pop("__weakref__", None)
    body.update(
        __slots__=own,
        __match_args__=tuple(getattr(cls, "__match_args__", ())) + own,
        __frozen_defaults__=defaults,
        __frozen_uses__=0,
        __init__=_early_init,
        __setattr__=_refuse,
        __delattr__=_refuse,
        __replace__=replace,
        __getstate__=_state,
        __setstate__=_restore,
    )
    for name, method in (("__repr__", _repr), ("__eq__", _equal), ("__hash__", _hash)):
        body.setdefault(name, method)
    if body["__hash__"] is None:  # what Python puts beside an `__eq__` of the class's own
        body["__hash__"] = _hash
    metaclass: Any = type(cls)
    made: type[_T] = metaclass(cls.__name__, cls.__bases__, body)
    return made


def replace(record: _T, /, **changes: Any) -> _T:
    """A copy of `record` with some fields changed. Raises `TypeError` for a name that is no field."""
    return type(record)(**{**as_dict(record), **changes})


def as_dict(record: object) -> dict[str, Any]:
    """The fields of `record` by name, in order; nested records stay what they are."""
    names: tuple[str, ...] = type(record).__match_args__  # type: ignore[attr-defined]
    return {name: getattr(record, name) for name in names}


def _early_init(self: object, *args: Any, **kwargs: Any) -> None:
    """The constructor of a class that is rarely used; after a few instances, or for wrong arguments, a compiled one."""
    cls: Any = type(self)
    names: tuple[str, ...] = cls.__match_args__
    values = {**cls.__frozen_defaults__, **dict(zip(names, args, strict=False)), **kwargs}
    cls.__frozen_uses__ += 1
    fits = len(values) == len(names) and not kwargs.keys() & set(names[: len(args)]) and len(args) <= len(names)
    if cls.__frozen_uses__ > _COMPILED_AFTER or not fits or hasattr(cls, "__post_init__"):
        cls.__init__ = _compiled(cls)
        cls.__init__(self, *args, **kwargs)
        return
    for name in names:
        object.__setattr__(self, name, values[name])


def _compiled(cls: type) -> Any:
    """A constructor like the one a person would write, which also says what is wrong with wrong arguments."""
    names: tuple[str, ...] = cls.__match_args__  # type: ignore[attr-defined]
    defaults: dict[str, Any] = cls.__frozen_defaults__  # type: ignore[attr-defined]
    parameters = ", ".join(f"{name}=_d[{name!r}]" if name in defaults else name for name in names)
    lines = [f" _put(self, {name!r}, {name})" for name in names] or [" pass"]
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    scope: dict[str, Any] = {"_d": defaults, "_put": object.__setattr__}
    # The names are those of annotations in PolyRun's own source, as in `dataclasses`.
    exec(f"def __init__(self, {parameters}):\n" + "\n".join(lines), scope)  # noqa: S102
    init = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _refuse(self: object, name: str, *_value: object) -> NoReturn:
    raise AttributeError(f"`{type(self).__name__}.{name}` cannot be changed")


def _values(self: object) -> tuple[Any, ...]:
    return tuple(as_dict(self).values())


def _repr(self: object) -> str:
    fields = ", ".join(f"{name}={value!r}" for name, value in as_dict(self).items())
    return f"{type(self).__qualname__}({fields})"


def _equal(self: object, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: object) -> int:
    return hash(_values(self))


def _state(self: object) -> dict[str, Any]:
    return as_dict(self)


def _restore(self: object, state: dict[str, Any]) -> None:
    for name, value in state.items():
        object.__setattr__(self, name, value)
