"""The tables of the library, and how an older file becomes a newer one.

Labels and the audit log are append-only: triggers refuse to change or delete a row, so undoing a
label writes another row.
"""

import sqlite3
from contextlib import closing
from functools import cache

from cubeview.kinds import HEART, KINDS, SKY

VERSION = 9
APPLICATION = 0x43756265
"""What SQLite files of this program say they are, so that no other one is ever written to."""

_TABLES = """
CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    window TEXT NOT NULL DEFAULT '',
    added_at TEXT NOT NULL
);
CREATE TABLE files (
    case_id INTEGER NOT NULL REFERENCES cases(id),
    role TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    part TEXT NOT NULL DEFAULT '',
    path TEXT NOT NULL,
    PRIMARY KEY (case_id, role)
);
CREATE INDEX files_by_hash ON files(sha256);
CREATE TABLE label_sets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL
);
CREATE TABLE label_classes (
    set_id INTEGER NOT NULL REFERENCES label_sets(id),
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    key TEXT NOT NULL DEFAULT '',
    colour TEXT NOT NULL DEFAULT '',
    code TEXT NOT NULL DEFAULT '',
    retired INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (set_id, name)
);
CREATE TABLE labels (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases(id),
    set_id INTEGER NOT NULL REFERENCES label_sets(id),
    reader TEXT NOT NULL,
    at TEXT NOT NULL,
    class TEXT,
    sure INTEGER NOT NULL DEFAULT 1,
    quality TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    opinion_seen TEXT NOT NULL DEFAULT ''
);
CREATE INDEX labels_by_case ON labels(set_id, case_id, reader, at, id);
CREATE VIEW in_force AS SELECT * FROM labels AS l WHERE NOT EXISTS (
    SELECT 1 FROM labels AS n WHERE n.set_id = l.set_id AND n.case_id = l.case_id
    AND n.reader = l.reader AND (n.at, n.id) > (l.at, l.id)
);
CREATE TABLE predictions (
    case_id INTEGER NOT NULL REFERENCES cases(id),
    model TEXT NOT NULL,
    at TEXT NOT NULL,
    probabilities TEXT NOT NULL,
    features BLOB,
    PRIMARY KEY (case_id, model)
);
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    reader TEXT NOT NULL,
    action TEXT NOT NULL,
    identity TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
);
CREATE TRIGGER labels_stay BEFORE UPDATE ON labels
    BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;
CREATE TRIGGER labels_last BEFORE DELETE ON labels
    BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_lasts BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""

_TABLES_2 = """
CREATE TABLE thumbnails (
    case_id INTEGER PRIMARY KEY REFERENCES cases(id),
    width INTEGER NOT NULL,
    grey BLOB NOT NULL
);
CREATE TABLE fingerprints (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL
);
CREATE INDEX labels_by_time ON labels(at);
"""

_TABLES_3 = """
CREATE INDEX audit_by_case ON audit(identity, action, reader);
"""

# Whose weights said what was kept before, nobody wrote down: they are of an unknown state.
_TABLES_4 = """
CREATE TABLE answers (
    case_id INTEGER NOT NULL REFERENCES cases(id),
    task TEXT NOT NULL,
    weights TEXT NOT NULL,
    model TEXT NOT NULL,
    at TEXT NOT NULL,
    said TEXT NOT NULL DEFAULT '{}',
    arrays BLOB,
    features BLOB,
    PRIMARY KEY (case_id, task, weights, model)
);
INSERT INTO answers (case_id, task, weights, model, at, said, features)
    SELECT case_id, 'classify', '', model, at, '{"probabilities": ' || probabilities || '}',
    features FROM predictions;
DROP TABLE predictions;
"""

# What a scan measures, whatever file holds it: by the file's hash and part, a hash of the values.
_TABLES_5 = """
CREATE TABLE contents (
    sha256 TEXT NOT NULL,
    part TEXT NOT NULL,
    pixels TEXT NOT NULL,
    PRIMARY KEY (sha256, part)
);
CREATE INDEX contents_by_pixels ON contents(pixels);
"""

# Where the other files lie of what is put together from several, as slices are.
_TABLES_6 = """
CREATE TABLE beside (
    sha256 TEXT NOT NULL,
    part TEXT NOT NULL,
    number INTEGER NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (sha256, part, number)
);
"""

# Segment scores beside the class: the finest that is said of a heart.
_TABLES_7 = """
ALTER TABLE labels ADD COLUMN scores TEXT NOT NULL DEFAULT '';
"""

# What readers painted: every kept state is a row, the last of each reader counts.
_TABLES_MASKS = """
CREATE TABLE masks (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases(id),
    role TEXT NOT NULL,
    reader TEXT NOT NULL,
    at TEXT NOT NULL,
    labels TEXT NOT NULL,
    shape TEXT NOT NULL,
    voxels BLOB NOT NULL
);
CREATE INDEX masks_by_case ON masks(case_id, role, reader, id);
CREATE TRIGGER masks_stay BEFORE UPDATE ON masks
    BEGIN SELECT RAISE(ABORT, 'masks are append-only'); END;
