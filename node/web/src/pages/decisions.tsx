// Two values for one fact: both, who wrote each, which is shown now and why, and one
// press to settle it.
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { post, type Conflict, type ConflictValue } from "../api";
import { useLoad } from "../load";
import { Link } from "../router";
import { lookAtSync } from "../state";
import { capital, choice, moment, words } from "../words";
import { Input } from "../parts/fields";
import { Chip, Refusal, Text, Title, Waiting } from "../parts/small";

const shown = (v: unknown): string =>
  v === null || v === undefined || v === "" ? words.decisions.empty
    : typeof v === "boolean" ? (v ? words.yes : words.no)
      : typeof v === "string" ? (/^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(v) ? moment(v) : choice(v) || v)
        : String(v);

const fieldName = (name: string) => words.fields[name] ?? capital(name.replace(/_/g, " "));
const tableName = (name: string) => words.tables[name] ?? capital(name.replace(/_/g, " "));

function Frame(p: { of: Conflict; error: unknown; children: ComponentChildren }) {
  const c = p.of;
  const what = c.field ? fieldName(c.field) : words.decisions.proposedRow;
  return (
    <section class="govuk-!-margin-bottom-6" aria-label={`${tableName(c.table)}: ${what}`}>
      <h2 class="govuk-heading-m">{tableName(c.table)}: {what} <Chip category={c.category} /></h2>
      {c.person === undefined ? null : <p><Link to={`/people/${c.person}`}>{words.decisions.file}</Link></p>}
      <Refusal error={p.error} />
      {p.children}
    </section>
  );
}

const By = (p: { of: ConflictValue }) => (
  <div class="fb-small"><Text>{words.decisions.by(String(p.of.staff ?? ""), p.of.node, moment(p.of.at.replace(" ", "T")))}</Text></div>
);

const Decider = (p: { of: Conflict }) => p.of.kind === "decision" && p.of.who_decides
  ? <>{words.decisions.who(words.roles[p.of.who_decides] ?? p.of.who_decides)}</> : null;

/** Somebody proposed to change another agency's record. */
function Proposal(p: { of: Conflict; again: () => void }) {
  const c = p.of;
  const [error, setError] = useState<unknown>(null);
  const [reason, setReason] = useState("");
  const send = (what: "accept" | "decline", body: object) => {
    post(`/api/conflicts/${c.no}/${what}`, body)
      .then(() => { void lookAtSync(); p.again(); }).catch(setError);
  };
  const open = c.kind === "decision" && c.decided_here === true;
  return (
    <Frame of={c} error={error}>
      <p class="fb-small">{open ? words.decisions.proposed(c.agency_decides ?? "")
        : words.decisions.elsewhere(c.agency_decides ?? "")}</p>
      <div class="fb-sides">
        {(c.values ?? []).map((v) => (
          <div class="fb-side fb-stack" key={v.n}>
            {Object.entries(v.proposed ?? {}).map(([name, value]) => (
              <div key={name}><strong>{fieldName(name)}</strong>: <Text lines>{shown(value)}</Text></div>
            ))}
            <By of={v} />
            {open ? <button class="govuk-button fb-button" onClick={() => send("accept", { keep: v.n })}>{words.decisions.accept}</button> : null}
          </div>
        ))}
      </div>
      {open ? (
        <form noValidate onSubmit={(e) => { e.preventDefault(); send("decline", { reason }); }}>
          <Input id={`reason-${c.no}`} label={words.decisions.reason} value={reason} set={setReason} />
          <button class="govuk-button govuk-button--secondary fb-button" type="submit">{words.decisions.decline}</button>
        </form>
      ) : null}
      <p class="fb-small"><Decider of={c} /></p>
    </Frame>
  );
}

function TwoValues(p: { of: Conflict; again: () => void }) {
  const c = p.of;
  const [error, setError] = useState<unknown>(null);
  const settle = (n: number) => {
    post(`/api/conflicts/${c.no}/resolve`, { keep: n })
      .then(() => { void lookAtSync(); p.again(); }).catch(setError);
  };
  return (
    <Frame of={c} error={error}>
      <div class="fb-sides">
        {(c.values ?? []).map((v) => {
          const now = JSON.stringify(v.value) === JSON.stringify(c.shown);
          return (
            <div class={`fb-side fb-stack${now ? " fb-side--shown" : ""}`} key={v.n}>
              <strong>{now ? words.decisions.shown : words.decisions.also}</strong>
              <div><Text lines>{shown(v.value)}</Text></div>
              <By of={v} />
              {c.kind === "decision" ? <button class={`govuk-button fb-button${now ? "" : " govuk-button--secondary"}`}
                aria-label={`${words.decisions.keep}: ${shown(v.value).slice(0, 60)}`}
                onClick={() => settle(v.n)}>{words.decisions.keep}</button> : null}
            </div>
          );
        })}
      </div>
      <p class="fb-small">{c.rule === undefined ? "" : `${words.decisions.rule(words.decisions.rules[c.rule] ?? c.rule)} `}
        <Decider of={c} /></p>
    </Frame>
  );
}

export const Card = (p: { of: Conflict; again: () => void }) =>
  p.of.rule === "proposal" ? <Proposal {...p} /> : <TwoValues {...p} />;

export function Decisions() {
  const { data, refused, again } = useLoad<Conflict[]>("/api/conflicts");
  const list = data?.filter((c) => c.values !== undefined);
  return (
    <>
      <Title>{words.decisions.title}</Title>
      <p class="govuk-body">{words.decisions.intro}</p>
      <Refusal error={refused} />
      {list === undefined ? (refused === null ? <Waiting /> : null)
        : list.length === 0 ? <p class="govuk-body">{words.decisions.none}</p>
          : list.map((c) => <Card key={c.no} of={c} again={again} />)}
    </>
  );
}
