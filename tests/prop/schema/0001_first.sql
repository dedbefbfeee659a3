-- The tiny schema of the property tests: one column for each combination of
-- rule and modifiers that tests/merge/table.txt names, nothing else.

CREATE TABLE person ( --: 1 subject=person scope=shared self category=any:SUP.case
  word TEXT, --: 1 text latest
  level TEXT, --: 2 enum ranked(high>medium>low)
  present TEXT, --: 3 enum ranked(present>removed)
  removed TEXT, --: 4 enum ranked(removed>present)
  most BIGINT, --: 5 int max
  least BIGINT, --: 6 int min
  least_ever BIGINT, --: 7 int min one_way
  most_ever BIGINT, --: 8 int max one_way
  closed TEXT, --: 9 enum ranked(closed>open) one_way
  consent TEXT, --: 10 enum ranked(draft>signed>revoked) final(revoked)
  mandate TEXT, --: 11 enum ranked(revoked>ended>active) final(revoked,ended)
  flag TEXT, --: 12 enum(ok,void) latest final(void)
  flags TEXT, --: 13 enum(ok,void,gone) latest final(void,gone)
  number TEXT, --: 14 text once
  hearing TEXT, --: 15 text both decides=judge
  minutes TEXT, --: 16 text text
  plan TEXT, --: 35 text text
  mine TEXT, --: 17 text owner
  mine_least BIGINT, --: 18 int min owner
  dose TEXT, --: 19 text latest group(drug)
  unit TEXT, --: 20 text latest group(drug)
  peak BIGINT, --: 21 int max group(peak)
  peak_at BIGINT, --: 22 int max group(peak)
  low BIGINT, --: 23 int min group(low)
  low_at BIGINT, --: 24 int min group(low)
  birth TEXT, --: 25 text both group(birth)
  birth_place TEXT, --: 26 text both group(birth)
  serial TEXT, --: 27 text once group(serial)
  serial_of TEXT, --: 28 text once group(serial)
  until BIGINT, --: 29 int min one_way group(until)
  until_why BIGINT, --: 30 int min one_way group(until)
  seen_on TEXT, --: 31 date max
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (_cpt, id)
);

-- Evidence: one live row for an appointment.
CREATE TABLE attendance ( --: 2 subject=person scope=shared append
  --: category=any:SUP.case single(appointment)
  appointment TEXT, --: 1 text once
  result TEXT, --: 2 enum(came,missed) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (_cpt, id)
);

-- A set: two nodes that add the same word make the same row.
CREATE TABLE tag ( --: 3 subject=person scope=shared category=any:SUP.case
  --: set(word)
  word TEXT, --: 1 text once
  state TEXT, --: 2 enum ranked(present>removed)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (_cpt, id)
);

-- One open assignment for a role.
CREATE TABLE duty ( --: 4 subject=person scope=shared category=any:SUP.case
  --: single(role),while(ended=)
  role TEXT, --: 1 text once
  ended TEXT, --: 2 date min one_way
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (_cpt, id)
);
