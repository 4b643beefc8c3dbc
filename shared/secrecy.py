"""Settings that are secrets, and structs that do not show them."""

from typing import Any

import msgspec

SECRET = {"secret": True}
"""Marks a field's type, as the `extra` of its Meta."""


def secrets_of(struct: type[msgspec.Struct]) -> frozenset[str]:
    """Return the names of the fields that are secrets."""
    fields = msgspec.structs.fields(struct)
    return frozenset(field.name for field in fields if _is_secret(field))


def _is_secret(field: msgspec.structs.FieldInfo) -> bool:
    metadata = getattr(field.type, "__metadata__", ())
    return any(meta.extra == SECRET for meta in metadata)


class Guarded(msgspec.Struct, frozen=True):
    """A struct that may be logged: secrets are not shown."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Return the fields' names and values as they may be shown."""
        hidden = secrets_of(type(self))
        names = self.__struct_fields__
        return [(name, "***" if name in hidden else getattr(self, name)) for name in names]

    def __repr__(self) -> str:
        """Return the struct as it may be logged."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"
