-- Schema version 4: what somebody has to know of a program to choose it.

-- Languages that are spoken there and how one gets in, as the provider says it.
ALTER TABLE program ADD COLUMN languages TEXT; --: 11 text owner
ALTER TABLE program ADD COLUMN access TEXT; --: 12 text owner

-- Free places, as the provider's own office counted them on a day; it is shown with
-- that day, and nobody can take the last place but the provider, who answers the
-- referral. One row a program.
CREATE TABLE program_capacity ( --: 68 subject=agency scope=shared everyone
  --: category=any:DIR decides=steward set(program_id)
  program_id BLOB, --: 1 ref(program) once required
  slots_free BIGINT, --: 2 int owner group(count)
  next_on TEXT, --: 3 date owner group(count)
  wait_days BIGINT, --: 4 int owner group(count)
  as_of TEXT, --: 5 date owner group(count)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);
