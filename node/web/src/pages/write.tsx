// What is written about a person: each form is a draft in the local node from the
// first key on, and a record only once it is saved.
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { part, post, type Head, type Row } from "../api";
import { useDraft, type Draft } from "../drafts";
import { useLoad } from "../load";
import { go, Link, usePlace } from "../router";
import { mine } from "../state";
import { ago, choice, moment, nowText, words } from "../words";
import { Area, Check, Choose, Input } from "../parts/fields";
import { Name, Notice, Refusal, say, Title, Waiting } from "../parts/small";

/** A form's name in the node's drafts, back to its page. */
export function formPath(form: string): { to: string; title: string } | null {
  const [what, person, about] = form.split(" ");
  if (what === "note" && person) return { to: `/people/${person}/write/note`, title: words.note.title };
  if (what === "appointment" && person) return { to: `/people/${person}/write/appointment`, title: words.book.title };
  if (what === "group" && person) return { to: "/group", title: words.group.title };
  if (what === "refer" && person) return { to: `/people/${person}/refer/reason`, title: words.refer.title };
  if (what === "outcome" && person && about)
    return { to: `/people/${person}/write/outcome?appointment=${about}`, title: words.outcome.title };
  return null;
}

/** Only what was filled in; numbers as numbers. */
function filled(of: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [k, v] of Object.entries(of))
    if (v !== "" && v !== false) out[k] = v;
  return out;
}

function Form<T extends object>(p: {
  draft: Draft<T>; button: string; children: ComponentChildren; send: () => Promise<void>; back: string;
}) {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const d = p.draft;
  if (!d.ready) return <Waiting />;
  return (
    <form noValidate onSubmit={(e) => {
      e.preventDefault();
      if (busy) return;
      setBusy(true);
      p.send().catch(setError).finally(() => setBusy(false));
    }} onKeyDown={(e) => {
      // from the middle of a text, without leaving the keyboard
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) e.currentTarget.requestSubmit();
    }}>
      <Refusal error={error} />
      {d.restored ? <Notice>{words.draft.restored}</Notice> : null}
      {p.children}
      <p class="fb-small" id="kept" role="status">{!d.begun ? "" : d.kept === null ? words.draft.keeping : words.draft.kept(ago(d.kept))}</p>
      <div class="govuk-button-group">
        <button class="govuk-button" type="submit" aria-disabled={busy}>{p.button}</button>
        {d.begun ? <button class="fb-plain" type="button" onClick={() => void d.drop()}>{words.draft.drop}</button> : null}
        <Link to={p.back}>{words.back}</Link>
      </div>
    </form>
  );
}

const minutes = (text: string): number | string => (/^\d{1,5}$/.test(text) ? Number(text) : text);

function Note(p: { id: string }) {
  const draft = useDraft(`note ${p.id}`, p.id, {
    happened_at: nowText(), kind: "office", outcome: "held", with_whom: "", location: "",
    minutes: "", narrative: "", safety_observed: false,
  });
  const v = draft.value;
  return (
    <Form draft={draft} button={words.note.button} back={`/people/${p.id}`} send={async () => {
      await post("/api/records/contact_note", { fields: {
        ...filled({ ...v, minutes: minutes(v.minutes) }), person: p.id, staff_id: mine()?.staff ?? null,
      } });
      await draft.drop();
      say(words.note.saved);
      go(`/people/${p.id}`);
    }}>
      <Area id="narrative" label={words.note.text} hint={words.note.textHint} rows={8}
        value={v.narrative} set={(x) => draft.set({ narrative: x })} />
      <Choose id="kind" label={words.note.kind} value={v.kind} set={(x) => draft.set({ kind: x })}
        of={["office", "home", "field", "phone", "video", "text", "in_person", "collateral"]} />
      <Choose id="outcome" label={words.note.outcome} value={v.outcome} set={(x) => draft.set({ outcome: x })}
        of={["held", "not_home", "left_message", "refused", "failed"]} />
      <Input id="happened_at" label={words.note.when} type="datetime-local" width="20"
        value={v.happened_at} set={(x) => draft.set({ happened_at: x.slice(0, 16) })} />
      <Input id="with_whom" label={words.note.with} value={v.with_whom} set={(x) => draft.set({ with_whom: x })} />
      <Input id="location" label={words.note.where} value={v.location} set={(x) => draft.set({ location: x })} />
      <Input id="minutes" label={words.note.minutes} width="4" numeric value={v.minutes}
        set={(x) => draft.set({ minutes: x })} />
      <Check id="safety" label={words.note.safety} value={v.safety_observed}
        set={(x) => draft.set({ safety_observed: x })} />
    </Form>
  );
}

