"""The tables of the library, and how an older file becomes a newer one.

Labels and the audit log are append-only: triggers refuse to change or delete a row, so undoing a
label writes another row.
"""

import sqlite3

from cubeview.kinds import HEART, KINDS, SKY

VERSION = 5
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

SPECT_SET, SKY_SET = HEART.label_set, SKY.label_set


def create(connection: sqlite3.Connection) -> None:
    """Make all tables and the two label sets the program comes with; one transaction."""
    connection.executescript(
        f"BEGIN IMMEDIATE;{_TABLES}{_TABLES_2}{_TABLES_3}{_TABLES_4}{_TABLES_5}{_built_in_sets()}"
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
}


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring an older schema to `VERSION`, one step after another, each all or nothing."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    while version < VERSION:
        connection.executescript(
            f"BEGIN IMMEDIATE;{UPGRADES[version]}PRAGMA user_version = {version + 1};COMMIT;"
        )
        version += 1
