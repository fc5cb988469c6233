"""Pandas frames stored in HDF5 in the ``fixed`` format, read without pandas and without unpickling.

A frame is a group with ``axis0`` (column names), ``axis1`` (index) and blocks of values of one
type each (``blockN_items``, ``blockN_values``), as pandas' ``HDFStore`` writes it. Text columns
are pickles there, which would run code of the file's author: they are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.raw import Raw, same_columns, unreadable
from datalab.lake.tabular import rows_from_one

LARGEST = 2_000_000_000
INDEX = "index"


def read_frame(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Raw:
    """The rows of the frame under ``source.records``, or of the only one in the file.

    NaN is how pandas writes that a value is missing: it is read as NULL. The index is a column
    where the catalog declares one of its name, or of the name ``index``.

    Raises
    ------
    UnreadableFile
        where there is no such frame, a column is pickled, or the file points to other files.
    """
    import h5py
    import pyarrow as pa

    try:
        with h5py.File(file, "r") as store:
            group = _group(dataset, store)
            columns = _columns(dataset, group)
            declared = dataset.source_columns()
            name, index = _index(dataset, group)
            if name in declared and name not in columns:
                columns[name] = index
    except (OSError, KeyError, RuntimeError, UnicodeDecodeError) as error:
        raise unreadable(dataset, "{error}", error=error) from error
    same_columns(dataset, columns)
    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    connection.register("arrays", pa.table(arrays))
    connection.execute("CREATE TEMP TABLE lines AS FROM arrays")
    connection.unregister("arrays")
    types = {row[0]: row[1] for row in connection.execute("DESCRIBE lines").fetchall()}
    return Raw("lines", types, rows_from_one)


def _group(dataset: Dataset, store: Any) -> Any:
    frames = []
    for name in store:
        found = _member(dataset, store, name)
        if _text(found.attrs.get("pandas_type")) == "frame":
            frames.append(name)
    wanted = dataset.source.records
    if wanted is not None and wanted in frames:
        return store[wanted]
    if wanted is None and len(frames) == 1:
        return store[frames[0]]
    raise unreadable(
        dataset,
        "it has the frames {known}; say which one in 'records'.",
        known=", ".join(frames) or "–",
    )


def _columns(dataset: Dataset, group: Any) -> dict[str, Any]:
    """The values of each column by name, in the order of the frame."""
    found: dict[str, Any] = {}
    for number in range(int(group.attrs.get("nblocks", 0))):
        names = [_text(name) for name in _values(dataset, group, f"block{number}_items")]
        values = _values(dataset, group, f"block{number}_values")
        for position, name in enumerate(names):
            if name in found:
                raise unreadable(
                    dataset, "the column '{column}' is in the file twice.", column=name
                )
            found[name] = values[:, position]
    order = [_text(name) for name in _values(dataset, group, "axis0")]
    return {name: found[name] for name in order}


def _index(dataset: Dataset, group: Any) -> tuple[str, Any]:
    if "axis1" not in group:  # a MultiIndex is stored as levels
        return INDEX, []
    name = _text(_member(dataset, group, "axis1").attrs.get("name"))
    values = _values(dataset, group, "axis1")
    if values.dtype.kind == "S":
        values = [_text(value) for value in values]
    return (name if name and name in dataset.source_columns() else INDEX), values


def _values(dataset: Dataset, group: Any, name: str) -> Any:
    """An array of the file, once it is known to be plain, in the file itself, and of fair size."""
    stored = _member(dataset, group, name)
    pickled = stored.dtype.kind == "O" or stored.attrs.get("PSEUDOATOM") is not None
    if pickled:
        raise unreadable(
            dataset, "its part '{part}' is pickled Python, which the lab never loads.", part=name
        )
    if stored.size * stored.dtype.itemsize > LARGEST:
        raise unreadable(dataset, "its part '{part}' is too large.", part=name)
    values = stored[...]
    kind = _text(stored.attrs.get("value_type") or stored.attrs.get("kind"))
    if kind.startswith("datetime64"):
        unit = kind.removeprefix("datetime64").strip("[]") or "ns"
        values = values.view(f"datetime64[{unit.split(',')[0]}]")
    return values


def _member(dataset: Dataset, group: Any, name: str) -> Any:
    """A member that lies in this file: HDF5 can point into any other file of the machine."""
    import h5py

    link = group.get(name, getlink=True)
    stored = group[name] if isinstance(link, h5py.HardLink) else None
    elsewhere = isinstance(stored, h5py.Dataset) and (stored.is_virtual or stored.external)
    if stored is None or elsewhere:
        raise unreadable(dataset, "its part '{part}' lies in another file.", part=name)
    return stored


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value or "")
