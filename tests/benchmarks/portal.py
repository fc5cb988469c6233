"""The doors of the portal and Datasette on the same million rows, over HTTP.

Both sides are one process on one port, asked by the same client with the same number of kept-alive
connections, one side after the other in turning order; medians of requests per second count. A
point lookup finds a row by its key; a filter with group-by sums up the rows that meet a condition;
a search finds the twenty best rows for two words, ranked (FTS5 with ``sort=rank`` there); CSV is
the whole table to its end. Every request asks for something else, so that neither side answers
from what it remembers. Datasette is installed at run time in an environment of its own.

    python tests/benchmarks/portal.py [--rows N] [--seconds S] [--connections C]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import duckdb

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from datalab.refresh import refresh  # noqa: E402
from datalab.settings import Settings  # noqa: E402
from tests.benchmarks.load import Connection  # noqa: E402
from tests.benchmarks.pairing import fail_unless_equal, print_header  # noqa: E402
from tests.hub.lab import free_port  # noqa: E402

DATASETTE = "datasette==0.65.5"
ROUNDS = 5
TARGETS = {"point": 1.5, "group-by": 15.0, "search": 1.0}
CSV_PATIENCE = 60  # seconds
WORDS = (
    *("gare", "parc", "rue", "place", "école", "marché", "tramway", "vélo", "forêt", "musée"),
    *("théâtre", "canal", "lac", "fontaine", "pont", "moulin", "église", "lycée", "stade"),
    *("piscine", "jardin", "square", "boulevard", "avenue", "chemin", "sentier", "colline"),
)
COLUMNS = {
    "id": "integer",
    "station": "varchar",
    "kind": "varchar",
    "day": "date",
    "amount": "decimal(10,2)",
    "share": "double",
    "note": "varchar",
}
KINDS = ("bus", "tram", "velo", "marche", "auto")
SOURCE = """
COPY (SELECT i AS id, 'S' || lpad((hash(i) % 5000)::VARCHAR, 4, '0') AS station,
  {kinds}[1 + (hash(i + 1) % {many})::INTEGER] AS kind,
  DATE '2020-01-01' + (hash(i + 2) % 2000)::INTEGER AS day,
  (hash(i + 3) % 1000000) / 100.0 AS amount, round((hash(i + 4) % 100000) / 1e5, 5) AS share,
  {words}[1 + (hash(i + 5) % {all})::INTEGER] || ' ' || {words}[1 + (hash(i + 6) % {all})::INTEGER]
  || ' ' || {words}[1 + (hash(i + 7) % {all})::INTEGER] || ' n' || (hash(i + 8) % 20000) AS note
FROM range(?) AS r(i)) TO '{path}' (HEADER, DELIMITER ',')"""


@dataclass(frozen=True)
class Side:
    """One service: where it listens, and the path of each kind of request."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    paths: dict[str, Callable[[random.Random], str]]
    csv: str


def rolled(seed: int) -> random.Random:
    """Dice that fall the same for both sides."""
    return random.Random(seed)  # noqa: S311


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--only", choices=[*TARGETS, "csv"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datalab-portal-") as folder:
        run(Path(folder), asked)


def run(folder: Path, asked: argparse.Namespace) -> None:
    print_header(Path(__file__), asked.rows, ("duckdb", "fastapi", "uvicorn"))
    source = folder / "readings.csv"
    write(source, asked.rows)
    ours, theirs = start_ours(folder, source, asked.rows), start_datasette(folder, source, asked)
    try:
        wait_until_up(ours, theirs)
        same_answers(ours, theirs)
        for kind in TARGETS:
            if asked.only in {None, kind}:
                compare(kind, ours, theirs, asked)
        if asked.only in {None, "csv"}:
            whole_csv(ours, theirs, asked.rows)
    finally:
        for side in (ours, theirs):
            side.process.terminate()
            side.process.wait(20)


def write(source: Path, rows: int) -> None:
    sql = SOURCE.format(
        kinds=list(KINDS), many=len(KINDS), words=list(WORDS), all=len(WORDS), path=source
    )
    duckdb.connect().execute(sql, [rows])


