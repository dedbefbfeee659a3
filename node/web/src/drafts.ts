// What is typed and not saved is kept in the local node at each pause of the
// typing (sync/typed.h there), and shown again wherever its form is opened. What
// could not be kept yet, because the screen was locked or the program stopped in
// the same moment, waits here and is kept as soon as that is possible.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, get, part, Refused, type Typed } from "./api";
import { mine } from "./state";

const PAUSE_MS = 250;

interface Waiting { staff: string; person: string; text: string }

const waiting = new Map<string, Waiting>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();
const other = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("footbridge");
let keptAt = new Map<string, number>();
const watchers = new Map<string, Set<(kept: number | null) => void>>();

const tell = (form: string, kept: number | null) => {
  for (const f of watchers.get(form) ?? []) f(kept);
};

async function keep(form: string): Promise<void> {
  const w = waiting.get(form);
  if (w === undefined || w.staff !== mine()?.staff) return;
  try {
    await ask("PUT", `/api/typed/${part(form)}`,
      w.person === "" ? { text: w.text } : { text: w.text, person: w.person });
    if (waiting.get(form) === w) waiting.delete(form);
    keptAt.set(form, Date.now());
    tell(form, Date.now());
  } catch (e) {
    // refused for what it is, not for now (a lock, a duty, a program that is busy):
    // trying again would not help
    if (e instanceof Refused && [400, 404, 413].includes(e.status)) waiting.delete(form);
    tell(form, null);
  }
}

/** What could not be kept before, after unlocking or when the program is back. */
export async function keepWaiting(): Promise<void> {
  for (const form of [...waiting.keys()]) await keep(form);
}
setInterval(() => { if (waiting.size > 0) void keepWaiting(); }, 3000);

function later(form: string): void {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => { timers.delete(form); void keep(form); }, PAUSE_MS));
}

/** Nothing of it is wanted any more: it was saved, or thrown away. */
export async function drop(form: string): Promise<void> {
  clearTimeout(timers.get(form));
  timers.delete(form);
  waiting.delete(form);
  keptAt.delete(form);
  other?.postMessage({ form, dropped: true });
  try {
    await ask("DELETE", `/api/typed/${part(form)}`);
  } catch { /* it is offered again at the next sign-in: no loss */ }
}

export interface Draft<T> {
  value: T;
  set: (change: Partial<T>) => void;
  /** when the node kept it last; null: not yet */
  kept: number | null;
  begun: boolean;
  restored: boolean;
  ready: boolean;
  drop: () => Promise<void>;
}

/** The state of one form. initial is what an empty one has. */
export function useDraft<T extends object>(form: string, person: string, initial: T): Draft<T> {
  const [value, setValue] = useState<T>(initial);
  const [kept, setKept] = useState<number | null>(null);
  const [flags, setFlags] = useState({ begun: false, restored: false, ready: false });
  const now = useRef(value);

  useEffect(() => {
    let gone = false;
    const put = (text: string, restored: boolean) => {
      if (gone) return;
      try {
        now.current = { ...initial, ...(JSON.parse(text) as T) };
      } catch { return; }
      setValue(now.current);
      setFlags({ begun: true, restored, ready: true });
    };
    const w = waiting.get(form);
    if (w !== undefined && w.staff === mine()?.staff) {
      put(w.text, true);
    } else {
      get<Typed[]>("/api/typed").then((all) => {
        const one = all.find((t) => t.form === form);
        if (gone) return;
        if (one === undefined) setFlags((f) => ({ ...f, ready: true }));
        else { setKept(one.at_ms); put(one.text, true); }
      }).catch(() => { if (!gone) setFlags((f) => ({ ...f, ready: true })); });
    }
    const mineToo = (k: number | null) => setKept(k);
    const set = watchers.get(form) ?? new Set();
    set.add(mineToo);
    watchers.set(form, set);
    // the same form in another tab: both show what is typed in either
    const heard = (e: MessageEvent) => {
      if (e.data?.form !== form) return;
      if (e.data.dropped === true) {
        now.current = initial;
        setValue(initial);
        setFlags({ begun: false, restored: false, ready: true });
      } else if (e.data.staff === mine()?.staff) put(e.data.text, false);
    };
    other?.addEventListener("message", heard);
    return () => {
      gone = true;
      set.delete(mineToo);
      other?.removeEventListener("message", heard);
    };
  }, [form]);

  return {
    value, kept, ...flags,
    set(change) {
      now.current = { ...now.current, ...change };
      setValue(now.current);
      setKept(null);
      setFlags((f) => ({ ...f, begun: true }));
      const text = JSON.stringify(now.current), staff = mine()?.staff ?? "";
      waiting.set(form, { staff, person, text });
      other?.postMessage({ form, staff, text });
      later(form);
    },
    async drop() {
      await drop(form);
      now.current = initial;
      setValue(initial);
      setKept(null);
      setFlags({ begun: false, restored: false, ready: true });
    },
  };
}