function Book(p: { id: string }) {
  const draft = useDraft(`appointment ${p.id}`, p.id, {
    start_at: "", end_at: "", kind: "supervision", method: "in_person", place: "", purpose: "",
  });
  const v = draft.value;
  return (
    <Form draft={draft} button={words.book.button} back={`/people/${p.id}`} send={async () => {
      await post("/api/records/appointment", { fields: {
        ...filled(v), person: p.id, staff_id: mine()?.staff ?? null,
      } });
      await draft.drop();
      say(words.book.saved);
      go(`/people/${p.id}/appointments`);
    }}>
      <Input id="start_at" label={words.book.when} type="datetime-local" width="20" value={v.start_at}
        set={(x) => draft.set({ start_at: x.slice(0, 16) })} />
      <Input id="end_at" label={words.book.end} type="datetime-local" width="20" value={v.end_at}
        set={(x) => draft.set({ end_at: x.slice(0, 16) })} />
      <Choose id="kind" label={words.book.kind} value={v.kind} set={(x) => draft.set({ kind: x })}
        of={["supervision", "programme", "testing", "assessment", "hearing", "other"]} />
      <Choose id="method" label={words.book.method} value={v.method} set={(x) => draft.set({ method: x })}
        of={["in_person", "home", "phone", "video"]} />
      <Input id="place" label={words.book.place} value={v.place} set={(x) => draft.set({ place: x })} />
      <Input id="purpose" label={words.book.purpose} value={v.purpose} set={(x) => draft.set({ purpose: x })} />
    </Form>
  );
}

function Outcome(p: { id: string; appointment: string }) {
  const row = useLoad<Row>(`/api/records/appointment/${part(p.appointment)}`);
  const at = typeof row.data?.fields?.start_at === "string" ? row.data.fields.start_at : "";
  const draft = useDraft(`outcome ${p.id} ${p.appointment}`, p.id, {
    result: "acceptable_absence", absence_reason: "", minutes: "", held_on: "",
  });
  const v = draft.value;
  if (row.data === null) return row.refused === null ? <Waiting /> : <Refusal error={row.refused} />;
  return (
    <>
      <p class="govuk-body">{words.tables.appointment}: {moment(at)}</p>
      <Form draft={draft} button={words.save} back="/" send={async () => {
        await post(`/api/appointments/${part(p.appointment)}/outcome`, {
          fields: filled({ ...v, minutes: minutes(v.minutes), held_on: v.held_on || at.slice(0, 10) }),
        });
        await draft.drop();
        say(words.outcome.done(choice(v.result), ""));
        go("/");
      }}>
        <Choose id="result" label={words.outcome.which} value={v.result} set={(x) => draft.set({ result: x })}
          of={["complied", "late", "left_early", "failed_to_comply", "no_show", "acceptable_absence", "cancelled_by_agency"]} />
        <Choose id="absence_reason" label={words.outcome.reason} none={words.outcome.reasonNone} value={v.absence_reason}
          set={(x) => draft.set({ absence_reason: x })}
          of={["illness", "work", "childcare", "transport", "custody", "bereavement", "other"]} />
        <Input id="minutes" label={words.outcome.minutes} width="4" numeric value={v.minutes}
          set={(x) => draft.set({ minutes: x })} />
        <Input id="held_on" label={words.outcome.day} type="date" width="10" value={v.held_on || at.slice(0, 10)}
          set={(x) => draft.set({ held_on: x })} />
      </Form>
    </>
  );
}

export function Write(p: { id: string; what: string }) {
  const { data: head, refused } = useLoad<Head>(`/api/people/${part(p.id)}`);
  const query = usePlace().query;
  const title = p.what === "appointment" ? words.book.title
    : p.what === "outcome" ? words.outcome.title : words.note.title;
  return (
    <>
      <Title>{title}</Title>
      <Refusal error={refused} />
      {head === null ? (refused === null ? <Waiting /> : null) : (
        <>
          {head.alerts.filter((a) => a.lifted_on === null).map((a) => (
            <div class="fb-alert" key={a.id} role="note">{words.person.alert}: {choice(a.code)}</div>
          ))}
          <p class="govuk-body-l"><Link to={`/people/${head.person}`}><Name>{head.name}</Name></Link></p>
          {p.what === "appointment" ? <Book id={head.person} />
            : p.what === "outcome" ? <Outcome id={head.person} appointment={query.get("appointment") ?? ""} />
              : <Note id={head.person} />}
        </>
      )}
    </>
  );
}