CREATE TRIGGER masks_last BEFORE DELETE ON masks
    BEGIN SELECT RAISE(ABORT, 'masks are append-only'); END;
"""

# What readers say of a case beside its class: worth a look or not, the group it belongs to.
_TABLES_MARKS = """
CREATE TABLE marks (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases(id),
    reader TEXT NOT NULL,
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    said TEXT NOT NULL
);
CREATE INDEX marks_by_case ON marks(what, reader, case_id, id);
CREATE TRIGGER marks_stay BEFORE UPDATE ON marks
    BEGIN SELECT RAISE(ABORT, 'marks are append-only'); END;
CREATE TRIGGER marks_last BEFORE DELETE ON marks
    BEGIN SELECT RAISE(ABORT, 'marks are append-only'); END;
"""

SPECT_SET, SKY_SET = HEART.label_set, SKY.label_set


def create(connection: sqlite3.Connection) -> None:
    """Make all tables and the two label sets the program comes with; one transaction."""
    connection.executescript(
        f"BEGIN IMMEDIATE;{_TABLES}{_TABLES_2}{_TABLES_3}{_TABLES_4}{_TABLES_5}{_TABLES_6}"
        f"{_TABLES_7}{_TABLES_MASKS}{_TABLES_MARKS}"
        f"{_built_in_sets()}"
        f"PRAGMA application_id = {APPLICATION};PRAGMA user_version = {VERSION};COMMIT;"
    )


def _built_in_sets() -> str:
    lines = []
    for number, kind in enumerate((kind for kind in KINDS.values() if kind.label_set), start=1):
        lines.append(f"INSERT INTO label_sets VALUES ({number}, '{kind.label_set}', '{kind.key}');")
        for place, entry in enumerate(kind.classes):
            lines.append(
                "INSERT INTO label_classes VALUES"
                f" ({number}, '{entry.name}', {place}, '{entry.key}', '{entry.colour}',"
                f" '{' '.join(entry.code or ())}', 0);"
            )
    return "\n".join(lines)


# From version n to n + 1, in order; each runs in one transaction after a backup was made.
UPGRADES: dict[int, str] = {
    1: f"{_TABLES_2}PRAGMA application_id = {APPLICATION};",
    2: _TABLES_3,
    3: _TABLES_4,
    4: _TABLES_5,
    5: _TABLES_6,
    6: _TABLES_7,
    7: _TABLES_MASKS,
    8: _TABLES_MARKS,
}


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring an older schema to `VERSION`, one step after another, each all or nothing."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    while version < VERSION:
        connection.executescript(
            f"BEGIN IMMEDIATE;{UPGRADES[version]}PRAGMA user_version = {version + 1};COMMIT;"
        )
        version += 1


def is_whole(connection: sqlite3.Connection) -> bool:
    """Tell whether a database is undamaged and, where it is a library, has all its tables.

    What is another program's, of another format, or new and empty, may have any tables.
    """
    if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
        return False
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not tables >= _ALWAYS:
        return not tables & _ALWAYS
    if not 0 < version <= _MOST_VERSIONS:
        return False
    columns, rules = _made()
    here = _columns(connection)
    taken = here.keys() & {name for _, name in rules}
    return version != VERSION or (here.items() >= columns.items() and not taken)


def put_right(connection: sqlite3.Connection) -> list[str]:
    """Make views, triggers and indexes what they were made as; return those that were not.

    They hold no data, but decide what becomes of it: one that is not the program's own could
    change a label while it is written.
    """
    own = _made()[1]
    found = _rules(connection)
    # A view or an index somebody added makes nothing wrong; a trigger may.
    known = [key for key in found if key in own or key[0] == "trigger"]
    wrong = [key for key in known if found[key] != own.get(key)]
    missing = own.keys() - found.keys() | set(wrong) & own.keys()
    if wrong or missing:
        lines = [f'DROP {what} "{name.replace(chr(34), chr(34) * 2)}";' for what, name in wrong]
        lines += [f"{own[key]};" for key in sorted(missing)]
        connection.executescript("BEGIN IMMEDIATE;" + "".join(lines) + "COMMIT;")
    return sorted({name for _, name in (*wrong, *missing)})


_ALWAYS = {"cases", "labels", "audit"}
_MOST_VERSIONS = 1000


def _columns(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    ask = "SELECT * FROM pragma_table_xinfo(?)"
    return {name: connection.execute(ask, (name,)).fetchall() for (name,) in tables}


def _rules(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Return the SQL of each view, trigger and index, by what it is and its name."""
    return {
        (what, name): " ".join(text.split())
        for what, name, text in connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL"
        )
    }


@cache
def _made() -> tuple[dict[str, list[tuple[object, ...]]], dict[tuple[str, str], str]]:
    """Return the columns and the rules of a library as this program makes one."""
    with closing(sqlite3.connect(":memory:")) as connection:
        create(connection)
        return _columns(connection), _rules(connection)
