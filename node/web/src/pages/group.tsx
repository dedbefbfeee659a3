// A whole group at once: everybody came until somebody says otherwise, and what was
// pressed by mistake is taken back before it is written, not asked about before.
import { useEffect, useRef, useState } from "preact/hooks";
import { part, post, type Roster, type RosterGroup, type RosterLine } from "../api";
import { useDraft } from "../drafts";
import { useLoad } from "../load";
import { Link } from "../router";
import { capital, choice, clock, date, today, words } from "../words";
import { Input } from "../parts/fields";
import { Name, Notice, Refusal, say, Tag, Text, Title, Waiting } from "../parts/small";

/** how long what was pressed can be taken back */
const UNDO_MS = 8000;
const RESULTS = ["complied", "late", "left_early", "no_show", "acceptable_absence"] as const;
const REASONS = ["illness", "work", "childcare", "transport", "custody", "bereavement", "other"];

interface Line { result: string; minutes: string; absence_reason: string; concern: boolean }
type Lines = Record<string, Line>;

const usual = (l: RosterLine): Line => ({ result: "complied", minutes: String(l.minutes), absence_reason: "", concern: false });
const came = (result: string) => result === "complied" || result === "late" || result === "left_early";

function Row(p: { of: RosterLine; value: Line; set: (l: Partial<Line>) => void }) {
  const { of: l, value: v } = p, id = l.appointment.slice(0, 12);
  return (
    <li class="fb-roster">
      <fieldset class="govuk-fieldset">
        <legend class="fb-roster__name"><Name>{l.name}</Name></legend>
        <div class="fb-roster__row">
          {RESULTS.map((r) => (
            <label key={r} class={`fb-pick${v.result === r ? " fb-pick--on" : ""}`}>
              <input type="radio" name={`result-${id}`} checked={v.result === r}
                onChange={() => p.set({ result: r, minutes: came(r) ? v.minutes || String(l.minutes) : "" })} />
              <span>{r === "complied" ? words.group.present : capital(choice(r))}</span>
            </label>
          ))}
          {v.result === "late" || v.result === "left_early" ? (
            <label class="fb-roster__more">{words.outcome.minutes}{" "}
              <input class="govuk-input govuk-input--width-3 fb-tight" inputMode="numeric" value={v.minutes}
                onInput={(e) => p.set({ minutes: e.currentTarget.value })} /></label>
          ) : null}
          {v.result === "acceptable_absence" ? (
            <label class="fb-roster__more">{words.outcome.reason}{" "}
              <select class="govuk-select fb-tight" value={v.absence_reason}
                onChange={(e) => p.set({ absence_reason: e.currentTarget.value })}>
                <option value="">{words.outcome.reasonNone}</option>
                {REASONS.map((r) => <option key={r} value={r}>{capital(choice(r))}</option>)}
              </select></label>
          ) : null}
          <label class="fb-pick"><input type="checkbox" checked={v.concern}
            onChange={(e) => p.set({ concern: e.currentTarget.checked })} /><span>{words.group.concern}</span></label>
        </div>
      </fieldset>
    </li>
  );
}

const body = (day: string, open: RosterLine[], lines: Lines): object => ({
  on: day,
  attendance: open.map((l) => {
    const v = lines[l.appointment] ?? usual(l);
    return {
      appointment: l.appointment, result: v.result,
      ...(came(v.result) && /^\d{1,4}$/.test(v.minutes) ? { minutes: Number(v.minutes) } : {}),
      ...(v.result === "acceptable_absence" && v.absence_reason !== "" ? { absence_reason: v.absence_reason } : {}),
      ...(v.concern ? { concern_code: "concern" } : {}),
    };
  }),
});

