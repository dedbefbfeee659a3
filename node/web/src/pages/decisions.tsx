// Two values for one fact: both, who wrote each, which is shown now and why, and one
// press to settle it.
import { useState } from "preact/hooks";
import { post, type Conflict } from "../api";
import { useLoad } from "../load";
import { Link } from "../router";
import { lookAtSync } from "../state";
import { capital, choice, moment, words } from "../words";
import { Chip, Refusal, Text, Title, Waiting } from "../parts/small";

const shown = (v: unknown): string =>
  v === null || v === undefined || v === "" ? words.decisions.empty
    : typeof v === "boolean" ? (v ? words.yes : words.no)
      : typeof v === "string" ? (/^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(v) ? moment(v) : choice(v) || v)
        : String(v);

export function Card(p: { of: Conflict; again: () => void }) {
  const c = p.of;
  const [error, setError] = useState<unknown>(null);
  const settle = (n: number) => {
    post(`/api/conflicts/${c.no}/resolve`, { keep: n })
      .then(() => { void lookAtSync(); p.again(); }).catch(setError);
  };
  const field = c.field === undefined ? "" : words.fields[c.field] ?? capital(c.field.replace(/_/g, " "));
  const decides = c.kind === "decision";
  return (
    <section class="govuk-!-margin-bottom-6" aria-label={`${words.tables[c.table] ?? c.table}: ${field}`}>
      <h2 class="govuk-heading-m">{words.tables[c.table] ?? capital(c.table.replace(/_/g, " "))}: {field} <Chip category={c.category} /></h2>
      {c.person === undefined ? null : <p class="govuk-body"><Link to={`/people/${c.person}`}>{words.person.tabsLabel}</Link></p>}
      <Refusal error={error} />
      <div class="fb-sides">
        {(c.values ?? []).map((v) => {
          const now = JSON.stringify(v.value) === JSON.stringify(c.shown);
          return (
            <div class={`fb-side fb-stack${now ? " fb-side--shown" : ""}`} key={v.n}>
              <strong>{now ? words.decisions.shown : words.decisions.also}</strong>
              <div><Text lines>{shown(v.value)}</Text></div>
              <div class="fb-small"><Text>{words.decisions.by(String(v.staff ?? ""), v.node, moment(v.at.replace(" ", "T")))}</Text></div>
              {decides ? <button class={`govuk-button fb-button${now ? "" : " govuk-button--secondary"}`}
                aria-label={`${words.decisions.keep}: ${shown(v.value).slice(0, 60)}`}
                onClick={() => settle(v.n)}>{words.decisions.keep}</button> : null}
            </div>
          );
        })}
      </div>
      <p class="fb-small">{c.rule === undefined ? "" : `${words.decisions.why} “${c.rule}”. `}
        {decides && c.who_decides ? words.decisions.who(words.roles[c.who_decides] ?? c.who_decides) : ""}</p>
    </section>
  );
}

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