def start_ours(folder: Path, source: Path, rows: int) -> Side:
    theme = folder / "catalog" / "energy"
    theme.mkdir(parents=True)
    source.rename(theme / source.name)
    source.symlink_to(theme / source.name)
    text = {"fr": "Relevés", "en": "Readings"}
    document = {
        "id": "readings",
        "title": text,
        "description": text,
        "publisher": "benchmark",
        "license": "lov2",
        "steward": "benchmark",
        "provenance": "synthetic",
        "calibration": text,
        "periodicity": "once",
        "key": ["id"],
        "source": {"connector": "file", "path": source.name},
        "columns": {name: {"type": held, "description": text} for name, held in COLUMNS.items()},
        "expectations": [{"type": "expect_table_row_count_to_equal", "value": rows}],
    }
    (theme / "readings.yaml").write_text(json.dumps(document))
    settings = Settings(home=folder / "home", catalog=folder / "catalog")
    (record,) = refresh(None, settings, "benchmark")
    if record.state != "published":
        sys.exit(f"not published: {record.error}")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "datalab.portal", "--port", str(port)],
        env={**os.environ, "DATALAB_HOME": str(settings.home)},
        cwd=CHECKOUT,
    )
    api = "/services/datalab/api/v1/datasets/readings"
    return Side(
        "datalab",
        port,
        process,
        {
            "point": lambda dice: f"{api}/rows?id={dice.randrange(rows)}",
            "group-by": lambda dice: (
                f"{api}/aggregate?by=kind&measure=count,avg(share)&"
                f"share__gt={dice.random() / 2:.5f}"
            ),
            "search": lambda dice: f"{api}/rows?q={two_words(dice)}&limit=20&count=false",
        },
        "/services/datalab/datasets/readings.csv",
    )


