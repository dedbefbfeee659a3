-- Schema version 3: who may use this replica, and what its journal came to.
--
-- The first three tables are this replica's own: plain tables without an entry
-- of the registry, in no segment. No other node knows who has an account here,
-- and nothing here opens anything elsewhere.

-- A person who may use this replica. Where a key slot opens with the person's
-- password, slot_salt says which, and nothing else is kept of the password;
-- else account_password has a verifier. Numbers are never given twice.
CREATE TABLE account (
  no BIGINT PRIMARY KEY,
  -- the row of the table staff
  staff_id BLOB,
  -- what is typed at sign-in, and the same in lower case
  name TEXT,
  name_key TEXT,
  -- of this replica: accounts, keys, backups, peers
  administrator BIGINT,
  made_ms BIGINT,
  -- a temporary account ends by itself then; 0: it does not
  ends_ms BIGINT,
  disabled_ms BIGINT,
  password_ms BIGINT,
  -- it was given by somebody else and must be replaced at sign-in
  must_replace BIGINT,
  slot_salt BLOB,
  -- failures in a row; at five it is locked until an administrator releases it
  failures BIGINT,
  locked_ms BIGINT,
  sign_in_ms BIGINT,
  -- when it was last of use, counted from when it was made or let in again; and
  -- since when it is closed because nobody used it, 0: it is not
  used_ms BIGINT,
  unused_ms BIGINT,
  -- second factor: the secret, one that is not confirmed yet, and the step of
  -- the last code that was accepted
  totp_secret BLOB,
  totp_new BLOB,
  totp_step BIGINT
);

-- Verifiers (Argon2id), the newest of an account being its password; older ones
-- are there as long as a setting says that they must not come again.
CREATE TABLE account_password (
  account BIGINT,
  made_ms BIGINT,
  verifier TEXT,
  PRIMARY KEY (account, made_ms)
);

-- Recovery codes of the second factor, each good for once: their hashes.
CREATE TABLE account_code (
  account BIGINT,
  hash BLOB,
  used_ms BIGINT,
  PRIMARY KEY (account, hash)
);

-- What a node's journal came to, said once a day: whoever rewrites it later, on
-- that node, contradicts a signed row that its agency has.
CREATE TABLE journal_head ( --: 67 subject=agency scope=agency append
  --: category=any:AUD.journal decides=security_officer
  node_id BLOB, --: 1 id once required
  entries BIGINT, --: 2 int once required
  hash BLOB, --: 3 bytes once required
  said_on TEXT, --: 4 date once required
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);
