// "May I share?": the answer of the rules about one thing and one recipient, with why
// and what to do next, in the program's own words.
import { part, type May } from "../api";
import { useLoad } from "../load";
import { date, label, words } from "../words";
import { Refusal, Tag, Text, Waiting } from "./small";

/** What is asked: a category of a person's records, to whom, for what. */
export interface Question {
  person: string; category: string; to: string; from?: string; purpose?: string;
  /** as if they worked with the person already: they will, once this is sent */
  will?: boolean;
}

export const mayPath = (q: Question): string =>
  `/api/people/${part(q.person)}/may?category=${part(q.category)}&to=${part(q.to)}` +
  (q.from === undefined ? "" : `&from=${part(q.from)}`) +
  (q.will === true ? "&relation=assigned" : "") +
  (q.purpose === undefined ? "" : `&purpose=${q.purpose}`);

/** Nothing that a signature would change stands in the way. */
export const signable = (m: May): boolean =>
  ["no_basis", "consent_kind", "consent_ended", "consent_revoked", "consent_incomplete",
    "consent_recipient", "consent_scope", "consent_purpose", "not_active", "never"].includes(m.reason) && m.form !== "";

const first = (text: string): string => text.split("\n")[0] ?? "";

export function MayPanel(p: { of: Question; title: string }) {
  const { data, refused } = useLoad<May>(mayPath(p.of));
  return (
    <section class={`fb-may${data === null ? "" : data.permit ? " fb-may--yes" : " fb-may--no"}`} aria-label={p.title}>
      <h2 class="govuk-heading-s">{p.title}</h2>
      <Refusal error={refused} />
      {data === null ? (refused === null ? <Waiting /> : null) : (
        <>
          <p><Tag kind={data.permit ? "green" : "red"}>{data.permit ? words.yes : words.no}</Tag>{" "}
            <strong>{label(p.of.category)}</strong></p>
          <p><Text lines>{first(data.why)}</Text></p>
          {data.next === "" ? null : <p><Text lines>{data.next}</Text></p>}
          <p class="fb-small">{[words.may.rule(data.rule), data.notice === "" ? "" : words.may.notice(data.notice),
            data.until === "" ? "" : words.may.until(date(data.until))].filter((x) => x !== "").join(" ")}</p>
          {data.withheld ? <p class="fb-small">{words.may.withheld}</p> : null}
        </>
      )}
    </section>
  );
}
