// The one way to the node: node/API.md. Nothing else of this page asks the network.

export interface Refusal {
  code: string;
  what: string;
  why: string;
  next: string;
  safe: string;
}

/** The program answered no, in sentences for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly refusal: Refusal,
    readonly stands?: unknown,
  ) {
    super(refusal.what);
  }
}

/** There was no answer at all. */
export class Unreached extends Error {}

export interface Answer<T> {
  data: T;
  next?: string;
}

type Listener = (code: string) => void;

let token = "";
let onState: Listener = () => {};

export const setToken = (text: string) => { token = text; };
/** Told when an answer says that nobody is signed in, or the screen is locked. */
export const onSessionCode = (f: Listener) => { onState = f; };

const SESSION = new Set(["signed_out", "session_ended", "sign_in_again", "locked", "duty_first"]);

export async function ask<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-Footbridge-Token"] = token;
  let response: Response;
  let answer: { data?: T; next?: string; error?: Refusal; stands?: unknown };
  try {
    response = await fetch(path, {
      method, headers, credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    answer = await response.json();
  } catch {
    throw new Unreached();
  }
  if (answer.error !== undefined) {
    // who asks for the session itself hears it already
    if (SESSION.has(answer.error.code) && path !== "/api/session") onState(answer.error.code);
    throw new Refused(response.status, answer.error, answer.stands);
  }
  return { data: answer.data as T, next: answer.next };
}

export const get = <T>(path: string) => ask<T>("GET", path).then((a) => a.data);
export const post = <T>(path: string, body?: unknown) =>
  ask<T>("POST", path, body).then((a) => a.data);

/** A part of an address, whatever is in it. */
export const part = encodeURIComponent;

// ---- what the routes answer

export interface Session {
  name: string;
  staff: string;
  state: "open" | "locked" | "sign_in_again";
  scope: "none" | "caseload" | "office" | "all";
  token: string;
  roles: string[];
  must: ("banner" | "totp" | "password")[];
  read_only: boolean;
  administrator: boolean;
  office: string;
  agency: string;
  lock_in_ms: number;
  ends_in_ms: number;
}
export interface Hello { accounts: boolean; banner: string }
export interface Peer {
  name: string; node: string; address: string; last_ok_ms: number; last_try_ms: number;
  last_error: string; pending: number; receipt: boolean;
  calling?: boolean; moved_bytes?: number; took_ms?: number; next_ms?: number;
}
export interface BundleOut { for: string; parts: string[]; bytes: number; entries: number }
export interface BundleIn {
  kind: "data" | "receipt"; from: string; received: number; outcome: Record<string, number>;
  receipts: number; receipt: string[];
}
export interface Sync {
  waiting: number; waiting_since_ms: number; decisions: number; notices: number;
  held: number; drafts: number; peers: Peer[];
}
export interface Found { person: string; name: string; found: string }
export interface Appointment {
  id: string; person: string; name: string; start_at: string; end_at: string | null;
  place: string | null; method: string | null; kind: string | null; purpose: string | null;
  state: string | null; logged?: boolean;
}
export interface Line {
  person: string; name: string; level?: string | null; status?: string | null; kind?: string | null;
  alerts: number; next_at?: string; last_contact?: string; contact_due?: string;
  overdue?: boolean; due_soon?: boolean;
}
export interface Home {
  today: string; now: string; people: number; cut: boolean;
  appointments: Appointment[]; to_log: Appointment[]; overdue: Line[]; due_soon: Line[];
}
export interface Caseload { today: string; cut: boolean; people: Line[] }
export interface Head {
  person: string; name: string; legal_name: string | null; preferred_name: string | null;
  birth_date: string | null; age_group: string | null; language: string | null;
  interpreter: string | null; deceased: string | null; kind?: string | null; level?: string | null;
  status?: string | null; started_on?: string | null; expected_end?: string | null; next_at?: string;
  last_contact?: string; contact_due?: string; overdue?: boolean; today: string;
  numbers: { id: string; system: string; value: string }[];
  contacts: { id: string; kind: string; value: string; preferred: boolean | null;
    ok_to_text: string | null; ok_voicemail: string | null; active: string | null }[];
  alerts: { id: string; code: string; level: string | null; raised_on: string | null;
    review_due: string | null; lifted_on: string | null }[];
  officers: { id: string; staff_id: string; role: string; ended_on: string | null }[];
}
export interface Row {
  table: string; id: string; category: string; owner: string; seen?: string;
  fields?: Record<string, string | number | boolean | null>; at?: string; hidden?: string;
}
export interface Access {
  state: string; category: string; owner: string; who: string;
  right?: string; since?: string; basis?: string; // "reads"
  left?: string; by?: string; reason?: string; words?: string; again?: boolean; // "left"
}
export interface ConflictValue {
  n: number; value?: unknown; proposed?: Record<string, unknown>; staff: unknown; node: string; at: string;
}
export interface Conflict {
  no: number; person?: string; kind: string; table: string; id: string; category: string;
  field?: string | null; rule?: string; shown?: unknown; values?: ConflictValue[]; who_decides?: string;
  /** of a proposal (rule "proposal") */
  state?: string; agency_decides?: string; decided_here?: boolean;
}
export interface Typed { form: string; person: string; at_ms: number; text: string }
export interface Policy { state: string; in_force: boolean }

export interface ReferralAnswer {
  state: string; answered_at: string | null; slot_at: string | null; reason: string | null;
  staff?: string; by: string;
}
export interface Referral {
  id: string; person: string; name: string; agency_id: string; agency?: string; from: string;
  program_id: string | null; program?: string; reason: string | null; risk_summary: string | null;
  urgency: string | null; sent_on: string | null; interpreter: string | null; unavailable: string | null;
  withdrawn: string | null; consent_id: string | null; own: boolean; for_us: boolean;
  workdays?: number; late?: boolean; seen?: boolean; state?: string; answered_at?: string;
  delivery?: "closed" | "queued" | "relay" | "there"; delivered_by?: string; answers: ReferralAnswer[];
}
export interface ReferralDesk { today: string; to_answer: Referral[]; late: Referral[]; cut: boolean }
export interface RosterLine { appointment: string; person: string; name: string; minutes: number; result?: string }
export interface RosterGroup {
  start_at: string; program_id: string | null; program?: string; place: string | null; people: RosterLine[];
}
export interface Roster { today: string; groups: RosterGroup[]; cut: boolean }
export interface May {
  permit: boolean; reason: string; why: string; next: string; category: string; rule: string;
  notice: string; form: string; with: string[]; until: string; sample: boolean; withheld: boolean;
}
export interface Ending {
  kind: string; status: string | null; purpose: string | null; info_description: string | null;
  effective_on: string | null; expires_on: string | null; expires_event: string | null;
  signed_on: string | null; signed_by: string | null; revocable_rule: string | null;
  revocable_event: string | null; revoked_on: string | null; discloser: string; seen: string;
  open: boolean; ends: string; counts_on: string; scope: string[]; recipients: { agency: string }[];
  given: { agency: string; what: string | null; category: string | null; item_count: number | null;
    sent_at: string | null; channel: string | null }[];
}
