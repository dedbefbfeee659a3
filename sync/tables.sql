-- The engine's own tables. Names start with an underscore; a schema's tables
-- do not. Numbers ("no") are local to this replica and mean nothing elsewhere.
-- Truth: _member, _segment, _key, _meta. Everything marked "derived" can be
-- dropped and made again from those (footbridge rebuild).

-- Small facts, one row each: identity, secrets of this node, counters' tops.
CREATE TABLE _meta (
	name TEXT PRIMARY KEY,
	value BLOB NOT NULL
);

-- Verified membership records, as received. Held once each, by their id.
CREATE TABLE _member (
	no INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE,
	bytes BLOB NOT NULL
);

-- Authors, as introduced by author records. top_position and top_id: the
-- highest position of that author held here (own: ever sealed).
CREATE TABLE _author (
	no INTEGER PRIMARY KEY,
	tag BLOB NOT NULL UNIQUE,
	node BLOB NOT NULL,
	incarnation BLOB NOT NULL,
	top_position BIGINT NOT NULL,
	top_id BLOB NOT NULL
);

-- Compartments known here. founder: the agency that gives the id; owner: derived,
-- whose it is after transfers. subject and category are known to key holders and
-- to nodes of the owner agency; NULL at a relay. ends: derived, the segment
-- numbers that no other applied segment covers (see compartment.h). flags:
-- COMPARTMENT_* there. payload: derived, unpacked bytes of what is sealed and can
-- be read. rekey 1: derived, a key was ended and somebody who stays
-- has none that may be sealed under.
CREATE TABLE _compartment (
	no INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE,
	owner BLOB,
	founder BLOB,
	name BLOB,
	subject BLOB,
	category TEXT,
	ends BLOB NOT NULL,
	unreadable BIGINT NOT NULL,
	waiting BIGINT NOT NULL,
	conflicts BIGINT NOT NULL,
	open_no BIGINT NOT NULL,
	flags BIGINT NOT NULL,
	rekey BIGINT NOT NULL,
	payload BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX _compartment_subject ON _compartment (subject);
CREATE INDEX _compartment_rekey ON _compartment (no) WHERE rekey <> 0;

-- The log. state: see log.h. bytes: the wire bytes of a sealed segment; the
-- first loose operation (data) or the clear body (control) of an unsealed one.
-- deps: segment numbers an unsealed one depends on; empty once sealed. prev: of
-- a sealed one the segment before it in its author's chain; 0 for the first.
-- at_ms: when it was begun or stored here. why: derived, of a quarantined one
-- (enum uncounted in derive_i.h).
CREATE TABLE _segment (
	no INTEGER PRIMARY KEY,
	cpt BIGINT NOT NULL,
	author BIGINT NOT NULL,
	chain BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	position BIGINT NOT NULL,
	kind BIGINT NOT NULL,
	state BIGINT NOT NULL,
	why BIGINT,
	id BLOB,
	deps BLOB,
	prev BIGINT,
	at_ms BIGINT NOT NULL,
	bytes BLOB NOT NULL
);
-- id is only read: the ids of a compartment without its segments (a sweep)
CREATE INDEX _segment_feed ON _segment (cpt, author, chain, seq, id);
-- equivocation, and "do you hold it" when another source may have sent it
CREATE INDEX _segment_position ON _segment (author, position);
CREATE INDEX _segment_unsealed ON _segment (no) WHERE state <= 2;
-- what waits: few, and found without reading the log
CREATE INDEX _segment_held ON _segment (state, no) WHERE state > 3;

CREATE INDEX _segment_attachment ON _segment (cpt, no) WHERE chain = 3;
-- orders to destroy and their receipts
CREATE INDEX _segment_shred ON _segment (cpt, no) WHERE kind = 3;

-- transfers: few
CREATE INDEX _segment_transfer ON _segment (cpt) WHERE kind = 6;

-- offers: few, and found without reading the log
CREATE INDEX _segment_offer ON _segment (cpt, no) WHERE chain = 2;

-- Local: own data segments that can never be sealed, and the offer that carries
-- each (0: there is nothing in it). The data stays, for it is shown here.
CREATE TABLE _offered (
	data INTEGER PRIMARY KEY,
	offer BIGINT NOT NULL,
	changes BIGINT NOT NULL
);

-- Derived: which attachment segment holds which part of a document (number 0:
-- the list), with the hash of its content.
CREATE TABLE _part (
	cpt BIGINT NOT NULL,
	document BLOB NOT NULL,
	number BIGINT NOT NULL,
	segment BIGINT NOT NULL,
	hash BLOB NOT NULL,
	PRIMARY KEY (cpt, document, number, segment)
) WITHOUT ROWID;
-- Derived: attachment segments that no held key opens, by the prefix of theirs.
CREATE TABLE _part_closed (
	cpt BIGINT NOT NULL,
	prefix BLOB NOT NULL,
	segment BIGINT NOT NULL,
	PRIMARY KEY (cpt, prefix, segment)
) WITHOUT ROWID;

-- Local: documents that a person here waits for: bulk is taken on metered links
-- too until they are whole. root, bytes: as their row says.
CREATE TABLE _asked (
	cpt BIGINT NOT NULL,
	document BLOB NOT NULL,
	bytes BIGINT NOT NULL,
	root BLOB NOT NULL,
	at_ms BIGINT NOT NULL,
	PRIMARY KEY (cpt, document)
) WITHOUT ROWID;

-- Stubs whose content is wanted: a sweep does not count them as held, so that
-- whoever has the whole sends it. All other stubs are as they should be.
CREATE TABLE _wanted (
	segment INTEGER PRIMARY KEY
);

-- Loose operations added to an open segment after its first, until it is sealed:
-- a row each, so that saving one field does not write the segment again, and in
-- the order they were made, so that those of one transaction share a page. prev:
-- the one before it of the same segment, 0 for the first.
CREATE TABLE _open (
	no INTEGER PRIMARY KEY,
	segment BIGINT NOT NULL,
	prev BIGINT NOT NULL,
	bytes BLOB NOT NULL
);

-- Evidence that a node, or a copy of it, wrote two histories: two segments with
-- its signature at one place of a chain (cpt > 0, then at is the seq), or with
-- one position (cpt 0: the lowest such position of that author). For ever.
CREATE TABLE _fork (
	author BIGINT NOT NULL,
	cpt BIGINT NOT NULL,
	chain BIGINT NOT NULL,
	at BIGINT NOT NULL,
	one BIGINT NOT NULL,
	other BIGINT NOT NULL,
	at_ms BIGINT NOT NULL,
	PRIMARY KEY (author, cpt, chain, at)
) WITHOUT ROWID;

-- Received but not yet verifiable: unknown author or missing predecessor, found
-- again by their place; membership records (reason 9) have none.
CREATE TABLE _parked (
	no INTEGER PRIMARY KEY,
	peer BLOB NOT NULL,
	cpt BLOB NOT NULL,
	author BLOB NOT NULL,
	chain BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	reason BIGINT NOT NULL,
	at_ms BIGINT NOT NULL,
	size BIGINT NOT NULL,
	bytes BLOB NOT NULL
);
CREATE INDEX _parked_place ON _parked (author, cpt, chain, seq);
CREATE INDEX _parked_peer ON _parked (peer, reason, size);

-- Refused or quarantined things, kept for "held": what, from whom, why.
CREATE TABLE _refused (
	no INTEGER PRIMARY KEY,
	peer BLOB NOT NULL,
	at_ms BIGINT NOT NULL,
	code BIGINT NOT NULL,
	reason TEXT NOT NULL,
	bytes BLOB NOT NULL
);

-- Compartments in which something was written, received or granted since whoever
-- decides who may read what looked last (holder.h).
CREATE TABLE _touched (
	cpt INTEGER PRIMARY KEY
);

-- Keys of compartments held here.
CREATE TABLE _key (
	cpt BIGINT NOT NULL,
	key_id BLOB NOT NULL,
	key BLOB NOT NULL,
	PRIMARY KEY (cpt, key_id)
) WITHOUT ROWID;

-- Derived from control segments: who was given which key.
-- recipient_kind 0 agency, 1 node; rights 1 read, 2 write, 0 void as far as is
-- known; ever: the same if nobody had ever been taken away. ended 1: because of
-- it this key is not sealed under any more, whether it counts or not. at_ms: when
-- it was first applied here.
CREATE TABLE _grant (
	cpt BIGINT NOT NULL,
	key_id BLOB NOT NULL,
	recipient_kind BIGINT NOT NULL,
	recipient BLOB NOT NULL,
	segment BIGINT NOT NULL,
	rights BIGINT NOT NULL,
	ended BIGINT NOT NULL,
	ever BIGINT NOT NULL,
	basis TEXT,
	at_ms BIGINT NOT NULL,
	PRIMARY KEY (cpt, key_id, recipient_kind, recipient, segment)
) WITHOUT ROWID;
CREATE INDEX _grant_recipient ON _grant (recipient);
CREATE INDEX _grant_void ON _grant (cpt) WHERE ever = 0;

-- What a grant or removal says that is held as its stub, since its compartment was
-- destroyed: its body, with zeros for what is sealed in it. No key, and all that
-- control is judged by.
CREATE TABLE _said (
	segment INTEGER PRIMARY KEY,
	body BLOB NOT NULL
);

-- Which keys were destroyed by an order: where it turns out not to count they are
-- taken again from any box they come in, as they were held before.
CREATE TABLE _key_lost (
	cpt BIGINT NOT NULL,
	key_id BLOB NOT NULL,
	PRIMARY KEY (cpt, key_id)
) WITHOUT ROWID;

-- Compartments that were destroyed here, in that order: by which segment, the
-- order's reference as it was read before the keys went, and when. answered 1:
-- this node's receipt is written. undone_ms: since when no order counts any more
-- and what is still held anywhere comes back; 0: destroyed.
CREATE TABLE _shred (
	no INTEGER PRIMARY KEY,
	cpt BIGINT NOT NULL UNIQUE,
	segment BIGINT NOT NULL,
	reference TEXT NOT NULL,
	answered BIGINT NOT NULL,
	at_ms BIGINT NOT NULL,
	undone_ms BIGINT NOT NULL
);
CREATE INDEX _shred_unanswered ON _shred (cpt) WHERE answered = 0;

-- Derived: open disagreements. kind 1 decision, 2 notice. field 0: over rows
-- (single), or a proposed row. reason, origins: see read.h and conflict.c.
CREATE TABLE _conflict (
	cpt BIGINT NOT NULL,
	tbl BIGINT NOT NULL,
	row BLOB NOT NULL,
	field BIGINT NOT NULL,
	kind BIGINT NOT NULL,
	reason BIGINT NOT NULL,
	origins BLOB NOT NULL,
	PRIMARY KEY (cpt, tbl, row, field, reason)
) WITHOUT ROWID;

-- Derived: what others proposed for the owner's fields and rows, and what came
-- of it. field 0: the whole row. state: enum proposal_state. by_*: the owner's
-- operation that answered; 0 while open.
CREATE TABLE _proposal (
	cpt BIGINT NOT NULL,
	tbl BIGINT NOT NULL,
	row BLOB NOT NULL,
	field BIGINT NOT NULL,
	segment BIGINT NOT NULL,
	op BIGINT NOT NULL,
	state BIGINT NOT NULL,
	by_segment BIGINT NOT NULL,
	by_op BIGINT NOT NULL,
	PRIMARY KEY (cpt, tbl, row, field, segment, op)
) WITHOUT ROWID;
CREATE INDEX _proposal_state ON _proposal (state);

-- Local: notices somebody has looked at (hash of what was shown).
CREATE TABLE _noticed (
	hash BLOB PRIMARY KEY,
	at_ms BIGINT NOT NULL
) WITHOUT ROWID;

-- Local: what somebody typed and could not be saved because the field had
-- changed meanwhile.
CREATE TABLE _draft (
	no INTEGER PRIMARY KEY,
	cpt BIGINT NOT NULL,
	tbl BIGINT NOT NULL,
	row BLOB NOT NULL,
	staff BLOB NOT NULL,
	at_ms BIGINT NOT NULL,
	fields BLOB NOT NULL
);

-- Local: what somebody is typing and has not saved, by form (typed.h). subject: the
-- person that it is about, zeros: nobody.
CREATE TABLE _typed (
	staff BLOB NOT NULL,
	form TEXT NOT NULL,
	subject BLOB NOT NULL,
	at_ms BIGINT NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (staff, form)
) WITHOUT ROWID;
CREATE INDEX _typed_subject ON _typed (subject);

-- Local: who did or looked at what (audit.h); each entry hashes the one before,
-- and every 16th keeps its hash. Ids of 16 zeros: nobody, none or several.
CREATE TABLE _audit (
	no INTEGER PRIMARY KEY,
	at_ms BIGINT NOT NULL,
	offset_min BIGINT NOT NULL,
	staff BLOB NOT NULL,
	act TEXT NOT NULL,
	origin TEXT NOT NULL,
	tbl BIGINT NOT NULL,
	row BLOB NOT NULL,
	subject BLOB NOT NULL,
	count BIGINT NOT NULL,
	result BIGINT NOT NULL,
	decision TEXT NOT NULL,
	note TEXT NOT NULL,
	hash BLOB
);

-- Peers this node exchanges with. stream: random name of the numbering we
-- keep for that peer; their_stream: of the numbering they keep for us; author:
-- as whom it wrote when it last called or was called, empty: not known. sweep_ms:
-- when the last sweep ended, sweep_equal_ms: when the last did with equal sets;
-- sweep_reach: the highest segment number then, 0 after any other; sweep_due 1:
-- sweep with the next contact, whatever the time.
-- bulk: enum lane_bulk_rule; their_bulk: 1 the peer wants no bulk, 2 it asks
-- for it.
CREATE TABLE _peer (
	no INTEGER PRIMARY KEY,
	node BLOB NOT NULL UNIQUE,
	address TEXT NOT NULL,
	every_s BIGINT NOT NULL,
	budget BIGINT NOT NULL,
	spent BIGINT NOT NULL,
	spent_day BIGINT NOT NULL,
	stream BLOB NOT NULL,
	their_stream BLOB NOT NULL,
	author BLOB NOT NULL,
	last_ok_ms BIGINT NOT NULL,
	last_try_ms BIGINT NOT NULL,
	moved_ms BIGINT NOT NULL DEFAULT 0,
	moved_at BIGINT NOT NULL DEFAULT 0,
	last_error TEXT NOT NULL,
	sweep_due BIGINT NOT NULL,
	sweep_ms BIGINT NOT NULL,
	sweep_equal_ms BIGINT NOT NULL,
	sweep_reach BIGINT NOT NULL,
	bulk BIGINT NOT NULL,
	their_bulk BIGINT NOT NULL
);

-- Per peer and lane. acked: how far they have acknowledged our stream (that
-- row of _queue is kept, those before it are not). their_*: how far we hold
-- their stream, and the mark of the item there. receipts: see receipt.h.
CREATE TABLE _lane (
	peer BIGINT NOT NULL,
	lane BIGINT NOT NULL,
	acked BIGINT NOT NULL,
	their_position BIGINT NOT NULL,
	their_mark BLOB NOT NULL,
	receipt_in BLOB,
	receipt_out BLOB,
	PRIMARY KEY (peer, lane)
) WITHOUT ROWID;

-- What is to go to a peer, in order. what: 0 member record, 1 segment,
-- 2 snapshot.
CREATE TABLE _queue (
	peer BIGINT NOT NULL,
	lane BIGINT NOT NULL,
	position BIGINT NOT NULL,
	what BIGINT NOT NULL,
	ref BIGINT NOT NULL,
	PRIMARY KEY (peer, lane, position)
) WITHOUT ROWID;

-- Peers with no more room today for the work of a node (room.h): of that node
-- nothing is queued for them in this lane and the later ones, until again_ms by
-- the own clock. _aside: the segments that wait for it, by their lane.
CREATE TABLE _full (
	peer BIGINT NOT NULL,
	node BLOB NOT NULL,
	lane BIGINT NOT NULL,
	again_ms BIGINT NOT NULL,
	PRIMARY KEY (peer, node)
) WITHOUT ROWID;
CREATE TABLE _aside (
	peer BIGINT NOT NULL,
	segment BIGINT NOT NULL,
	lane BIGINT NOT NULL,
	PRIMARY KEY (peer, segment)
) WITHOUT ROWID;

-- What was stored of each node's work in one day, where that is bounded
-- (room.h). refused: what had no room, that day.
CREATE TABLE _room (
	node BLOB PRIMARY KEY,
	day BIGINT NOT NULL,
	bytes BIGINT NOT NULL,
	segments BIGINT NOT NULL,
	refused BIGINT NOT NULL
) WITHOUT ROWID;

-- Snapshots made for a peer (snapshot.h), until acknowledged.
CREATE TABLE _snapshot_out (
	no INTEGER PRIMARY KEY,
	cpt BIGINT NOT NULL,
	bytes BLOB NOT NULL
);
-- Compartments that show a snapshot: who made it, how many data segments it
-- stands for, and its clear part, which names their ends.
CREATE TABLE _snapshot_in (
	cpt INTEGER PRIMARY KEY,
	maker BLOB NOT NULL,
	expected BIGINT NOT NULL,
	head BLOB NOT NULL
);

-- Which compartments flow to which peer. entitled 0: asked and not entitled,
-- but all its segments up to number reach came from that very peer; 1: its
-- foreign segments up to number reach are queued or came from there; 2, 3: it
-- left, reach as for 1; 2: the removal is still to be sealed and queued. behind:
-- data goes in the bulk lane until that is acknowledged up to there: a snapshot
-- went ahead of the history that is queued there; 0 for none.
CREATE TABLE _route (
	cpt BIGINT NOT NULL,
	peer BIGINT NOT NULL,
	entitled BIGINT NOT NULL,
	reach BIGINT NOT NULL,
	behind BIGINT NOT NULL,
	PRIMARY KEY (cpt, peer)
) WITHOUT ROWID;

-- Local: compartments of the own agency that a contact moved, since when: what
-- went to whom is to be put in the account of disclosures (given.h).
CREATE TABLE _due (
	cpt INTEGER PRIMARY KEY,
	at_ms BIGINT NOT NULL
);
-- Local: up to which segment number, of records and of parts of documents, what
-- is sealed under a key and reached an agency is in that account.
CREATE TABLE _given (
	cpt BIGINT NOT NULL,
	key_id BLOB NOT NULL,
	agency BLOB NOT NULL,
	records BIGINT NOT NULL,
	parts BIGINT NOT NULL,
	PRIMARY KEY (cpt, key_id, agency)
) WITHOUT ROWID;

-- Runs of positions received ahead of the cursor (bundles in any order).
CREATE TABLE _ahead (
	peer BIGINT NOT NULL,
	lane BIGINT NOT NULL,
	first BIGINT NOT NULL,
	last BIGINT NOT NULL,
	mark BLOB NOT NULL,
	PRIMARY KEY (peer, lane, first)
) WITHOUT ROWID;

-- The received beginning of a long item, one row a piece; one item a lane.
CREATE TABLE _stage (
	peer BIGINT NOT NULL,
	lane BIGINT NOT NULL,
	start BIGINT NOT NULL,
	position BIGINT NOT NULL,
	mark BLOB NOT NULL,
	total BIGINT NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (peer, lane, start)
);

-- Invites we made: the answer is made once.
CREATE TABLE _invite (
	id BLOB PRIMARY KEY,
	secret BLOB NOT NULL,
	agency BLOB,
	agency_name TEXT NOT NULL,
	kind BIGINT NOT NULL,
	name TEXT NOT NULL,
	roles BIGINT NOT NULL,
	expires_ms BIGINT NOT NULL,
	used_by BLOB
);

-- Counters that status and held show.
CREATE TABLE _count (
	name TEXT PRIMARY KEY,
	value BIGINT NOT NULL
) WITHOUT ROWID;

-- Local: CSV imports, so that one can be undone.
CREATE TABLE _batch (
	no INTEGER PRIMARY KEY,
	at_ms BIGINT NOT NULL,
	staff BLOB NOT NULL,
	tbl BIGINT NOT NULL,
	source TEXT NOT NULL,
	file_hash BLOB NOT NULL,
	added BIGINT NOT NULL,
	rejected BIGINT NOT NULL,
	undone BIGINT NOT NULL
);
CREATE TABLE _batch_row (
	batch BIGINT NOT NULL,
	cpt BIGINT NOT NULL,
	row BLOB NOT NULL,
	PRIMARY KEY (batch, cpt, row)
) WITHOUT ROWID;
