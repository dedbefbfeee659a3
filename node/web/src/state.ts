// What every part of the page knows: who is signed in, how far the sync is, whether
// the program answers. A value that tells when it changes, and nothing more.
import { useEffect, useState } from "preact/hooks";
import { ask, get, onSessionCode, setToken, Refused, Unreached, type Hello, type Session, type Sync } from "./api";

export class Cell<T> {
  private listeners = new Set<(v: T) => void>();
  constructor(private now: T) {}
  get value(): T { return this.now; }
  set(v: T): void {
    this.now = v;
    for (const f of [...this.listeners]) f(v);
  }
  watch(f: (v: T) => void): () => void {
    this.listeners.add(f);
    return () => { this.listeners.delete(f); };
  }
}

export function useCell<T>(cell: Cell<T>): T {
  const [v, set] = useState<{ v: T }>({ v: cell.value });
  useEffect(() => {
    set({ v: cell.value });
    return cell.watch((x) => set({ v: x }));
  }, [cell]);
  return v.v;
}

/** null: it is not known yet; "out": nobody is signed in. */
export const session = new Cell<Session | "out" | null>(null);
export const hello = new Cell<Hello | null>(null);
export const sync = new Cell<Sync | null>(null);
export const reached = new Cell(true);
/** Said once, to whoever cannot see that something happened too. */
export const said = new Cell("");
export const samples = new Cell(false);

export function begin(s: Session): void {
  setToken(s.token);
  session.set(s);
}

/** Who is signed in here, as the node has it. */
export async function look(): Promise<void> {
  try {
    begin(await get<Session>("/api/session"));
    reached.set(true);
  } catch (e) {
    if (e instanceof Unreached) reached.set(false);
    else if (e instanceof Refused) {
      reached.set(true);
      if (e.status === 401 || e.status === 503) session.set("out");
    }
  }
}

export async function lookAtSync(): Promise<void> {
  const s = session.value;
  if (s === null || s === "out" || s.state !== "open" || s.must.length > 0) return;
  try {
    sync.set(await get<Sync>("/api/sync"));
    reached.set(true);
  } catch (e) {
    if (e instanceof Unreached) reached.set(false);
  }
}

/** A contact that somebody asked for: what is going on, and what came of it. */
export interface Syncing { going: boolean; begun_ms: number; error: unknown }
export const syncing = new Cell<Syncing>({ going: false, begun_ms: 0, error: null });
const LOOK_MS = 600, GIVE_UP_MS = 120_000;

export async function syncNow(): Promise<void> {
  if (syncing.value.going) return;
  const begun_ms = Date.now();
  syncing.set({ going: true, begun_ms, error: null });
  try {
    await ask("POST", "/api/sync", {});
    do {
      await new Promise((done) => { setTimeout(done, LOOK_MS); });
      await lookAtSync();
    } while (reached.value && sync.value?.peers.some((p) => p.calling === true) === true &&
      Date.now() - begun_ms < GIVE_UP_MS);
    syncing.set({ going: false, begun_ms, error: null });
  } catch (error) {
    syncing.set({ going: false, begun_ms, error });
  }
}

onSessionCode(() => { void look(); });

export const mine = (): Session | null => {
  const s = session.value;
  return s === null || s === "out" ? null : s;
};
