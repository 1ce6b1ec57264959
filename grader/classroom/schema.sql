-- The gradebook. `application_id` and `user_version` are set by gradebook.py.
-- Times are UTC, ISO 8601. Views without an id in them are for people: try `SELECT * FROM grades`.

-- Who is in the class ------------------------------------------------------------------------------
CREATE TABLE team (             -- who hands in together; somebody alone is a team of one
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE   -- the login, or the group's name
) STRICT;

CREATE TABLE student (
    id INTEGER PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    team INTEGER NOT NULL REFERENCES team,
    name TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    section TEXT NOT NULL DEFAULT '',
    number TEXT NOT NULL DEFAULT '',     -- the school's own number (SIS ID)
    enrolled INTEGER NOT NULL DEFAULT 0  -- 1: in roster.csv, 0: only seen as a submission
) STRICT;
CREATE INDEX student_team ON student (team);

-- What is agreed: a copy of course.toml and roster.csv at the last run ------------------------------
CREATE TABLE setting (          -- late, percent_per_day, attempt, title, course, secret file …
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE due (
    lesson TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE extension (
    student INTEGER NOT NULL REFERENCES student,
    lesson TEXT NOT NULL,       -- '' for every lesson
    at TEXT NOT NULL,
    PRIMARY KEY (student, lesson)
) STRICT, WITHOUT ROWID;

CREATE TABLE lesson (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE criterion (        -- every criterion that was ever graded
    id INTEGER PRIMARY KEY,
    lesson TEXT NOT NULL,
    exercise TEXT NOT NULL,
    function TEXT NOT NULL,
    criterion TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'hidden')),
    text TEXT NOT NULL,         -- its newest wording
    UNIQUE (exercise, criterion)
) STRICT;

CREATE TABLE status (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO status VALUES (1, 'passed'), (2, 'failed'), (3, 'error'), (4, 'timeout'), (5, 'blocked'),
                          (6, 'not_started'), (7, 'awaiting_review');

-- What was handed in, and what grading it gave: only ever added to ----------------------------------
CREATE TABLE attempt (          -- one state of a team's work, as the teacher found it
    id INTEGER PRIMARY KEY,
    team INTEGER NOT NULL REFERENCES team,
    place TEXT NOT NULL,        -- the folder, archive or line of a list that it came from
    version INTEGER NOT NULL,   -- 1, 2, … of this place
    digest TEXT NOT NULL,       -- of the submission's text
    source TEXT NOT NULL,       -- folder, zip or git
    commit_id TEXT,
    collected_at TEXT NOT NULL, -- the teacher's record; it decides what is late
    UNIQUE (team, place, version)
) STRICT;

CREATE TABLE grading (          -- a regrade is another row of the same attempt
    id INTEGER PRIMARY KEY,
    attempt INTEGER NOT NULL REFERENCES attempt,
    number INTEGER NOT NULL,    -- 1, 2, … of this attempt; the last one counts
    state TEXT NOT NULL CHECK (state IN ('graded', 'partial', 'rejected', 'failed')),
    reason TEXT NOT NULL DEFAULT '',
    score INTEGER NOT NULL,
    max_score INTEGER NOT NULL,
    path TEXT NOT NULL DEFAULT '',      -- '' without a learning path
    lessons TEXT NOT NULL DEFAULT '',   -- '1,2' where only these were asked for
    course_digest TEXT NOT NULL,
    course_version TEXT NOT NULL,
    grader_version TEXT NOT NULL,
    seed_id TEXT NOT NULL,      -- names the secret without telling it
    key_id TEXT NOT NULL DEFAULT '',    -- names the key that signed, if one did
    isolation TEXT NOT NULL DEFAULT '',
    trust TEXT NOT NULL DEFAULT 'advisory',
    graded_at TEXT NOT NULL,
    result BLOB,                -- grader/result/v1 as JSON, deflated; NULL if there is none
    UNIQUE (attempt, number)
) STRICT;

CREATE TABLE lesson_outcome (
    grading INTEGER NOT NULL REFERENCES grading,
    lesson TEXT NOT NULL,
    score INTEGER NOT NULL,
    max_score INTEGER NOT NULL,
    PRIMARY KEY (grading, lesson)
) STRICT, WITHOUT ROWID;

CREATE TABLE exercise_outcome (
    grading INTEGER NOT NULL REFERENCES grading,
    exercise TEXT NOT NULL,
    status INTEGER NOT NULL REFERENCES status,
    score INTEGER NOT NULL,
    max_score INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (grading, exercise)
) STRICT, WITHOUT ROWID;

CREATE TABLE criterion_outcome (
    grading INTEGER NOT NULL REFERENCES grading,
    criterion INTEGER NOT NULL REFERENCES criterion,
    status INTEGER NOT NULL REFERENCES status,
    score INTEGER NOT NULL,
    points INTEGER NOT NULL,
    PRIMARY KEY (grading, criterion)
) STRICT, WITHOUT ROWID;

CREATE TABLE question_outcome (
    grading INTEGER NOT NULL REFERENCES grading,
    checkpoint TEXT NOT NULL,
    question TEXT NOT NULL,
    kind TEXT NOT NULL,
    status INTEGER NOT NULL REFERENCES status,
    score INTEGER NOT NULL,
    max_score INTEGER NOT NULL,
    PRIMARY KEY (grading, checkpoint, question)
) STRICT, WITHOUT ROWID;

CREATE TABLE misconception (    -- found by a grading; `others` are the titles of a "one of"
    grading INTEGER NOT NULL REFERENCES grading,
    criterion INTEGER NOT NULL REFERENCES criterion,
    misconception TEXT NOT NULL,
    title TEXT NOT NULL,
    certainty TEXT NOT NULL CHECK (certainty IN ('sure', 'one_of')),
    others INTEGER NOT NULL,    -- how many other mistakes would give the same numbers
    PRIMARY KEY (grading, criterion)
) STRICT, WITHOUT ROWID;

CREATE TABLE answer (           -- a text or a drawing's name that a teacher reads
    attempt INTEGER NOT NULL REFERENCES attempt,
    checkpoint TEXT NOT NULL,
    question TEXT NOT NULL,
    digest TEXT NOT NULL,       -- of text and drawing; a review holds for exactly this answer
    text TEXT NOT NULL,
    file TEXT NOT NULL,
    PRIMARY KEY (attempt, checkpoint, question)
) STRICT, WITHOUT ROWID;

CREATE TABLE dictionary (       -- what `result` was deflated with, named by its own digest
    id TEXT PRIMARY KEY,
    data BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What people decide: only ever added to -------------------------------------------------------------
CREATE TABLE override (         -- the newest of a student and target holds
    id INTEGER PRIMARY KEY,
    student INTEGER NOT NULL REFERENCES student,
    kind TEXT NOT NULL CHECK (kind IN ('lesson', 'exercise', 'criterion', 'question')),
    target TEXT NOT NULL,       -- '1', '1.5', '1.5/stable', or '3/why-scale': checkpoint and question
    score INTEGER CHECK (score >= 0),   -- NULL takes an earlier override back
    who TEXT NOT NULL CHECK (who <> ''),
    why TEXT NOT NULL CHECK (why <> ''),
    at TEXT NOT NULL
) STRICT;
CREATE INDEX override_student ON override (student);

CREATE TABLE review (           -- the newest of an answer holds
    id INTEGER PRIMARY KEY,
    checkpoint TEXT NOT NULL,
    question TEXT NOT NULL,
    answer_digest TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 3),   -- no points, half of them, all
    comment TEXT NOT NULL DEFAULT '',
    who TEXT NOT NULL CHECK (who <> ''),
    at TEXT NOT NULL
) STRICT;
CREATE INDEX review_answer ON review (checkpoint, question, answer_digest);

-- History is not changed ------------------------------------------------------------------------------
CREATE TRIGGER attempt_stays BEFORE UPDATE ON attempt BEGIN SELECT RAISE(ABORT, 'attempts are only added'); END;
CREATE TRIGGER attempt_kept BEFORE DELETE ON attempt BEGIN SELECT RAISE(ABORT, 'attempts are only added'); END;
CREATE TRIGGER grading_stays BEFORE UPDATE ON grading BEGIN SELECT RAISE(ABORT, 'gradings are only added'); END;
CREATE TRIGGER grading_kept BEFORE DELETE ON grading BEGIN SELECT RAISE(ABORT, 'gradings are only added'); END;
CREATE TRIGGER override_stays BEFORE UPDATE ON override BEGIN SELECT RAISE(ABORT, 'overrides are only added'); END;
CREATE TRIGGER override_kept BEFORE DELETE ON override BEGIN SELECT RAISE(ABORT, 'overrides are only added'); END;
CREATE TRIGGER review_stays BEFORE UPDATE ON review BEGIN SELECT RAISE(ABORT, 'reviews are only added'); END;
CREATE TRIGGER review_kept BEFORE DELETE ON review BEGIN SELECT RAISE(ABORT, 'reviews are only added'); END;

-- For people ---------------------------------------------------------------------------------------
CREATE VIEW current_lesson AS   -- of each attempt and lesson, the newest grading that has it
SELECT grading, lesson, score, max_score FROM (
    SELECT o.*, row_number() OVER (PARTITION BY g.attempt, o.lesson ORDER BY g.number DESC) AS place
    FROM lesson_outcome o JOIN grading g ON g.id = o.grading)
WHERE place = 1;

CREATE VIEW grades AS           -- plain scores, before overrides, reviews and what is late
SELECT s.login, s.name, t.name AS team, a.place, a.version, a.collected_at, g.state, g.reason,
       o.lesson, o.score, o.max_score, g.graded_at, g.trust
FROM current_lesson o
JOIN grading g ON g.id = o.grading
JOIN attempt a ON a.id = g.attempt
JOIN team t ON t.id = a.team
JOIN student s ON s.team = t.id;

CREATE VIEW criteria AS         -- the same, criterion by criterion
SELECT s.login, c.lesson, c.exercise, c.function, c.criterion, c.visibility, st.name AS status,
       o.score, o.points, m.title AS misconception, m.certainty, a.place, a.version
FROM current_lesson l
JOIN grading g ON g.id = l.grading
JOIN attempt a ON a.id = g.attempt
JOIN student s ON s.team = a.team
JOIN criterion_outcome o ON o.grading = g.id
JOIN criterion c ON c.id = o.criterion AND c.lesson = l.lesson
JOIN status st ON st.id = o.status
LEFT JOIN misconception m ON m.grading = g.id AND m.criterion = o.criterion;

CREATE VIEW unread AS           -- what stopped a submission from being graded whole
SELECT t.name AS team, a.place, a.version, g.state, g.reason, g.graded_at
FROM grading g JOIN attempt a ON a.id = g.attempt JOIN team t ON t.id = a.team
WHERE g.state <> 'graded'
  AND g.number = (SELECT max(number) FROM grading WHERE attempt = g.attempt);
