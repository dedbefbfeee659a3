// How far the sync is, computed from what other computers signed for.
import { useEffect } from "preact/hooks";
import type { Peer, Sync } from "../api";
import { lookAtSync, sync, useCell } from "../state";
import { Link } from "../router";
import { age, stamp, words } from "../words";
import { Text } from "./small";

const EVERY_MS = 15_000;
const SHOWN = 3;

const peer = (p: Peer) => p.last_ok_ms > 0
  ? words.strip.peer(p.name, stamp(p.last_ok_ms)) : words.strip.never(p.name);

export function sentence(s: Sync): string {
  if (s.peers.length === 0) return words.strip.alone;
  return s.waiting > 0 && s.waiting_since_ms > 0
    ? words.strip.waiting(s.waiting, age(s.waiting_since_ms)) : words.strip.none;
}

export function Strip() {
  const s = useCell(sync);
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
            <Link to="/sync">{words.nav.sync}</Link>
          </>
        )}
      </div>
    </section>
  );
}