def start_datasette(folder: Path, source: Path, asked: argparse.Namespace) -> Side:
    place = folder / "datasette"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin/python"), "-m", "pip", "install", "-q", DATASETTE, "setuptools<81"]
    subprocess.run(pip, check=True)
    database = folder / "bench.db"
    with sqlite3.connect(database) as connection:
        connection.execute(
            "CREATE TABLE readings (id INTEGER PRIMARY KEY, station TEXT, kind TEXT, day TEXT, "
            "amount REAL, share REAL, note TEXT)"
        )
        rows = duckdb.read_csv(str(source), header=True).fetchall()
        connection.executemany(
            "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((a, b, c, str(d), e, f, g) for a, b, c, d, e, f, g in rows),
        )
        connection.execute(
            "CREATE VIRTUAL TABLE readings_fts USING fts5("
            "note, content='readings', content_rowid='id')"
        )
        connection.execute("INSERT INTO readings_fts (rowid, note) SELECT id, note FROM readings")
        connection.execute("ANALYZE")
    connection.close()
    port = free_port()
    options = ["sql_time_limit_ms", "20000", "max_csv_mb", "0", "allow_csv_stream", "on"]
    settings = [
        word
        for name, value in zip(options[::2], options[1::2], strict=True)
        for word in ("--setting", name, value)
    ]
    process = subprocess.Popen(
        [str(place / "bin/datasette"), "-i", str(database), "-p", str(port), *settings],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def group_by(dice: random.Random) -> str:
        sql = (
            "select kind, count(*), avg(share) from readings "
            f"where share > {dice.random() / 2:.5f} group by kind order by kind"
        )
        return f"/bench.json?sql={quote(sql)}&_shape=objects"

    def search(dice: random.Random) -> str:
        sql = (
            "select readings.* from readings_fts join readings on readings.id = "
            f"readings_fts.rowid where readings_fts match '{two_words(dice, ' ')}' "
            "order by rank limit 20"
        )
        return f"/bench.json?sql={quote(sql)}&_shape=objects"

    return Side(
        "Datasette",
        port,
        process,
        {
            "point": lambda dice: f"/bench/readings/{dice.randrange(asked.rows)}.json?_shape=array",
            "group-by": group_by,
            "search": search,
        },
        "/bench/readings.csv?_stream=on&_size=max",
    )


def two_words(dice: random.Random, between: str = "%20") -> str:
    return between.join(quote(word) if between == "%20" else word for word in dice.sample(WORDS, 2))


def wait_until_up(*sides: Side) -> None:
    """Until every kind of request is answered: our first search makes the index of the words."""
    for side in sides:
        for path in side.paths.values():
            for _ in range(1200):
                try:
                    fetch(side, path(rolled(0)))
                    break
                except OSError:
                    if side.process.poll() is not None:
                        sys.exit(f"{side.name} did not start")
                    time.sleep(0.1)
            else:
                sys.exit(f"{side.name} does not answer {path(rolled(0))}")
    # A table becomes warm in the background, once it was asked for twice.
    for number in range(60):
        fetch(sides[0], sides[0].paths["point"](rolled(number)))
        time.sleep(0.1)


def fetch(side: Side, path: str) -> dict[str, object]:
    with urllib.request.urlopen(f"http://127.0.0.1:{side.port}{path}", timeout=60) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def same_answers(ours: Side, theirs: Side) -> None:
    for seed in range(3):
        one = fetch(ours, ours.paths["point"](rolled(seed)))["rows"]
        other = fetch(theirs, theirs.paths["point"](rolled(seed)))
        held = other if isinstance(other, list) else other["rows"]
        fail_unless_equal("a row", one, held)
        groups = fetch(ours, ours.paths["group-by"](rolled(seed)))["groups"]
        assert isinstance(groups, list)
        theirs_groups = fetch(theirs, theirs.paths["group-by"](rolled(seed)))["rows"]
        assert isinstance(theirs_groups, list)
        fail_unless_equal(
            "groups",
            [(g["kind"], g["count"], round(g["avg_share"], 9)) for g in groups],
            [(g["kind"], g["count(*)"], round(g["avg(share)"], 9)) for g in theirs_groups],
        )


def compare(kind: str, ours: Side, theirs: Side, asked: argparse.Namespace) -> None:
    speeds: dict[str, list[float]] = {ours.name: [], theirs.name: []}
    for number in range(ROUNDS):
        for side in (ours, theirs) if number % 2 == 0 else (theirs, ours):
            found = asyncio.run(
                load(side, side.paths[kind], asked.seconds, asked.connections, number)
            )
            speeds[side.name].append(found)
    for name, found_all in speeds.items():
        rest = " ".join(f"{value:.0f}" for value in found_all)
        print(f"{name:>12}: {kind} {statistics.median(found_all):.1f} requests/s ({rest})")
    ratio = statistics.median(
        one / other for one, other in zip(speeds[ours.name], speeds[theirs.name], strict=True)
    )
    print(f"ratio portal-{kind} {ratio:.2f} target >={TARGETS[kind]:g}", flush=True)


async def load(
    side: Side,
    path: Callable[[random.Random], str],
    seconds: float,
    connections: int,
    seed: int,
) -> float:
    """Answered requests per second; any answer but 200 ends the run."""
    until = time.perf_counter() + seconds
    done = 0

    async def one(number: int) -> None:
        nonlocal done
        dice = rolled(seed * 1000 + number)
        connection = Connection(side.port)
        while time.perf_counter() < until:
            answer = await connection.ask("GET", path(dice))
            if answer.status != 200:
                sys.exit(f"{side.name}: {answer.status} {answer.body[:300]!r}")
            done += 1

    begin = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(connections)))
    return done / (time.perf_counter() - begin)


def whole_csv(ours: Side, theirs: Side, rows: int) -> None:
    """The whole table; a side that is not done in time says how far it came."""
    for side in (ours, theirs):
        begin, size, ends = time.perf_counter(), 0, 0
        address = f"http://127.0.0.1:{side.port}{side.csv}"
        try:
            with urllib.request.urlopen(address, timeout=CSV_PATIENCE) as answer:
                while piece := answer.read(1 << 20):
                    size, ends = size + len(piece), ends + piece.count(b"\n")
                    if time.perf_counter() - begin > CSV_PATIENCE:
                        break
        except OSError as error:
            print(f"{side.name:>12}: {error}")
        taken = time.perf_counter() - begin
        print(f"{side.name:>12}: CSV {ends - 1} of {rows} rows, {size / 1e6:.0f} MB, {taken:.1f} s")
        if side is ours:
            print(f"missing rows of our CSV {rows - (ends - 1)} target <=0", flush=True)
            if ends - 1 != rows:
                raise SystemExit(1)


if __name__ == "__main__":
    main()
