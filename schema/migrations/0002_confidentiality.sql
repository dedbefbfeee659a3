-- Schema version 2: the confidentiality path. What agencies agreed, what people
-- consented to, what else allows a disclosure; who works for whom; what treatment
-- records there are to protect; the account of what was disclosed; the rules.
--
-- Whether something is in force, expired or overdue is computed when read, from
-- the days that stand here: time writes nothing, so no two nodes can differ about
-- it. The decisions themselves are made by node/policy.

-- ---- agreements -----------------------------------------------------------

-- An agreement between agencies about what one discloses to the other. Written
-- by the agency that drafts it, read by every agency of the network, for all
-- of them act on it. It is in force from starts_on to ends_on, from the day on
-- that every party of it has signed this text, unless it was suspended or
-- terminated: that is computed when read, since time writes nothing.
CREATE TABLE mou ( --: 33 subject=agency scope=shared everyone
  --: category=any:ADM.agreement decides=privacy_officer
  title TEXT, --: 1 text owner required
  kind TEXT, --: 2 enum(mou,qsoa,baa,management_control,contract,funding) once
  --: required
  -- Terminated is for ever; suspended holds until an informed write lifts it.
  status TEXT, --: 3 enum ranked(terminated>suspended>offered>draft)
  --: final(terminated)
  -- Both ends can only draw nearer: who knows of a later start or an earlier
  -- end is right until somebody who saw it says otherwise.
  starts_on TEXT, --: 4 date max
  ends_on TEXT, --: 5 date min
  review_due TEXT, --: 6 date min
  -- Another text is another version, with other signatures: a new row.
  version TEXT, --: 7 text once required
  body TEXT, --: 8 text once
  cross_training TEXT, --: 9 text owner
  funding_line TEXT, --: 10 text owner
  deliverables TEXT, --: 11 text text
  terminated_on TEXT, --: 12 date min one_way
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- An agency that is party to an agreement. Removed wins over a concurrent
-- present: less is shared while two offices differ.
CREATE TABLE mou_party ( --: 34 subject=agency scope=shared everyone
  --: category=any:ADM.agreement decides=privacy_officer set(mou_id,agency_id)
  mou_id BLOB, --: 1 ref(mou) once required
  agency_id BLOB, --: 2 ref(agency) once required
  state TEXT, --: 3 enum ranked(removed>present)
  duties TEXT, --: 4 text owner
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- One thing that an agreement allows: this category, from these to those, for
-- this purpose, on this basis. What no rule names is not allowed. A changed
-- rule is a new row; the old one is removed.
CREATE TABLE mou_rule ( --: 35 subject=agency scope=shared everyone
  --: category=any:ADM.agreement decides=privacy_officer
  mou_id BLOB, --: 1 ref(mou) once required
  category TEXT, --: 2 text once required
  -- An agency by name, or every party of a kind; neither is every party.
  from_agency_id BLOB, --: 3 ref(agency) once
  from_kind TEXT, --: 4
  --: enum(probation,treatment,mental_health,social,court,hub) once
  to_agency_id BLOB, --: 5 ref(agency) once
  to_kind TEXT, --: 6 enum(probation,treatment,mental_health,social,court,hub)
  --: once
  purpose TEXT, --: 7
  --: enum(treatment,coordination,supervision,court,safety,emergency,
  --: payment,operations,audit,research,person) once required
  basis TEXT, --: 8 enum(none,consent,authority,consent_or_authority) once
  --: required
  -- The people of the receiver that may see it; empty is whoever has the
  -- person.
  to_role TEXT, --: 9 text once
  state TEXT, --: 10 enum ranked(removed>present)
  frequency TEXT, --: 11 text owner
  deadline_hours BIGINT, --: 12 int min
  redisclose TEXT, --: 13 enum ranked(no>yes)
  retention_after_end TEXT, --: 14 enum ranked(purge>freeze>keep)
  -- The same in words, as the parties read it.
  sentence TEXT, --: 15 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A party's word for one text of an agreement. It stands under the party's own
-- agency, so that nobody can sign for another, and names a hash of what was
-- read: the agreement, its parties and its rules.
CREATE TABLE mou_signature ( --: 36 subject=agency scope=shared everyone
  --: category=any:ADM.agreement decides=privacy_officer append
  mou_id BLOB, --: 1 ref(mou) once required
  text_hash BLOB, --: 2 bytes once required
  signed_on TEXT, --: 3 date once required
  signed_by_id BLOB, --: 4 ref(staff) once
  signatory TEXT, --: 5 text once
  act TEXT, --: 6 enum(signed,withdrawn) once required
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- The word of an agency's registrar to one that holds keys of its records: on
-- this day all that was granted stands, but for the compartments listed, the
-- first eight bytes of the id of each. What is shown under a lease is counted from
-- that day, so that a revocation bites on a laptop that never reconnects. It names
-- no person and travels by whoever meets.
CREATE TABLE sharing_word ( --: 70 subject=agency scope=shared everyone
  --: category=any:ADM.word decides=privacy_officer set(agency_id)
  agency_id BLOB, --: 1 ref(agency) once required
  valid_on TEXT, --: 2 date owner group(word) required
  ended BLOB, --: 3 bytes owner group(word)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- consent and authority ------------------------------------------------

-- What happened to a consent: offered, refused, signed, asked back. A request
-- to revoke is an event first; whether and when it revokes is told by the
-- consent's own rule.
CREATE TABLE consent_event ( --: 37 subject=person scope=shared lane=urgent
  --: append category=any:ADM.consent decides=privacy_officer
  consent_id BLOB, --: 1 ref(consent) once required
  kind TEXT, --: 2
  --: enum(offered,refused,signed,copy_given,revocation_requested,revoked,
  --: revocation_not_yet_effective,renewed,narrowed,condition_met) once
  --: required
  happened_at TEXT, --: 3 time once required
  channel TEXT, --: 4 enum(in_person,phone,letter,email,video,other) once
  in_writing BIGINT, --: 5 bool once
  by_whom TEXT, --: 6 text once
  reason TEXT, --: 7 text once
  staff_id BLOB, --: 8 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- What else than a consent allows or orders a disclosure: a court order, a
-- statute, a mandated report. Entered by the privacy officer, with the words
-- that it can be found by.
CREATE TABLE legal_authority ( --: 38 subject=person scope=shared lane=urgent
  --: category=any:ADM.authority decides=privacy_officer
  kind TEXT, --: 1
  --: enum(court_order_2_64,court_order_2_65,subpoena,statute,mandated_report,
  --: medical_emergency_2_51,research_2_52,audit_2_53,warrant,
  --: premises_crime_2_12) once required
  citation TEXT, --: 2 text once required
  issued_on TEXT, --: 3 date once
  expires_on TEXT, --: 4 date min one_way
  status TEXT, --: 5 enum ranked(quashed>active) final(quashed)
  discloser_id BLOB, --: 6 ref(agency) once
  recipient_id BLOB, --: 7 ref(agency) once
  recipient TEXT, --: 8 text once
  purpose TEXT, --: 9 text once
  entered_by_id BLOB, --: 10 ref(staff) once
  -- A subpoena alone compels nothing of a Part 2 program: the order it comes
  -- with.
  with_order BIGINT, --: 11 bool once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- One category that an authority covers.
CREATE TABLE legal_authority_scope ( --: 39 subject=person scope=shared
  --: lane=urgent category=any:ADM.authority decides=privacy_officer
  --: set(authority_id,category)
  authority_id BLOB, --: 1 ref(legal_authority) once required
  category TEXT, --: 2 text once required
  state TEXT, --: 3 enum ranked(removed>present)
  from_on TEXT, --: 4 date max one_way
  to_on TEXT, --: 5 date min one_way
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- An order to close or destroy a person's records. The stricter kind and the
-- earlier day win. Its execution is a shred of each compartment in its scope
-- (expunge), or a state that no page and no flow gets past (seal, limited).
CREATE TABLE seal_order ( --: 40 subject=person scope=shared lane=urgent
  --: category=any:ADM.seal decides=privacy_officer
  kind TEXT, --: 1 enum ranked(expunge>seal>limited)
  effective_on TEXT, --: 2 date min
  order_number TEXT, --: 3 text once required
  court TEXT, --: 4 text once
  ordered_on TEXT, --: 5 date once
  authority TEXT, --: 6 text once
  entered_by_id BLOB, --: 7 ref(staff) once
  state TEXT, --: 8 enum ranked(vacated>active)
  -- Who may still read what it closes: roles with commas; empty is nobody.
  readers TEXT, --: 9 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- One category that the order closes. Present wins: what one office knows to
-- be sealed is sealed.
CREATE TABLE seal_scope ( --: 41 subject=person scope=shared lane=urgent
  --: category=any:ADM.seal decides=privacy_officer
  --: set(seal_order_id,category)
  seal_order_id BLOB, --: 1 ref(seal_order) once required
  category TEXT, --: 2 text once required
  state TEXT, --: 3 enum ranked(present>removed)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- That an agency carried out an order on a machine.
CREATE TABLE seal_ack ( --: 42 subject=person scope=shared lane=urgent append
  --: category=any:ADM.seal decides=privacy_officer
  seal_order_id BLOB, --: 1 ref(seal_order) once required
  agency_id BLOB, --: 2 ref(agency) once required
  machine TEXT, --: 3 text once
  done_at TEXT, --: 4 time once required
  result TEXT, --: 5 enum(sealed,destroyed,nothing_held) once required
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- What an agency answers to another's order to expunge that concerns records of its
-- own: it destroyed them, or declined and says why. Nobody else destroys them.
CREATE TABLE seal_answer ( --: 72 subject=person scope=shared lane=urgent append
  --: category=any:ADM.seal decides=privacy_officer
  seal_order_id BLOB, --: 1 ref(seal_order) once required
  result TEXT, --: 2 enum(executed,declined) once required
  answered_on TEXT, --: 3 date once required
  reason TEXT, --: 4 text once
  -- Record groups that were destroyed.
  destroyed BIGINT, --: 5 int once
  staff_id BLOB, --: 6 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- the team -------------------------------------------------------------

-- Who works together for a person, led by one agency. Membership is a
-- condition of sharing, never its basis.
CREATE TABLE team ( --: 43 subject=person scope=shared category=any:JNT.team
  --: decides=supervisor
  kind TEXT, --: 1 enum(person,docket,program) once required
  name TEXT, --: 2 text owner
  lead_staff_id BLOB, --: 3 ref(staff) owner
  state TEXT, --: 4 enum ranked(closed>open)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- One member of staff in the team. An end can only come closer.
CREATE TABLE team_member ( --: 44 subject=person scope=shared
  --: category=any:JNT.team decides=supervisor
  team_id BLOB, --: 1 ref(team) once required
  staff_id BLOB, --: 2 ref(staff) once required
  agency_id BLOB, --: 3 ref(agency) once required
  role TEXT, --: 4
  --: enum(lead,officer,counselor,clinician,social_worker,court_liaison,peer,
  --: other) once required
  from_on TEXT, --: 5 date once
  to_on TEXT, --: 6 date min one_way
  confidentiality_signed_on TEXT, --: 7 date once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- treatment ------------------------------------------------------------

-- A stay in a program. Its end is a tx_discharge, which is another item: who
-- may know that somebody is in treatment need not know how it ended.
CREATE TABLE tx_episode ( --: 45 subject=person scope=shared
  --: category=treatment:TX2.plan,mental_health:MHT.plan
  --: writers=treatment,mental_health decides=supervisor
  program_id BLOB, --: 1 ref(program) once required
  admitted_on TEXT, --: 2 date once required
  level_of_care TEXT, --: 3
  --: enum(outpatient,intensive_outpatient,partial_hospital,residential,
  --: withdrawal_management,medication,other) owner
  modality TEXT, --: 4 text owner
  expected_end TEXT, --: 5 date owner
  referral_id BLOB, --: 6 ref(referral) once
  staff_id BLOB, --: 7 ref(staff) owner
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- How a stay ended. One for each; a second is a conflict, a mistake is mended
-- by a row that supersedes it.
CREATE TABLE tx_discharge ( --: 46 subject=person scope=shared append
  --: single(episode_id)
  --: category=treatment:TX2.discharge,mental_health:MHT.discharge
  --: writers=treatment,mental_health decides=supervisor
  episode_id BLOB, --: 1 ref(tx_episode) once required
  discharged_on TEXT, --: 2 date once required
  kind TEXT, --: 3
  --: enum(completed,transferred,left_against_advice,administrative,
  --: incarcerated,died,lost_contact,other) once required
  continuing_care TEXT, --: 4 text once
  next_appointment_at TEXT, --: 5 time once
  next_agency_id BLOB, --: 6 ref(agency) once
  staff_id BLOB, --: 7 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A code and the day it was made. What was said about it is a tx_note.
CREATE TABLE diagnosis ( --: 47 subject=person scope=shared append
  --: category=treatment:TX2.diagnosis,mental_health:MHT.diagnosis
  --: writers=treatment,mental_health decides=supervisor
  system TEXT, --: 1 enum(icd10,dsm5,other) once required
  code TEXT, --: 2 text once required
  label TEXT, --: 3 text once
  diagnosed_on TEXT, --: 4 date once required
  status TEXT, --: 5 enum(provisional,confirmed,in_remission,ruled_out) once
  staff_id BLOB, --: 6 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- Whether somebody is on medication for opioid use disorder, and keeps to it.
-- No drug, no dose.
CREATE TABLE medication_flag ( --: 48 subject=person scope=shared
  --: category=treatment:TX2.medication,mental_health:MHT.medication
  --: writers=treatment,mental_health decides=supervisor
  on_moud TEXT, --: 1 enum(yes,no,unknown) latest
  adherence TEXT, --: 2 enum(good,partial,poor,unknown) latest
  as_of TEXT, --: 3 date max
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A report to a partner, as it was signed: evidence. It says what the items
-- allow that its consent names, and nothing else.
CREATE TABLE progress_report ( --: 49 subject=person scope=shared append
  --: category=treatment:TX2.progress,mental_health:MHT.progress,
  --: social:SOC.delivery writers=treatment,mental_health,social
  --: decides=supervisor
  period_from TEXT, --: 1 date once required
  period_to TEXT, --: 2 date once required
  engagement TEXT, --: 3 enum(engaged,partly,not_engaged) once
  progress TEXT, --: 4 text once
  concerns TEXT, --: 5 text once
  recommendation TEXT, --: 6
  --: enum(continue,step_up,step_down,discharge,review,other) once
  sessions_offered BIGINT, --: 7 int once
  sessions_attended BIGINT, --: 8 int once
  signed_on TEXT, --: 9 date once required
  signed_by_id BLOB, --: 10 ref(staff) once
  released_under_id BLOB, --: 11 ref(consent) once
  referral_id BLOB, --: 12 ref(referral) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A report while it is being written. Signing it inserts the progress_report
-- and names it here.
CREATE TABLE progress_report_draft ( --: 50 subject=person scope=shared
  --: category=treatment:TX2.narrative,mental_health:MHT.narrative,
  --: social:SOC.narrative writers=treatment,mental_health,social
  --: decides=supervisor
  period_from TEXT, --: 1 date latest
  period_to TEXT, --: 2 date latest
  engagement TEXT, --: 3 enum(engaged,partly,not_engaged) latest
  progress TEXT, --: 4 text text
  concerns TEXT, --: 5 text text
  recommendation TEXT, --: 6
  --: enum(continue,step_up,step_down,discharge,review,other) latest
  finished_id BLOB, --: 7 ref(progress_report) once
  staff_id BLOB, --: 8 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- What a counselor or clinician wrote about a session or a contact, as it was
-- finished. Not the notes of the conversation itself: those are clinical_note.
CREATE TABLE tx_note ( --: 51 subject=person scope=shared append
  --: category=treatment:TX2.narrative,mental_health:MHT.narrative
  --: writers=treatment,mental_health decides=supervisor
  happened_at TEXT, --: 1 time once required
  kind TEXT, --: 2 enum(individual,group,family,phone,crisis,other) once
  --: required
  narrative TEXT, --: 3 text once
  minutes BIGINT, --: 4 int once
  episode_id BLOB, --: 5 ref(tx_episode) once
  staff_id BLOB, --: 6 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- Counseling and psychotherapy notes: for their author alone. They stay on
-- machines of the author's agency; no agreement, no consent in the ordinary
-- form and no page of anybody else reaches them.
CREATE TABLE clinical_note ( --: 52 subject=person scope=agency
  --: category=treatment:CNS,mental_health:CNS writers=treatment,mental_health
  --: decides=supervisor
  written_at TEXT, --: 1 time once required
  body TEXT, --: 2 text text
  author_id BLOB, --: 3 ref(staff) once required
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A note of an officer that quotes what a clinic or a social service said. It
-- has the label of what it quotes besides its own, so it is an item of its
-- own, which no agreement names.
CREATE TABLE protected_note ( --: 53 subject=person scope=shared append
  --: category=probation:SUP.protected writers=probation decides=supervisor
  happened_at TEXT, --: 1 time once required
  narrative TEXT, --: 2 text once required
  quotes TEXT, --: 3 enum(treatment,mental_health,social,several) once required
  source_agency_id BLOB, --: 4 ref(agency) once
  consent_id BLOB, --: 5 ref(consent) once
  staff_id BLOB, --: 6 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- accounting -----------------------------------------------------------

-- That something about a person went to another agency: by sync, on a stick,
-- on paper, in a call. Written by the discloser's machine as it happens, or by
-- hand. When it was delivered and acknowledged is derived from receipts.
CREATE TABLE disclosure ( --: 54 subject=person scope=agency append
  --: category=any:AUD decides=privacy_officer
  to_agency_id BLOB, --: 1 ref(agency) once
  to_person TEXT, --: 2 text once
  to_address TEXT, --: 3 text once
  what TEXT, --: 4 text once required
  category TEXT, --: 5 text once
  purpose TEXT, --: 6
  --: enum(treatment,coordination,supervision,court,safety,emergency,
  --: payment,operations,audit,research,person) once required
  -- By hand: somebody shared it and named no rule that can be looked up.
  basis TEXT, --: 7 enum(consent,authority,agreement,emergency,person,hand)
  --: once required
  basis_id BLOB, --: 8 id once
  consent_hash BLOB, --: 9 bytes once
  notice_code TEXT, --: 10 text once
  policy_version TEXT, --: 11 text once
  channel TEXT, --: 12
  --: enum(sync,bundle,print,export,phone,fax,meeting,calendar) once required
  item_count BIGINT, --: 13 int once
  sent_at TEXT, --: 14 time once required
  ends_at TEXT, --: 15 time once
  staff_id BLOB, --: 16 ref(staff) once
  -- Sent before word of a revocation came; it stays in the account.
  before_notice BIGINT, --: 17 bool once
  -- What was said when it was shared, "consent:..." or "granted by hand".
  basis_words TEXT, --: 18 text once
  -- Through whom it went, or on what.
  way TEXT, --: 19 text once
  -- It was disclosed although the rules said no: why.
  although TEXT, --: 20 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- One row that a disclosure on paper or by hand contained, as it was then.
CREATE TABLE disclosure_item ( --: 55 subject=person scope=agency append
  --: category=any:AUD decides=privacy_officer
  disclosure_id BLOB, --: 1 ref(disclosure) once required
  table_name TEXT, --: 2 text once required
  row_id BLOB, --: 3 id once required
  version_hash BLOB, --: 4 bytes once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- Something a person is entitled to ask. The day an answer is due can only
-- come closer; closed wins.
CREATE TABLE privacy_request ( --: 56 subject=person scope=agency
  --: category=any:ADM.privacy decides=privacy_officer
  kind TEXT, --: 1
  --: enum(accounting,access,amendment,restriction,complaint,intermediary_list)
  --: once required
  received_on TEXT, --: 2 date once required
  due TEXT, --: 3 date min
  status TEXT, --: 4 enum ranked(closed>answered>open)
  answered_on TEXT, --: 5 date owner
  answer TEXT, --: 6 text owner
  suspended_until TEXT, --: 7 date max
  suspended_by TEXT, --: 8 text owner
  staff_id BLOB, --: 9 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- Somebody opened what was closed to them, for a reason that the rules know.
-- It travels first. What 42 CFR 2.51(c) asks for stands in the four medical
-- fields. It ends by itself; an end can only come closer.
CREATE TABLE break_glass ( --: 57 subject=person scope=shared lane=urgent
  --: category=any:ADM.emergency decides=privacy_officer
  staff_id BLOB, --: 1 ref(staff) once required
  reason TEXT, --: 2
  --: enum(medical_emergency,imminent_danger,on_call_cover,child_abuse_report,
  --: supervisor_review) once required
  narrative TEXT, --: 3 text once required
  categories TEXT, --: 4 text once required
  opened_at TEXT, --: 5 time once required
  ends_at TEXT, --: 6 time min one_way required
  medical_person TEXT, --: 7 text once
  medical_affiliation TEXT, --: 8 text once
  disclosed_by TEXT, --: 9 text once
  emergency TEXT, --: 10 text once
  owner_agency_id BLOB, --: 11 ref(agency) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- What the review of it came to. Two reviews are two opinions.
CREATE TABLE break_glass_review ( --: 58 subject=person scope=shared
  --: lane=urgent append category=any:ADM.emergency decides=privacy_officer
  break_glass_id BLOB, --: 1 ref(break_glass) once required
  reviewed_on TEXT, --: 2 date once required
  reviewer_id BLOB, --: 3 ref(staff) once required
  verdict TEXT, --: 4 enum(justified,not_justified,more_needed) once required
  note TEXT, --: 5 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- That an exchange was refused or came late, and why; or that a consent, an
-- agreement, a policy pack or a category was (the last four codes). It names no
-- person and has no content: those who make policy read it.
CREATE TABLE barrier_log ( --: 59 subject=agency scope=shared append
  --: category=any:ADM.barrier decides=privacy_officer
  happened_on TEXT, --: 1 date once required
  code TEXT, --: 2
  --: enum(no_agreement,agreement_ended,no_consent,consent_ended,consent_scope,
  --: consent_kind,no_need,no_basis,stale,label,restricted,sealed,channel,
  --: training,other,consent,agreement,policy,category) once required
  category TEXT, --: 3 text once
  from_agency_id BLOB, --: 4 ref(agency) once
  to_agency_id BLOB, --: 5 ref(agency) once
  purpose TEXT, --: 6 text once
  policy_version TEXT, --: 7 text once
  delay_days BIGINT, --: 8 int once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- Something that a person has to be told by this agency: that their records were
-- opened in an emergency, or were on a computer that was lost. Written when it
-- became known, with the day by which the rules want it told; the same thing
-- written by two computers is one row.
CREATE TABLE person_notice ( --: 71 subject=person scope=agency
  --: category=any:ADM.privacy decides=privacy_officer
  kind TEXT, --: 1 enum(emergency,breach) once required
  -- The emergency's row, or the computer.
  about_id BLOB, --: 2 id once required
  known_on TEXT, --: 3 date once required
  due_on TEXT, --: 4 date min
  state TEXT, --: 5 enum ranked(informed>not_required>open)
  informed_on TEXT, --: 6 date owner
  channel TEXT, --: 7 enum(in_person,phone,letter,email,video,other) owner
  -- Why nobody is told.
  reason TEXT, --: 8 text owner
  staff_id BLOB, --: 9 ref(staff) owner
  -- Of a computer: its name, and the categories that could be read on it.
  machine TEXT, --: 10 text once
  categories TEXT, --: 11 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- staff, training, restrictions ----------------------------------------

-- What a member of staff may do, and with whose files. Roles only end earlier
-- than was said, never later: more is a new row.
CREATE TABLE staff_role ( --: 60 subject=agency scope=agency
  --: category=any:ADM.staff decides=administrator
  staff_id BLOB, --: 1 ref(staff) once required
  role TEXT, --: 2
  --: enum(officer,counselor,clinician,social_worker,supervisor,clerk,
  --: records_officer,privacy_officer,security_officer,administrator,medical,
  --: auditor) once required
  scope TEXT, --: 3 enum(caseload,office,all) once required
  office_id BLOB, --: 4 ref(office) once
  valid_from TEXT, --: 5 date max one_way
  valid_to TEXT, --: 6 date min one_way
  -- Accounts for an emergency end by themselves, at most 72 hours on.
  temporary_until TEXT, --: 7 time min one_way
  granted_by_id BLOB, --: 8 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A course that staff take.
CREATE TABLE training_course ( --: 61 subject=agency scope=agency
  --: category=any:ADM.training decides=supervisor
  title TEXT, --: 1 text owner required
  kind TEXT, --: 2 enum(confidentiality,security,safety,clinical,other) once
  --: required
  valid_months BIGINT, --: 3 int owner
  provider TEXT, --: 4 text owner
  active TEXT, --: 5 enum ranked(no>yes)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- That somebody took it. Who has no valid confidentiality training reads and
-- does not write, once the grace period is over.
CREATE TABLE training_record ( --: 62 subject=agency scope=agency
  --: category=any:ADM.training decides=supervisor append
  staff_id BLOB, --: 1 ref(staff) once required
  course_id BLOB, --: 2 ref(training_course) once required
  completed_on TEXT, --: 3 date once required
  expires_on TEXT, --: 4 date once
  score BIGINT, --: 5 int once
  evidence TEXT, --: 6 text once
  recorded_by_id BLOB, --: 7 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A file that some staff must not open, a relative's or a colleague's; or that
-- only named staff may open. Present wins until an informed write lifts it.
CREATE TABLE access_restriction ( --: 63 subject=person scope=agency
  --: lane=urgent category=any:ADM.restriction decides=supervisor
  --: set(mode,staff_id)
  mode TEXT, --: 1 enum(excluded,only) once required
  staff_id BLOB, --: 2 ref(staff) once required
  state TEXT, --: 3 enum ranked(present>lifted)
  reason TEXT, --: 4 text once
  message TEXT, --: 5 text latest
  set_by_id BLOB, --: 6 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- policy ---------------------------------------------------------------

-- The rules of a jurisdiction as data: bases, leases, deadlines, elements,
-- notices. A new version is a new row, so that an old decision can be
-- explained by the pack of its day. A node acts on it once its own privacy
-- officer has signed it.
CREATE TABLE policy_pack ( --: 64 subject=agency scope=shared everyone
  --: category=any:ADM.policy decides=privacy_officer append
  jurisdiction TEXT, --: 1 text once required
  version TEXT, --: 2 text once required
  effective_on TEXT, --: 3 date once required
  body TEXT, --: 4 text once required
  body_hash BLOB, --: 5 bytes once required
  sample BIGINT, --: 6 bool once
  issued_by TEXT, --: 7 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- The privacy officer's word that this agency acts by this pack. It stands
-- under the agency that signs.
CREATE TABLE policy_signature ( --: 65 subject=agency scope=shared everyone
  --: category=any:ADM.policy decides=privacy_officer append
  pack_id BLOB, --: 1 ref(policy_pack) once required
  body_hash BLOB, --: 2 bytes once required
  signed_on TEXT, --: 3 date once required
  signed_by_id BLOB, --: 4 ref(staff) once
  act TEXT, --: 5 enum(signed,withdrawn) once required
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- The text of a consent, a notice or another form, in one language. A form
-- marked as a sample prints as one.
CREATE TABLE policy_form ( --: 66 subject=agency scope=shared everyone
  --: category=any:ADM.policy decides=privacy_officer append
  code TEXT, --: 1 text once required
  language TEXT, --: 2 text once required
  version TEXT, --: 3 text once required
  title TEXT, --: 4 text once required
  body TEXT, --: 5 text once required
  effective_on TEXT, --: 6 date once
  sample BIGINT, --: 7 bool once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- what version 1 lacked ---------------------------------------------------

-- The purposes of the consent in the words of the rules, with commas; the form's
-- own sentence is in purpose.
ALTER TABLE consent ADD COLUMN purposes TEXT; --: 23 text once
-- Taking part in the program was made a condition of the release (42 CFR 2.35).
ALTER TABLE consent ADD COLUMN condition_of_release BIGINT; --: 24 bool once
-- Why it lasts as long as it does.
ALTER TABLE consent ADD COLUMN duration_reason TEXT; --: 25 text once
ALTER TABLE consent ADD COLUMN right_to_revoke_statement BIGINT; --: 26 bool once
-- The event that ends it has come.
ALTER TABLE consent ADD COLUMN ended_by_event_on TEXT; --: 27 date min one_way

-- ---- views ------------------------------------------------------------------

-- What follows from the rows and is never stored. One text for SQLite and
-- PostgreSQL (in the collation C), and no day of today in it: whoever asks says
-- which day it is. A row that another one took the place of, or that was sealed
-- or expunged, is in none of them.

-- Where a referral stands: its latest answer.
CREATE VIEW referral_now AS
SELECT r.id AS referral_id, r._cpt AS _cpt, r.agency_id AS agency_id,
  r.sent_on AS sent_on, r.urgency AS urgency, r.withdrawn AS withdrawn,
  (SELECT a.state FROM referral_answer a
    WHERE a.referral_id = r.id AND COALESCE(a.row_state, 'live') = 'live'
    ORDER BY COALESCE(a.answered_at, '') DESC, a.id DESC LIMIT 1) AS state,
  (SELECT MAX(a.answered_at) FROM referral_answer a
    WHERE a.referral_id = r.id AND COALESCE(a.row_state, 'live') = 'live')
    AS answered_at
FROM referral r
WHERE COALESCE(r.row_state, 'live') = 'live' AND NOT EXISTS
  (SELECT 1 FROM referral s WHERE s.supersedes_id = r.id AND s._cpt = r._cpt);

-- How often somebody came, of the visits with a result.
CREATE VIEW attendance_total AS
SELECT a._cpt AS _cpt, COUNT(*) AS visits,
  SUM(CASE WHEN a.result IN ('complied', 'late', 'left_early') THEN 1 ELSE 0
    END) AS attended,
  SUM(COALESCE(a.minutes, 0)) AS minutes, MAX(a.held_on) AS last_on
FROM attendance a
WHERE COALESCE(a.row_state, 'live') = 'live' AND NOT EXISTS
  (SELECT 1 FROM attendance s WHERE s.supersedes_id = a.id AND s._cpt = a._cpt)
GROUP BY a._cpt;

-- What a consent covers and for whom: without either it is nobody's.
CREATE VIEW consent_reach AS
SELECT c.id AS consent_id, c._cpt AS _cpt, c.kind AS kind, c.status AS status,
  c.effective_on AS effective_on, c.expires_on AS expires_on,
  (SELECT COUNT(*) FROM consent_scope s WHERE s.consent_id = c.id
    AND s._cpt = c._cpt AND COALESCE(s.state, 'present') = 'present') AS scopes,
  (SELECT COUNT(*) FROM consent_recipient p WHERE p.consent_id = c.id
    AND p._cpt = c._cpt AND COALESCE(p.state, 'present') = 'present')
    AS recipients
FROM consent c
WHERE COALESCE(c.row_state, 'live') = 'live';

-- Until when each member of staff has a kind of training.
CREATE VIEW training_until AS
SELECT r.staff_id AS staff_id, c.kind AS kind, MAX(r.completed_on) AS completed_on,
  MAX(r.expires_on) AS expires_on
FROM training_record r, training_course c
WHERE c.id = r.course_id AND COALESCE(r.row_state, 'live') = 'live'
GROUP BY r.staff_id, c.kind;

-- What stood in the way of sharing, by month: for those who make policy.
CREATE VIEW barrier_month AS
SELECT b._cpt AS _cpt, SUBSTR(b.happened_on, 1, 7) AS happened_in,
  b.code AS code, COUNT(*) AS times, SUM(COALESCE(b.delay_days, 0)) AS delay_days
FROM barrier_log b
GROUP BY b._cpt, SUBSTR(b.happened_on, 1, 7), b.code;
