"""JSON merge patches (RFC 7396, https://www.rfc-editor.org/rfc/rfc7396) on raw JSON.

Only the objects on a patched path are decoded, so that what a patch does not name keeps its
bytes: numbers keep their digits.
"""

from collections.abc import Mapping

import msgspec

from shared.errors import Problem

Patch = Mapping[str, object]

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_patch(text: bytes) -> Patch:
    """Return a patch, which has to be a JSON object. Raises Problem invalid_parameter."""
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(
            "invalid_parameter", f"`patch` is not a JSON object: {error}.", parameter="patch"
        ) from None


def merge(target: bytes | msgspec.Raw, patch: Patch) -> bytes:
    """Return the target with the patch applied.

    Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError when the target is not JSON.
    """
    try:
        members = _members(target)
    except msgspec.ValidationError:
        members = {}
    for name, value in patch.items():
        if value is None:
            members.pop(name, None)
        elif isinstance(value, Mapping):
            members[name] = msgspec.Raw(merge(members.get(name, b"{}"), value))
        else:
            members[name] = msgspec.Raw(msgspec.json.encode(value))
    return msgspec.json.encode(members)
