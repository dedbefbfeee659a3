import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Refused } from "../api";
import { capital, words, label as labelOf } from "../words";
import { said } from "../state";

/** What somebody typed: isolated, so that no letter in it turns what is around it. */
export const Text = (p: { children: string | null | undefined; lines?: boolean }) => (
  <bdi class={p.lines === true ? "fb-text fb-lines" : "fb-text"}>{p.children}</bdi>
);

/** A name, on one line whatever it is; the whole of it is in its title. */
export const Name = (p: { children: string }) => (
  <bdi class="fb-name" title={p.children.length > 60 ? p.children.slice(0, 400) : undefined}>
    {p.children.length > 200 ? `${p.children.slice(0, 200)}…` : p.children}
  </bdi>
);

/** The heading of a page, also the title of the window. A browser writes titles into
 * its history, in clear: whoever is named in a heading has another title. */
export function Title(p: { children: string; title?: string }) {
  const title = p.title ?? p.children;
  useEffect(() => {
    document.title = `${title} - ${words.name}`;
  }, [title]);
  return <h1 class="govuk-heading-l" tabIndex={-1}><Text>{p.children.length > 120 ? `${p.children.slice(0, 120)}…` : p.children}</Text></h1>;
}

export const Chip = (p: { category: string }) => (
  <span class="fb-chip">{labelOf(p.category)}</span>
);

export const Tag = (p: { children: string; kind?: string }) => (
  <strong class={`govuk-tag${p.kind === undefined ? "" : ` govuk-tag--${p.kind}`}`}>{p.children}</strong>
);

export function Notice(p: { kind?: "warn" | "stop" | "good"; children: ComponentChildren; live?: boolean }) {
  return (
    <div class={`fb-notice${p.kind === undefined ? "" : ` fb-notice--${p.kind}`}`}
      role={p.live === true ? "status" : undefined}>{p.children}</div>
  );
}

/** A refusal in the program's own sentences, where the eye goes first. */
export function Refusal(p: { error: unknown }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => { if (p.error) box.current?.focus(); }, [p.error]);
  if (p.error === null || p.error === undefined) return null;
  const r = p.error instanceof Refused ? p.error.refusal : null;
  return (
    <div class="govuk-error-summary" role="alert" tabIndex={-1} ref={box}>
      <h2 class="govuk-error-summary__title">{words.problem}</h2>
      <div class="govuk-error-summary__body">
        <p>{r === null ? words.offlineTitle : r.what}</p>
        {r !== null && r.why !== "" ? <p><Text>{capital(r.why)}</Text></p> : null}
        <p>{r === null ? words.offline : `${r.next} ${r.safe}`}</p>
      </div>
    </div>
  );
}

export const Waiting = () => <p class="govuk-body" role="status">{words.loading}</p>;

/** For those who do not see that something happened. */
export const say = (text: string) => {
  said.set("");
  setTimeout(() => said.set(text), 50);
};
