// What came of an appointment: one press for what it mostly is, a form for the rest.
import { useState } from "preact/hooks";
import { part, post, type Appointment } from "../api";
import { go, Link } from "../router";
import { capital, choice, words } from "../words";
import { Notice, Refusal, say, Text } from "./small";

export interface Logged { what: string; person: string; name: string }

export const attendance = (a: Appointment, fields: Record<string, unknown>) =>
  post(`/api/appointments/${part(a.id)}/outcome`, { fields });

export function OutcomeButtons(p: {
  of: Appointment; day: string; done: (l: Logged) => void; failed: (e: unknown) => void;
}) {
  const [busy, setBusy] = useState(false);
  const log = (result: string) => {
    if (busy) return;
    setBusy(true);
    attendance(p.of, { result, held_on: p.day }).then(() => {
      const l = { what: choice(result), person: p.of.person, name: p.of.name };
      say(words.outcome.done(l.what, l.name));
      p.done(l);
    }).catch(p.failed).finally(() => setBusy(false));
  };
  const named = (what: string) => words.outcome.short(what, p.of.name.slice(0, 80));
  return (
    <span class="fb-row__do">
      <button class="govuk-button fb-button" aria-label={named(words.outcome.complied)}
        onClick={() => log("complied")}>{words.outcome.complied}</button>
      <button class="govuk-button govuk-button--secondary fb-button" aria-label={named(words.outcome.noShow)}
        onClick={() => log("no_show")}>{words.outcome.noShow}</button>
      <button class="govuk-button govuk-button--secondary fb-button" aria-label={named(words.outcome.other)}
        onClick={() => go(`/people/${p.of.person}/write/outcome?appointment=${p.of.id}`)}>{words.outcome.other}</button>
    </span>
  );
}

/** What was just logged, and what usually comes then. */
export const LoggedNotice = (p: { of: Logged | null; error: unknown }) => (
  <>
    <Refusal error={p.error} />
    {p.of === null ? null : (
      <Notice kind="good">
        <p><strong><Text>{words.outcome.done(p.of.what, p.of.name.slice(0, 120))}</Text></strong>{" "}
          {words.outcome.next}{" "}
          <Link to={`/people/${p.of.person}/write/note`}>{capital(words.outcome.nextNote)}</Link>{" · "}
          <Link to={`/people/${p.of.person}/write/appointment`}>{capital(words.outcome.nextBook)}</Link></p>
      </Notice>
    )}
  </>
);
