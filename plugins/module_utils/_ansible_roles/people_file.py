# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read people from the text of a file: CSV, JSON or YAML. PURE."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .._desired.validation import kind_of
from .._errors import InputError, ErrorCollector

CSV, JSON, YAML = "CSV", "JSON", "YAML"
_FORMATS = {".csv": CSV, ".json": JSON, ".yml": YAML, ".yaml": YAML}
_DELIMITERS = (",", ";", "\t")
_DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}
# The keys under which programs export people, before any other key that holds a list.
_USUAL_KEYS = ("people", "Resources", "users", "value")
_YAML_BEGIN = re.compile(r"---|%YAML|-\s|-$|[A-Za-z_][\w-]*:\s*(#.*)?$")
_NOT_UTF8 = re.compile("[\udc80-\udcff\x00]")


def people_from_text(text: object, name: str, load_yaml: Callable[[str], Any]) -> list[Any]:
    """Return the people in the text of a file; raises InputError that names the file, the line, and the remedy.

    The extension of the name decides on the format, or else the content does. `load_yaml` raises InputError with a text
    that follows the name of the file.
    """
    name = name or "the file of people"
    if not isinstance(text, str):
        raise InputError(f"{name}: the content must be text, but is {kind_of(text)}.")
    found = _NOT_UTF8.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(f"{name}, line {line}: this is not text in UTF-8. Save the file with the encoding UTF-8.")
    content = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not content.strip():
        raise InputError(f"{name} is empty. Write people to it as CSV with a header, as JSON or as YAML.")
    kind = _format(content, name)
    if kind == CSV:
        return _from_csv(content, name)
    try:
        loaded = json.loads(content) if kind == JSON else load_yaml(content)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{name}, line {error.lineno}: this is not valid JSON ({error.msg}). Export the file again."
        ) from None
    except InputError as error:
        raise InputError(f"{name}{error}") from None
    except RecursionError:
        raise InputError(f"{name}: the {kind} has too many levels. Use a list of people.") from None
    return _list_in(loaded, f"{name} ({kind})")


def _format(content: str, name: str) -> str:
    for extension, kind in _FORMATS.items():
        if name.lower().endswith(extension):
            return kind
    lines = (line for line in content.splitlines() if line.strip() and not line.startswith("#"))
    first = next(lines, "")
    if first.lstrip()[:1] in ("{", "["):
        return JSON
    return YAML if _YAML_BEGIN.match(first) else CSV


def _list_in(loaded: object, source: str) -> list[Any]:
    """Return the list of people, also from a dictionary that contains it."""
    if isinstance(loaded, Mapping):
        _check_complete(loaded, source)
        lists = {key: value for key, value in loaded.items() if isinstance(value, list)}
        usual = [key for key in _USUAL_KEYS if key in lists]
        keys = usual[:1] or list(lists)
        if len(keys) != 1:
            what = f"several lists ({', '.join(map(str, keys))})" if keys else "no list"
            raise InputError(
                f'{source} is a dictionary with {what}. Put the people into one list, under the key "people".'
            )
        source, loaded = f'{source}, "{keys[0]}"', lists[keys[0]]
    if not isinstance(loaded, list):
        raise InputError(f"{source} is {kind_of(loaded)}. It must be a list of people, each of them a dictionary.")
    if loaded and not any(isinstance(row, Mapping) for row in loaded):
        raise InputError(f"{source} has {kind_of(loaded[0])} as its first element, but a person must be a dictionary.")
    return loaded


def _check_complete(loaded: Mapping[Any, Any], source: str) -> None:
    """Raise InputError for one page of several, because the people on the other pages would seem to have left."""
    total, rows = loaded.get("totalResults"), loaded.get("Resources")
    if isinstance(total, int) and isinstance(rows, list) and total > len(rows):
        raise InputError(f"{source} has {len(rows)} of {total} people (totalResults). Export all pages into one file.")
    if loaded.get("@odata.nextLink"):
        raise InputError(f"{source} is one page of several (@odata.nextLink). Export all pages into one file.")


def _from_csv(content: str, name: str) -> list[Any]:
    # A delimiter between quotes is a part of a name.
    first = re.sub(r'"[^"]*"', "", next(line for line in content.split("\n") if line.strip()))
    delimiter = max(_DELIMITERS, key=first.count)
    rows = _csv_rows(content, delimiter, name)
    line, header = next(rows, (0, []))
    if not header:
        raise InputError(f"{name}: the first row must have the name of each column.")
    _check_header(header, f"{name}, line {line}")
    problems = ErrorCollector()
    people = []
    for line, cells in rows:
        if len(cells) == len(header):
            people.append(dict(zip(header, cells)))
            continue
        problems.add(
            f"{name}, line {line}: the row has {len(cells)} cells, but the header has {len(header)}, separated by "
            f"{_DELIMITER_NAMES[delimiter]}. Put a value that contains the delimiter in double quotes."
        )
    problems.raise_if_any()
    return people


def _csv_rows(content: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty with the number of its first line."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", content)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{name}, line {line}: this is not valid CSV ({error}). Close each double quote, and write a double quote within "
            "a quoted value twice."
        ) from None


def _check_header(header: Sequence[str], source: str) -> None:
    for number, column in enumerate(header, 1):
        if not column:
            raise InputError(f"{source}: column {number} has no name. The first row must have the name of each column.")
        if column in header[: number - 1]:
            raise InputError(f'{source}: two columns are named "{column}". Rename or remove one of them.')
        if "@" in column:
            raise InputError(
                f'{source}: "{column}" is not the name of a column. Add a first row with the names of columns.'
            )
