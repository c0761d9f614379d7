PRAGMA application_id = 1131766373;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    reader TEXT NOT NULL,
    action TEXT NOT NULL,
    identity TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
);
INSERT INTO "audit" VALUES(1,'2026-11-29T18:06:49.370+00:00','Anna','labelled','fd34aa403964d4f7eccc24fd9952b7b3753e092f24b3cf87504d547bbf81d705','SPECT perfusion');
INSERT INTO "audit" VALUES(2,'2026-11-29T18:06:49.380+00:00','Anna','predicted','fd34aa403964d4f7eccc24fd9952b7b3753e092f24b3cf87504d547bbf81d705','spect-mpi');
CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    window TEXT NOT NULL DEFAULT '',
    added_at TEXT NOT NULL
);
INSERT INTO "cases" VALUES(1,'fd34aa403964d4f7eccc24fd9952b7b3753e092f24b3cf87504d547bbf81d705','heart','Case 1','','2026-11-29T18:06:49.365+00:00');
CREATE TABLE files (
    case_id INTEGER NOT NULL REFERENCES cases(id),
    role TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    part TEXT NOT NULL DEFAULT '',
    path TEXT NOT NULL,
    PRIMARY KEY (case_id, role)
);
INSERT INTO "files" VALUES(1,'stress','9c41e8113781859fad84b011f7044795d7a02ed8be0f0f66245864fa9cda8a5c','','scan1');
CREATE TABLE fingerprints (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL
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
INSERT INTO "label_classes" VALUES(1,'healthy',0,'1','#5ac58e','301121007 SCT Myocardial perfusion normal',0);
INSERT INTO "label_classes" VALUES(1,'ischaemic',1,'2','#4aa3ff','414795007 SCT Myocardial ischemia',0);
INSERT INTO "label_classes" VALUES(1,'infarcted',2,'3','#ef6f6c','22298006 SCT Myocardial infarction',0);
INSERT INTO "label_classes" VALUES(1,'mixed',3,'4','#b58cff','428196007 SCT Mixed ischemia and infarction',0);
INSERT INTO "label_classes" VALUES(1,'artefact',4,'5','#f0b429','122748 DCM False positive defect finding',0);
INSERT INTO "label_classes" VALUES(1,'unsure',5,'U','#8b95a3','42425007 SCT Equivocal',0);
INSERT INTO "label_classes" VALUES(2,'empty',0,'1','#8b95a3','',0);
INSERT INTO "label_classes" VALUES(2,'continuum',1,'2','#4aa3ff','',0);
INSERT INTO "label_classes" VALUES(2,'emission line',2,'3','#5ac58e','',0);
INSERT INTO "label_classes" VALUES(2,'absorption',3,'4','#b58cff','',0);
INSERT INTO "label_classes" VALUES(2,'artefact',4,'5','#f0b429','',0);
INSERT INTO "label_classes" VALUES(2,'unsure',5,'U','#d7dce3','',0);
CREATE TABLE label_sets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL
);
INSERT INTO "label_sets" VALUES(1,'SPECT perfusion','heart');
INSERT INTO "label_sets" VALUES(2,'sky sources','sky');
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
INSERT INTO "labels" VALUES(1,1,1,'Anna','2026-11-29T18:06:49.370+00:00','mixed',1,'','','');
CREATE TABLE predictions (
    case_id INTEGER NOT NULL REFERENCES cases(id),
    model TEXT NOT NULL,
    at TEXT NOT NULL,
    probabilities TEXT NOT NULL,
    features BLOB,
    PRIMARY KEY (case_id, model)
);
INSERT INTO "predictions" VALUES(1,'spect-mpi','2026-11-29T18:06:49.379+00:00','{"healthy": 0.25, "mixed": 0.75}',X'0000803F00000040');
CREATE TABLE thumbnails (
    case_id INTEGER PRIMARY KEY REFERENCES cases(id),
    width INTEGER NOT NULL,
    grey BLOB NOT NULL
);
CREATE INDEX files_by_hash ON files(sha256);
CREATE INDEX labels_by_case ON labels(set_id, case_id, reader, at, id);
CREATE VIEW in_force AS SELECT * FROM labels AS l WHERE NOT EXISTS (
    SELECT 1 FROM labels AS n WHERE n.set_id = l.set_id AND n.case_id = l.case_id
    AND n.reader = l.reader AND (n.at, n.id) > (l.at, l.id)
);
CREATE TRIGGER labels_stay BEFORE UPDATE ON labels
    BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;
CREATE TRIGGER labels_last BEFORE DELETE ON labels
    BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_lasts BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE INDEX labels_by_time ON labels(at);
CREATE INDEX audit_by_case ON audit(identity, action, reader);
COMMIT;
