// How far the sync is, computed from what other computers signed for.
import { useEffect } from "preact/hooks";
import type { Peer, Sync } from "../api";
import { lookAtSync, sync, syncing, syncNow, useCell } from "../state";
import { Link } from "../router";
import { age, bytes, stamp, words } from "../words";
import { say, Text } from "./small";

const EVERY_MS = 15_000;
const SHOWN = 3;

const peer = (p: Peer) => p.last_ok_ms > 0
  ? words.strip.peer(p.name, stamp(p.last_ok_ms)) : words.strip.never(p.name);

export function sentence(s: Sync): string {
  if (s.peers.length === 0) return words.strip.alone;
  return s.waiting > 0 && s.waiting_since_ms > 0
    ? words.strip.waiting(s.waiting, age(s.waiting_since_ms)) : words.strip.none;
}

/** What came of a contact that somebody asked for: in one line, of all that were called. */
export function outcome(s: Sync, begun_ms: number): string {
  const called = s.peers.filter((p) => p.last_try_ms >= begun_ms - 1000);
  const bad = called.filter((p) => p.last_error !== "");
  if (called.length === 0) return words.syncNow.nobody;
  return bad.length === 0 ? words.syncNow.done(called.map((p) => p.name).join(", "))
    : bad.length === called.length ? words.syncNow.failed(bad.map((p) => p.name).join(", "))
      : words.syncNow.some(bad.map((p) => p.name).join(", "));
}

export function SyncNow(p: { plain?: boolean }) {
  const s = useCell(sync);
  const now = useCell(syncing);
  const callable = s?.peers.some((x) => x.address !== "") === true;
  if (!callable) return null;
  return (
    <button type="button" class={p.plain === true ? "fb-plain" : "govuk-button fb-button"} aria-disabled={now.going}
      onClick={() => {
        if (now.going) return;
        say(words.syncNow.begun);
        void syncNow().then(() => {
          if (sync.value !== null) say(outcome(sync.value, syncing.value.begun_ms));
        });
      }}>{now.going ? words.syncNow.going(bytes(s?.peers.reduce((n, x) =>
        n + (x.calling === true ? x.moved_bytes ?? 0 : 0), 0) ?? 0)) : words.syncNow.button}</button>
  );
}

export function Strip() {
  const s = useCell(sync);
  const now = useCell(syncing);
  useEffect(() => {
    void lookAtSync();
    const timer = setInterval(() => void lookAtSync(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <section class="fb-strip" aria-label={words.strip.label}>
      <div class="govuk-width-container fb-strip__row">
        {s === null ? <span>{words.loading}</span> : (
          <>
            <strong>{sentence(s)}</strong>
            {s.peers.length === 0 ? <span>{words.strip.noPeers}</span> : null}
            {s.peers.slice(0, SHOWN).map((p) => <Text key={p.node}>{peer(p)}</Text>)}
            {s.peers.length > SHOWN ? <span>{words.strip.more(s.peers.length - SHOWN)}</span> : null}
            {s.held > 0 ? <span>{words.strip.held(s.held)}</span> : null}
            {now.begun_ms > 0 && !now.going && Date.now() - now.begun_ms < 60_000
              ? <Text>{outcome(s, now.begun_ms)}</Text> : null}
            <SyncNow plain />
            <Link to="/sync">{words.nav.sync}</Link>
          </>
        )}
      </div>
    </section>
  );
}
