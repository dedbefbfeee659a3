// The day: what is on, what has to be written down, whom to see.
import { useState } from "preact/hooks";
import { type Appointment, type Home as HomeData, type Line, type Referral, type ReferralDesk, type Typed } from "../api";
import { drop } from "../drafts";
import { useLoad } from "../load";
import { Link } from "../router";
import { sync, useCell } from "../state";
import { ago, capital, choice, clock, date, near, words } from "../words";
import { LoggedNotice, OutcomeButtons, type Logged } from "../parts/outcome";
import { Name, Refusal, Tag, Text, Title, Waiting } from "../parts/small";
import { formPath } from "./write";

const what = (a: Appointment) =>
  [choice(a.kind), choice(a.method), a.place, a.purpose].filter((x) => x !== null && x !== "").join(", ");

function Day(p: { of: Appointment[]; today: string; day?: boolean; none: string; log: (a: Appointment) => preact.ComponentChildren }) {
  if (p.of.length === 0) return <p class="govuk-body">{p.none}</p>;
  const sorted = [...p.of].sort((a, b) => (a.start_at < b.start_at ? -1 : 1));
  return (
    <ul class="fb-rows">
      {sorted.map((a) => (
        <li key={a.id}>
          <div class="fb-row">
            <span class="fb-row__when">{p.day === true ? near(a.start_at, p.today) : clock(a.start_at)}</span>
            <span class="fb-row__what">
              <Link to={`/people/${a.person}`}><Name>{a.name}</Name></Link>
              <br /><span class="fb-small"><Text>{capital(what(a))}</Text></span>
            </span>
            {p.log(a)}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Contacts(p: { of: Line[]; today: string; none: string; late: boolean }) {
  if (p.of.length === 0) return <p class="govuk-body">{p.none}</p>;
  const sorted = [...p.of].sort((a, b) => ((a.contact_due ?? "") < (b.contact_due ?? "") ? -1 : 1));
  return (
    <ul class="fb-rows">
      {sorted.map((l) => (
        <li key={l.person}>
          <div class="fb-row">
            <span class="fb-row__what">
              <Link to={`/people/${l.person}`}><Name>{l.name}</Name></Link>
              <br /><span class="fb-small">{capital(choice(l.level))}{l.level ? ", " : ""}
                {(p.late ? words.home.due : words.home.dueOn)(near(l.contact_due, p.today))}
                {", "}{l.last_contact === undefined ? words.home.lastNone : words.home.last(near(l.last_contact, p.today))}</span>
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Begun(p: { list: Typed[]; again: () => void }) {
  const mine = p.list.filter((t) => formPath(t.form) !== null);
  if (mine.length === 0) return null;
  return (
    <section aria-labelledby="begun">
      <h2 class="govuk-heading-m" id="begun">{words.home.drafts}</h2>
      <ul class="fb-rows">
        {mine.map((t) => {
          const form = formPath(t.form)!;
          return (
            <li key={t.form}>
              <div class="fb-row">
                <span class="fb-row__what">{form.title} <span class="fb-small">{ago(t.at_ms)}</span></span>
                <span class="fb-row__do">
                  <Link to={form.to} label={`${words.home.go}: ${form.title}, ${ago(t.at_ms)}`}>{words.home.go}</Link>
                  <button class="fb-plain" onClick={() => void drop(t.form).then(p.again)}>{words.home.drop}</button>
                </span>
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** What waits for an answer: the most urgent and the oldest first. */
function Waits(p: { of: Referral[]; title: string; ours: boolean }) {
  if (p.of.length === 0) return null;
  const urgent = (r: Referral) => (r.urgency === "urgent" ? 0 : 1);
  const sorted = [...p.of].sort((a, b) => urgent(a) - urgent(b) || ((a.sent_on ?? "") < (b.sent_on ?? "") ? -1 : 1));
  return (
    <>
      <h2 class="govuk-heading-m">{p.title} <span class="fb-count">({p.of.length})</span></h2>
      <ul class="fb-rows">
        {sorted.map((r) => (
          <li key={r.id}>
            <div class="fb-row">
              <span class="fb-row__what">
                <Link to={`/people/${r.person}/referrals`}><Name>{r.name}</Name></Link>{" "}
                {r.urgency === "urgent" ? <Tag kind="red">{words.refer.urgent}</Tag> : null}
                <br /><span class="fb-small"><Text>{[p.ours ? words.refer.from(r.from) : words.refer.to(r.program ?? r.agency ?? ""),
                  p.ours ? r.program ?? "" : "", words.refer.waits(r.workdays ?? 0)].filter((x) => x !== "").join(", ")}</Text></span>
              </span>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

export function Home() {
  const { data, refused, again } = useLoad<HomeData>("/api/home");
  const typed = useLoad<Typed[]>("/api/typed");
  const waits = useLoad<ReferralDesk>("/api/referrals");
  const s = useCell(sync);
  const [logged, setLogged] = useState<Logged | null>(null);
  const [error, setError] = useState<unknown>(null);
  const buttons = (a: Appointment) => a.logged === true
    ? <span class="fb-row__do"><Tag kind="green">{words.home.logged}</Tag></span>
    : <OutcomeButtons of={a} day={a.start_at.slice(0, 10)} failed={setError}
      done={(l) => { setLogged(l); setError(null); again(); }} />;
  const later = (a: Appointment) => data !== null && a.start_at > data.now && a.logged !== true
    ? null : buttons(a);

  return (
    <>
      <Title>{words.home.title}</Title>
      <Refusal error={refused} />
      <LoggedNotice of={logged} error={error} />
      {data === null ? (refused === null ? <Waiting /> : null) : (
        <>
          <p class="govuk-body">{date(data.today, true)}. {data.people === 0 ? words.home.none : `${words.home.people(data.people)}.`}
            {s !== null && s.decisions > 0 ? <> <Link to="/decisions">{words.home.decisions(s.decisions)}</Link>.</> : null}</p>
          <div class="fb-columns">
            <div>
              <Waits of={waits.data?.to_answer ?? []} title={words.refer.toAnswer} ours />
              <h2 class="govuk-heading-m">{words.home.today} <span class="fb-count">({data.appointments.length})</span></h2>
              <Day of={data.appointments} today={data.today} none={words.home.todayNone} log={later} />
              {data.appointments.length === 0 ? null
                : <p class="govuk-body"><Link to="/day">{words.day.link}</Link></p>}
              <h2 class="govuk-heading-m">{words.home.toLog} <span class="fb-count">({data.to_log.length})</span></h2>
              <Day of={data.to_log} today={data.today} none={words.home.toLogNone} log={buttons} day />
              <Begun list={typed.data ?? []} again={typed.again} />
            </div>
            <div>
              <h2 class="govuk-heading-m">{words.home.overdue} <span class="fb-count">({data.overdue.length})</span></h2>
              <Contacts of={data.overdue} today={data.today} none={words.home.overdueNone} late />
              <h2 class="govuk-heading-m">{words.home.soon} <span class="fb-count">({data.due_soon.length})</span></h2>
              <Contacts of={data.due_soon} today={data.today} none={words.home.soonNone} late={false} />
              <p class="fb-small">{words.home.standard}</p>
              <Waits of={waits.data?.late ?? []} title={words.refer.lateTitle} ours={false} />
            </div>
          </div>
        </>
      )}
    </>
  );
}
