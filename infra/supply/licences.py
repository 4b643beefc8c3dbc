"""Which licence a package has, by its installed metadata.

The fields and their precedence: Core metadata specifications, License-Expression (PEP 639, SPDX),
License and Classifier, which came before it.
"""

import re
from importlib.metadata import metadata

ALLOWED = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC",
        "LGPL-3.0-only",  # psycopg: imported as it comes, to be exchanged by whoever wants to
        "MIT", "MIT-0", "PSF-2.0", "Zlib",
    }
)  # fmt: skip
"""Licences that may be in the image, by their SPDX ids; BSD does not say of how many clauses."""

_FREE_TEXTS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "https://www.apache.org/licenses/LICENSE-2.0": "Apache-2.0",
}
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_BY_THEIR_FILE = {"axe-playwright-python": "MIT"}
"""Packages whose metadata name none; the file LICENSE in them does."""

_EXPRESSION = re.compile(r"[A-Za-z0-9.-]+(?: (?:AND|OR) [A-Za-z0-9.-]+)*")
_OSI = "License :: OSI Approved :: "


def licence_of(package: str) -> str:
    """Return the SPDX expression of an installed package.

    Raises PackageNotFoundError if it is not installed, LookupError if its metadata do not tell.
    """
    found = metadata(package)
    classifiers = (each.removeprefix(_OSI) for each in found.get_all("Classifier") or ())
    known = [_CLASSIFIERS[each] for each in classifiers if each in _CLASSIFIERS]
    for field in ("License-Expression", "License"):
        text = next(iter(found.get_all(field) or ()), "")
        expression = _FREE_TEXTS.get(text, text)
        if _EXPRESSION.fullmatch(expression):
            return expression
    if known:
        return " OR ".join(known)
    if package in _BY_THEIR_FILE:
        return _BY_THEIR_FILE[package]
    raise LookupError(f"{package} does not say what its licence is")


def is_allowed(expression: str) -> bool:
    """Say whether what has a licence may be in the image: of `A OR B` one will do."""
    return any(set(choice.split(" AND ")) <= ALLOWED for choice in expression.split(" OR "))