function Group(p: { of: RosterGroup; day: string; again: () => void }) {
  const g = p.of;
  const draft = useDraft<{ lines: Lines }>(`group ${g.start_at} ${g.people[0]?.appointment ?? ""}`, "", { lines: {} });
  const [error, setError] = useState<unknown>(null);
  const [left, setLeft] = useState(0);
  const timer = useRef<ReturnType<typeof setInterval> | null>(null);
  const people = [...g.people].sort((a, b) => (a.name < b.name ? -1 : 1));
  const open = people.filter((l) => l.result === undefined);
  const lines = draft.value.lines;
  const title = `${clock(g.start_at)}, ${g.program ?? g.place ?? ""}`;
  const undo = () => {
    if (timer.current !== null) clearInterval(timer.current);
    timer.current = null;
    setLeft(0);
  };
  useEffect(() => undo, []);
  const write = () => {
    undo();
    post("/api/attendance", body(p.day, open, lines)).then(async () => {
      await draft.drop();
      setError(null);
      say(words.group.saved(open.length));
      p.again();
    }).catch(setError);
  };
  const save = () => {
    const until = Date.now() + UNDO_MS;
    setLeft(UNDO_MS);
    say(words.group.saving(UNDO_MS / 1000));
    timer.current = setInterval(() => {
      const ms = until - Date.now();
      if (ms <= 0) write(); else setLeft(ms);
    }, 250);
  };
  const counts = open.reduce<Record<string, number>>((n, l) => {
    const r = lines[l.appointment]?.result ?? "complied";
    return { ...n, [r]: (n[r] ?? 0) + 1 };
  }, {});
  if (!draft.ready) return <Waiting />;
  return (
    <section aria-label={title} class="govuk-!-margin-bottom-6">
      <h2 class="govuk-heading-m"><Text>{title}</Text> <span class="fb-count">({g.people.length})</span></h2>
      <Refusal error={error} />
      {draft.restored && open.length > 0 ? <Notice>{words.draft.restored}</Notice> : null}
      {open.length < g.people.length ? (
        <ul class="fb-rows">{people.filter((l) => l.result !== undefined).map((l) => (
          <li key={l.appointment}><div class="fb-row"><span class="fb-row__what">
            <Link to={`/people/${part(l.person)}`}><Name>{l.name}</Name></Link></span>
            <Tag kind="green">{capital(choice(l.result))}</Tag></div></li>
        ))}</ul>
      ) : null}
      {open.length === 0 ? <p class="govuk-body">{words.group.done}</p> : (
        <>
          <ul class="fb-rosters">{open.map((l) => (
            <Row key={l.appointment} of={l} value={lines[l.appointment] ?? usual(l)}
              set={(x) => draft.set({ lines: { ...draft.value.lines, [l.appointment]: { ...(lines[l.appointment] ?? usual(l)), ...x } } })} />
          ))}</ul>
          <p class="govuk-body" id="counts">{RESULTS.filter((r) => counts[r] !== undefined).map((r) =>
            `${counts[r] ?? 0} ${r === "complied" ? words.group.presentLower : choice(r)}`).join(", ")}</p>
          {left > 0 ? (
            <Notice kind="good" live><p>{words.group.saving(Math.ceil(left / 1000))}{" "}
              <button type="button" class="govuk-button govuk-button--secondary fb-button" onClick={() => { undo(); say(words.group.undone); }}>{words.group.undo}</button>{" "}
              <button type="button" class="fb-plain" onClick={write}>{words.group.atOnce}</button></p></Notice>
          ) : <button type="button" class="govuk-button" onClick={save}>{words.group.save(open.length)}</button>}
        </>
      )}
    </section>
  );
}

export function Groups() {
  const [day, setDay] = useState(today());
  const { data, refused, again } = useLoad<Roster>(`/api/rosters?on=${part(day)}`);
  return (
    <>
      <Title>{words.group.title}</Title>
      <p class="govuk-body">{words.group.why}</p>
      <Input id="day" label={words.group.day} type="date" width="10" value={day} set={(x) => { if (x !== "") setDay(x); }} />
      <Refusal error={refused} />
      {data === null ? (refused === null ? <Waiting /> : null) : data.groups.length === 0
        ? <p class="govuk-body">{words.group.none(date(day))}</p>
        : [...data.groups].sort((a, b) => (a.start_at < b.start_at ? -1 : 1)).map((g) => (
          <Group key={`${g.start_at}${g.people[0]?.appointment ?? ""}`} of={g} day={day} again={again} />
        ))}
    </>
  );
}
