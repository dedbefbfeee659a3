-- Schema version 1: the tables of the first release.
--
-- Each replicated table is commented like code: what it holds, who writes it,
-- and why a rule is what it is where that is not obvious. What follows "--:"
-- is the registry, read by the engine; its grammar and the columns that the
-- engine adds are in schema/README.md. A released migration is never edited:
-- numbers, rules, enum orders and writers are part of what nodes agree on.
--
-- No table has a person column: a row belongs to one subject (the person or
-- the agency that it is about) by its compartment, _cpt.

-- ---- directory -------------------------------------------------------------

-- An organisation of the network. Every member writes the row of its own
-- agency and no other; the row's id is the agency's id, so that a reference to
-- an agency needs no second number.
CREATE TABLE agency ( --: 1 subject=agency scope=shared everyone self category=any:DIR
  --: decides=steward
  name TEXT, --: 1 text owner required
  kind TEXT, --: 2 enum(probation,treatment,mental_health,
  --: social,court,housing,employment,medical, peer,hub) once
  -- Yes wins: a Part 2 program wrongly called none leaks.
  part2_program TEXT, --: 3 enum ranked(yes>no)
  covered_entity BIGINT, --: 4 bool owner
  justice_agency BIGINT, --: 5 bool owner
  ori TEXT, --: 6 text once
  phone TEXT, --: 7 text latest
  hours TEXT, --: 8 text latest
  jurisdiction TEXT, --: 9 text owner
  -- No wins: nothing is sent to an agency that somebody knows to be closed.
  active TEXT, --: 10 enum ranked(no>yes)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A place where an agency works. Its machines are members of the network and
-- stand in the membership records, not here.
CREATE TABLE office ( --: 2 subject=agency scope=shared everyone category=any:DIR
  --: decides=steward
  name TEXT, --: 1 text owner required
  address TEXT, --: 2 text latest
  phone TEXT, --: 3 text latest
  hours TEXT, --: 4 text latest
  opened_on TEXT, --: 5 date once
  state TEXT, --: 6 enum ranked(closed>open)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A member of staff: work facts only. "--as STAFF" of the command line names a
-- row here, and every operation records it as the one who acted.
CREATE TABLE staff ( --: 3 subject=agency scope=shared everyone category=any:DIR
  --: decides=steward
  name TEXT, --: 1 text latest required
  title TEXT, --: 2 text latest
  office_id BLOB, --: 3 ref(office) latest
  email TEXT, --: 4 text latest
  phone TEXT, --: 5 text latest
  supervisor_id BLOB, --: 6 ref(staff) owner
  licence_no TEXT, --: 7 text owner
  -- The strictest wins: a suspension made anywhere holds until an informed
  -- write lifts it.
  status TEXT, --: 8 enum ranked(terminated>suspended>active)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A service that people can be referred to. The provider alone describes it.
CREATE TABLE program ( --: 4 subject=agency scope=shared everyone category=any:DIR
  --: decides=steward
  name TEXT, --: 1 text owner required
  service_type TEXT, --: 2 enum(substance_use,mental_health,cognitive,
  --: education,employment,housing,peer,medical, other) owner
  eligibility TEXT, --: 3 text owner
  address TEXT, --: 4 text owner
  remote BIGINT, --: 5 bool owner
  sessions_per_week BIGINT, --: 6 int owner
  fee TEXT, --: 7 text owner
  ebp_rating TEXT, --: 8 text owner group(rating)
  rating_source TEXT, --: 9 text owner group(rating)
  active TEXT, --: 10 enum ranked(closed>open)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- the person ------------------------------------------------------------

-- Who somebody is. The row's id is the person's id everywhere. Written first
-- by whoever records the person first, then by any agency that was given the
-- right to write.
CREATE TABLE person ( --: 5 subject=person scope=shared self category=any:IDX
  --: decides=supervisor
  legal_name TEXT, --: 1 text latest required
  preferred_name TEXT, --: 2 text latest
  -- Two different dates may be two people mixed up: a person must decide.
  birth_date TEXT, --: 3 date both
  -- Where a source gives an age group and no date.
  age_group TEXT, --: 4 text latest
  sex_recorded TEXT, --: 5 text latest
  gender TEXT, --: 6 text latest
  language TEXT, --: 7 text latest
  -- Yes wins: an interpreter too many costs an hour, one too few a right.
  interpreter TEXT, --: 8 enum ranked(yes>no)
  -- Reported wins until a person confirms or lowers it.
  deceased TEXT, --: 9 enum ranked(reported>no)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A number by which a system knows the person. At most one live number for a
-- system; two are a conflict over rows. A wrong number is superseded by a new
-- row.
CREATE TABLE person_identifier ( --: 6 subject=person scope=shared
  --: category=any:IDX single(system) decides=supervisor
  system TEXT, --: 1 text once required
  value TEXT, --: 2 text once required
  issued_on TEXT, --: 3 date once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);
-- number:VALUE finds a person at the front desk; the table is read by value
-- far more often than it is written.
CREATE INDEX person_identifier_value ON person_identifier (value);

-- One way to reach the person. A new number is a new row; what it may be used
-- for is merged towards no, since a message on the wrong phone harms.
CREATE TABLE contact_point ( --: 7 subject=person scope=shared category=any:IDX
  kind TEXT, --: 1 enum(phone,email,message,letter,other) once required
  value TEXT, --: 2 text once required
  ok_to_text TEXT, --: 3 enum ranked(no>yes)
  ok_voicemail TEXT, --: 4 enum ranked(no>yes)
  preferred BIGINT, --: 5 bool latest
  verified_on TEXT, --: 6 date max
  active TEXT, --: 7 enum ranked(no>yes)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- supervision -----------------------------------------------------------

-- One period of supervision. Written by probation. Reopening is a new row, so
-- that no stale laptop can bring a closed period back.
CREATE TABLE episode ( --: 8 subject=person scope=shared
  --: category=probation:SUP.case writers=probation
  kind TEXT, --: 1 enum(probation,pretrial,parole,deferred, drug_court) once
  --: required
  started_on TEXT, --: 2 date once
  expected_end TEXT, --: 3 date owner
  level TEXT, --: 4 enum(low,standard,high,specialised) owner
  ended_on TEXT, --: 5 date owner group(end)
  end_reason TEXT, --: 6 enum(completed,revoked,transferred,
  --: discharged_early,died,other) owner group(end)
  -- Closed beats active, whatever a stale laptop says; and an abscond, a
  -- warrant or a suspension noticed meanwhile beats closed, since a closure
  -- must not hide it. The supervisor sees which value lost.
  status TEXT, --: 7 enum ranked(absconded>warrant>suspended>closed>active)
  --: decides=supervisor
  -- Last time anybody went through the conditions with the person.
  reviewed_on TEXT, --: 8 date max
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- Who is the officer of a person. Written by a supervisor. A change of officer
-- ends one row and begins another; two open rows for one role go to the
-- supervisor.
CREATE TABLE assignment ( --: 9 subject=person scope=shared
  --: category=probation:SUP.case writers=probation
  --: single(role),while(ended_on=)
  staff_id BLOB, --: 1 ref(staff) once required
  role TEXT, --: 2 enum(lead,cover,specialist) once required
  started_on TEXT, --: 3 date once
  -- An end can only come closer.
  ended_on TEXT, --: 4 date min one_way
  office_id BLOB, --: 5 ref(office) once
  reason TEXT, --: 6 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- What a court ordered. The court or probation writes it once; its status is
-- not a field but the newest condition_event, because no order of statuses is
-- safe without the authority behind each.
CREATE TABLE condition ( --: 10 subject=person scope=shared
  --: category=probation:SUP.conditions,court:CRT.order
  -- treatment: mental-health or substance programme; cognitive_education:
  -- cognitive or education programme.
  kind TEXT, --: 1 enum(treatment,cognitive_education,
  --: employment,residence,reporting,testing,
  --: no_contact,payment,community_service,other) once required
  order_text TEXT, --: 2 text once
  mandated BIGINT, --: 3 bool once
  ordered_on TEXT, --: 4 date once
  due TEXT, --: 5 date min
  target_quantity BIGINT, --: 6 int owner group(target)
  target_unit TEXT, --: 7 text owner group(target)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- What became of a condition, with the authority for it.
CREATE TABLE condition_event ( --: 11 subject=person scope=shared append
  --: category=probation:SUP.conditions,court:CRT.order
  condition_id BLOB, --: 1 ref(condition) once required
  status TEXT, --: 2 enum(active,satisfied,waived,modified, violation_found)
  --: once required
  happened_on TEXT, --: 3 date once
  authority TEXT, --: 4 text once
  document_id BLOB, --: 5 ref(document) once
  staff_id BLOB, --: 6 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A contact with the person, as the officer finished it: evidence, never
-- changed. What quotes a clinic does not belong here, since this item may be
-- shared as a whole.
CREATE TABLE contact_note ( --: 12 subject=person scope=shared append
  --: category=probation:SUP.notes writers=probation
  happened_at TEXT, --: 1 time once required
  kind TEXT, --: 2 enum(in_person,home,phone,video,collateral,
  --: text,office,field) once required
  narrative TEXT, --: 3 text once
  outcome TEXT, --: 4 enum(held,not_home,refused,left_message,failed) once
  with_whom TEXT, --: 5 text once
  location TEXT, --: 6 text once
  minutes BIGINT, --: 7 int once
  attempted BIGINT, --: 8 bool once
  safety_observed BIGINT, --: 9 bool once
  staff_id BLOB, --: 10 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A note while it is being written, on the laptop or in the office. Finishing
-- inserts the contact_note and names it here.
CREATE TABLE contact_note_draft ( --: 13 subject=person scope=shared
  --: category=probation:SUP.notes writers=probation
  happened_at TEXT, --: 1 time latest
  kind TEXT, --: 2 enum(in_person,home,phone,video,collateral,
  --: text,office,field) latest
  narrative TEXT, --: 3 text text
  with_whom TEXT, --: 4 text latest
  location TEXT, --: 5 text latest
  finished_id BLOB, --: 6 ref(contact_note) once
  staff_id BLOB, --: 7 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- schedule --------------------------------------------------------------

-- When and where the person is expected. Written by the agency that offers it;
-- its category says by whose. Rescheduling makes a new row that supersedes
-- this one, so that two offline reschedules both show.
CREATE TABLE appointment ( --: 14 subject=person scope=shared
  --: category=probation:SUP.schedule, treatment:TX2.attendance,
  --: mental_health:MHT.attendance, social:SOC.delivery,court:CRT.hearing
  -- start, end, place and method only make sense together; the newest start
  -- decides for all four.
  start_at TEXT, --: 1 time owner group(slot) required
  end_at TEXT, --: 2 time owner group(slot)
  place TEXT, --: 3 text owner group(slot)
  method TEXT, --: 4 enum(in_person,home,phone,video) owner group(slot)
  kind TEXT, --: 5 enum(supervision,programme,testing,
  --: assessment,hearing,other) owner
  staff_id BLOB, --: 6 ref(staff) owner
  -- Cancelled wins: nobody waits for somebody who was told not to come.
  state TEXT, --: 7 enum ranked(cancelled>rescheduled>booked)
  program_id BLOB, --: 8 ref(program) owner
  condition_id BLOB, --: 9 ref(condition) once
  purpose TEXT, --: 10 text owner
  booked_on TEXT, --: 11 date once
  cancel_reason TEXT, --: 12 enum(person,agency,custody,illness,weather,other)
  --: owner
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- What came of an appointment: evidence. Two different results for one
-- appointment go to the supervisor of the agency that owns it.
CREATE TABLE attendance ( --: 15 subject=person scope=shared append
  --: category=probation:SUP.schedule, treatment:TX2.attendance,
  --: mental_health:MHT.attendance, social:SOC.delivery,court:CRT.hearing
  --: single(appointment_id) decides=supervisor
  appointment_id BLOB, --: 1 ref(appointment) once required
  result TEXT, --: 2 enum(complied,late,left_early,
  --: failed_to_comply,no_show,acceptable_absence, cancelled_by_agency) once
  --: required
  held_on TEXT, --: 3 date once
  minutes BIGINT, --: 4 int once
  absence_reason TEXT, --: 5 enum(illness,work,childcare,transport,
  --: custody,bereavement,other) once
  behaviour_code TEXT, --: 6 text once
  concern_code TEXT, --: 7 text once
  notify_officer BIGINT, --: 8 bool once
  evidence_due TEXT, --: 9 date once
  recorded_by_id BLOB, --: 10 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- referral --------------------------------------------------------------

-- A request to a program, by whoever refers. What the program answers is its
-- own record in its own category, never a field here.
CREATE TABLE referral ( --: 16 subject=person scope=shared
  --: category=probation:SUP.referral, court:CRT.case,treatment:TX2.referral,
  --: mental_health:MHT.referral,social:SOC.needs
  program_id BLOB, --: 1 ref(program) once
  agency_id BLOB, --: 2 ref(agency) once required
  reason TEXT, --: 3 text once
  condition_id BLOB, --: 4 ref(condition) once
  -- Urgent wins until somebody who saw it says otherwise.
  urgency TEXT, --: 5 enum ranked(urgent>routine)
  sent_on TEXT, --: 6 date once
  interpreter TEXT, --: 7 enum ranked(yes>no)
  -- When the person cannot come; both sides add to it.
  unavailable TEXT, --: 8 text text
  risk_summary TEXT, --: 9 text once
  consent_id BLOB, --: 10 ref(consent) once
  complexity TEXT, --: 11 enum(low,medium,high) owner
  complete_by TEXT, --: 12 date owner
  withdrawn TEXT, --: 13 enum ranked(withdrawn>open)
  withdraw_reason TEXT, --: 14 text owner
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- What the program says to a referral. Only the provider writes it: only its
-- node can turn a wish into an accepted place.
CREATE TABLE referral_answer ( --: 17 subject=person scope=shared append
  --: category=treatment:TX2.referral,
  --: mental_health:MHT.referral,social:SOC.needs decides=supervisor
  referral_id BLOB, --: 1 ref(referral) once required
  state TEXT, --: 2 enum(received,accepted,waitlisted,
  --: assessment_booked,admitted,declined, not_engaged,completed,ended) once
  --: required
  answered_at TEXT, --: 3 time once
  slot_at TEXT, --: 4 time once
  reason TEXT, --: 5 enum(capacity,eligibility,distance,safety,
  --: person_declined,other) once
  program_id BLOB, --: 6 ref(program) once
  staff_id BLOB, --: 7 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- evidence and facts ----------------------------------------------------

-- One test. Probation's own stands in SUP.tests, a program's in its own
-- category. An amended result is a new row.
CREATE TABLE drug_test ( --: 18 subject=person scope=shared append
  --: category=probation:SUP.tests, treatment:TX2.drug_test,
  --: mental_health:MHT.drug_test writers=probation,treatment,mental_health
  collected_on TEXT, --: 1 date once required
  panel TEXT, --: 2 text once
  thc TEXT, --: 3 enum(negative,positive) once
  cocaine TEXT, --: 4 enum(negative,positive) once
  methamphetamine TEXT, --: 5 enum(negative,positive) once
  opioids TEXT, --: 6 enum(negative,positive) once
  other TEXT, --: 7 enum(negative,positive) once
  lab_confirmed TEXT, --: 8 enum(confirmed,presumptive) once
  dilute BIGINT, --: 9 bool once
  refused BIGINT, --: 10 bool once
  admitted BIGINT, --: 11 bool once
  chain_id TEXT, --: 12 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A breach, as probation recorded it. What a clinic reported stays under the
-- clinic's label and is not copied here.
CREATE TABLE violation ( --: 19 subject=person scope=shared
  --: category=probation:SUP.violations writers=probation append
  behaviour TEXT, --: 1 enum(electronic_monitoring,instruction,
  --: fail_to_report,move_without_permission,
  --: new_offence,positive_test,missed_treatment, other) once required
  severity TEXT, --: 2 enum(low,medium,high) once
  happened_on TEXT, --: 3 date once
  source TEXT, --: 4 enum(own,police,public,other) once
  condition_id BLOB, --: 5 ref(condition) once
  proposed_response TEXT, --: 6 enum(none,incentive,therapeutic_adjustment,
  --: sanction,court) once
  staff_id BLOB, --: 7 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- The result of an instrument: totals and levels, no item text, which is
-- licensed.
CREATE TABLE risk_assessment ( --: 20 subject=person scope=shared
  --: category=probation:SUP.risk writers=probation
  instrument TEXT, --: 1 text once required
  version TEXT, --: 2 text once
  assessed_on TEXT, --: 3 date once
  total BIGINT, --: 4 int once
  level_scored TEXT, --: 5 enum(low,moderate,high,very_high) once
  domain_scores TEXT, --: 6 text once
  -- An override is one act: level, reason and who.
  override_level TEXT, --: 7 enum(low,moderate,high,very_high) owner
  --: group(override)
  override_reason TEXT, --: 8 text owner group(override)
  override_by_id BLOB, --: 9 ref(staff) owner group(override)
  -- The earlier review wins.
  next_due TEXT, --: 10 date min
  licence_note TEXT, --: 11 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A dated fact about work; the current one is the newest, computed when read,
-- so that the reports of two workers both stay.
CREATE TABLE employment_status ( --: 21 subject=person scope=shared append
  --: category=probation:SUP.facts,social:SOC.employment
  --: writers=probation,social
  status TEXT, --: 1 enum(employed,part_time,unemployed,training, unable) once
  from_on TEXT, --: 2 date once
  to_on TEXT, --: 3 date once
  -- Share of days employed from from_on to to_on, where a report gives no
  -- more.
  percent_of_days BIGINT, --: 4 int once
  employer TEXT, --: 5 text once
  source TEXT, --: 6 enum(person,employer,document,agency,other) once
  verified BIGINT, --: 7 bool once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A court date. A court or probation writes it; two different times must be
-- settled by a person, since missing the right one means a warrant.
CREATE TABLE hearing ( --: 22 subject=person scope=shared lane=urgent
  --: category=court:CRT.hearing,probation:CRT.hearing decides=supervisor
  starts_at TEXT, --: 1 time both
  kind TEXT, --: 2 enum(review,sentencing,violation, arraignment,other) latest
  court TEXT, --: 3 text owner
  room TEXT, --: 4 text owner
  outcome TEXT, --: 5 text owner
  -- The case, where one is recorded; may stay empty.
  court_case_id BLOB, --: 6 id once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A short code that keeps somebody from harm; no narrative. Any agency writes
-- it. The higher level wins. Lifting is a new row that supersedes this one and
-- says by whom and when.
CREATE TABLE safety_alert ( --: 23 subject=person scope=shared lane=urgent
  --: category=any:SAF decides=supervisor
  code TEXT, --: 1 enum(risk_to_staff,weapons,dogs,self_harm,
  --: overdose,domestic_violence,medical,other) once required
  level TEXT, --: 2 enum ranked(high>medium>low)
  raised_on TEXT, --: 3 date once
  review_due TEXT, --: 4 date min
  lifted_on TEXT, --: 5 date once
  lifted_by_id BLOB, --: 6 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- consent ---------------------------------------------------------------

-- What a person agreed to let an agency disclose. Written by the agency that
-- discloses, or by the intake agency for it. Its end can only come closer and
-- revocation stays: a mistake is mended by a new consent.
CREATE TABLE consent ( --: 24 subject=person scope=shared lane=urgent
  --: category=any:ADM.consent decides=privacy_officer
  kind TEXT, --: 1 enum(part2_general,part2_tpo,part2_justice,
  --: hipaa,social,photo,research) once required
  -- "expired" is no status: it is computed from expires_on when read.
  status TEXT, --: 2 enum ranked(revoked>superseded>suspended>active>draft)
  --: final(revoked,superseded)
  effective_on TEXT, --: 3 date max one_way
  expires_on TEXT, --: 4 date min one_way
  expires_event TEXT, --: 5 text once
  discloser_id BLOB, --: 6 ref(agency) once
  info_description TEXT, --: 7 text once
  purpose TEXT, --: 8 text once
  revocable_rule TEXT, --: 9 enum(any_time,after_event,after_date) once
  revocable_event TEXT, --: 10 text once
  revocable_on TEXT, --: 11 date once
  signed_by TEXT, --: 12 text once
  signer_capacity TEXT, --: 13 enum(self,guardian,representative) once
  signed_on TEXT, --: 14 date once
  signature BLOB, --: 15 bytes once
  witness TEXT, --: 16 text once
  language TEXT, --: 17 text once
  counselling_notes_separate BIGINT, --: 18 bool once
  tpo_redisclosure_statement BIGINT, --: 19 bool once
  refusal_consequence_statement BIGINT, --: 20 bool once
  document_id BLOB, --: 21 ref(document) once
  -- The earliest known day counts, and stays.
  revoked_on TEXT, --: 22 date min one_way
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- One category that a consent covers. Removed wins over a concurrent present:
-- consent narrows by default.
CREATE TABLE consent_scope ( --: 25 subject=person scope=shared lane=urgent
  --: category=any:ADM.consent decides=privacy_officer set(consent_id,category)
  consent_id BLOB, --: 1 ref(consent) once required
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

-- Who may receive under a consent: an agency, or a class of them (42 CFR
-- 2.31(a)(4)); of it a role, or everybody who needs it. Whoever names neither
-- agency nor class names nobody.
CREATE TABLE consent_recipient ( --: 26 subject=person scope=shared lane=urgent
  --: category=any:ADM.consent decides=privacy_officer
  --: set(consent_id,agency_id,class,role)
  consent_id BLOB, --: 1 ref(consent) once required
  agency_id BLOB, --: 2 ref(agency) once
  role TEXT, --: 3 text once
  person_name TEXT, --: 4 text once
  state TEXT, --: 5 enum ranked(removed>present)
  via_intermediary TEXT, --: 6 text once
  -- "treating_providers", or kinds of agency with commas between them.
  class TEXT, --: 7 text once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- joint work ------------------------------------------------------------

-- A meeting about one person, led by one agency, written by every party.
-- Minutes are drafted in meeting_minutes_draft and closed by a row of
-- meeting_minutes.
CREATE TABLE meeting ( --: 27 subject=person scope=shared
  --: category=any:JNT.meeting decides=supervisor
  starts_at TEXT, --: 1 time both
  place TEXT, --: 2 text latest
  agenda TEXT, --: 3 text text
  state TEXT, --: 4 enum ranked(closed>open)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- Minutes while the meeting is open; several people type.
CREATE TABLE meeting_minutes_draft ( --: 28 subject=person scope=shared
  --: category=any:JNT.meeting decides=supervisor
  meeting_id BLOB, --: 1 ref(meeting) once required
  body TEXT, --: 2 text text
  state TEXT, --: 3 enum ranked(closed>open)
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- Minutes as they were agreed: one row a meeting, never changed.
CREATE TABLE meeting_minutes ( --: 29 subject=person scope=shared
  --: category=any:JNT.meeting decides=supervisor append single(meeting_id)
  meeting_id BLOB, --: 1 ref(meeting) once required
  body TEXT, --: 2 text once
  agreed_on TEXT, --: 3 date once
  signed_by_id BLOB, --: 4 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- ---- events and documents --------------------------------------------------

-- Criminal-history record information from a state or federal system. Never
-- leaves criminal-justice agencies without a statute or an agreement.
CREATE TABLE chr_event ( --: 30 subject=person scope=shared append
  --: category=probation:CHR,court:CHR writers=probation,court
  kind TEXT, --: 1 enum(arrest,charge,conviction,disposition) once required
  happened_on TEXT, --: 2 date once
  -- The last day it can have happened on, where a source gives only a window.
  not_after TEXT, --: 3 date once
  offence TEXT, --: 4 text once
  source TEXT, --: 5 text once
  verified BIGINT, --: 6 bool once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- What happened to a person under supervision, from probation's own knowledge;
-- what comes from a criminal-history system is a chr_event.
CREATE TABLE outcome_event ( --: 31 subject=person scope=shared
  --: category=probation:SUP.case writers=probation append
  kind TEXT, --: 1 enum(revocation_technical,revocation_new,
  --: abscond,overdose,death,employment,housing) once required
  happened_on TEXT, --: 2 date once
  source TEXT, --: 3 enum(own,provider,family,police,other) once
  verified BIGINT, --: 4 bool once
  staff_id BLOB, --: 5 ref(staff) once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);

-- A file that belongs to a person: this row only, its content travels as an
-- attachment. It stands with the free text of its agency, since it may say
-- anything.
CREATE TABLE document ( --: 32 subject=person scope=shared
  --: category=probation:SUP.notes, treatment:TX2.narrative,
  --: mental_health:MHT.narrative, social:SOC.narrative,court:CRT.order
  title TEXT, --: 1 text latest required
  mime TEXT, --: 2 text once
  size_bytes BIGINT, --: 3 int once
  root_hash BLOB, --: 4 bytes once
  chunk_count BIGINT, --: 5 int once
  kind TEXT, --: 6 enum(order,form,report,letter,photo,other) once
  dated_on TEXT, --: 7 date once
  row_state TEXT,
  supersedes_id BLOB,
  _cpt BIGINT NOT NULL,
  id BLOB NOT NULL,
  _clock BLOB NOT NULL,
  PRIMARY KEY (id, _cpt)
);
