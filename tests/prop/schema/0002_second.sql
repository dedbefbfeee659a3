-- What the second version of the tiny schema brings: fields and a table that
-- nodes of the first version have to carry without knowing them.

ALTER TABLE person ADD COLUMN later TEXT; --: 32 text latest
ALTER TABLE person ADD COLUMN later_level TEXT; --: 33 enum ranked(high>low)
ALTER TABLE person ADD COLUMN later_most BIGINT; --: 34 int max

CREATE TABLE extra ( --: 5 subject=person scope=shared category=any:SUP.case
  word TEXT, --: 1 text latest
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (_cpt, id)
);
