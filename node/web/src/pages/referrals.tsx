// Referrals of one person: how far each is on its way, and the answer of whoever is
// asked. Opening one that is for this agency tells the other side that it was seen.
import { useEffect, useState } from "preact/hooks";
import { part, post, type Referral } from "../api";
import { useLoad } from "../load";
import { Link } from "../router";
import { mine, sync, useCell } from "../state";
import { capital, choice, date, moment, nowText, words } from "../words";
import { Choose, Input } from "../parts/fields";
import { MayPanel } from "../parts/may";
import { Notice, Refusal, say, Tag, Text, Waiting } from "../parts/small";

/** Where it is: each step that was reached, the last one in words. */
export function steps(r: Referral): { name: string; done: boolean }[] {
  const state = r.state ?? "";
  const order = ["queued", "relay", "there", "seen", "answered"];
  const at = state !== "" ? 4 : r.seen === true ? 3 : r.delivery === "there" ? 2 : r.delivery === "relay" ? 1 : 0;
  return order.map((_, i) => ({
    done: i <= at,
    name: i === 0 ? (r.delivery === "closed" && at === 0 ? words.refer.steps.closed : words.refer.steps.queued)
      : i === 1 ? words.refer.steps.relay(r.delivery === "relay" ? r.delivered_by ?? "" : "")
        : i === 2 ? words.refer.steps.there(r.agency ?? "")
          : i === 3 ? words.refer.steps.seen
            : state === "" ? words.refer.steps.answer : capital(choice(state)),
  }));
}

export function Track(p: { of: Referral }) {
  const list = steps(p.of);
  const at = list.filter((x) => x.done).length - 1;
  return (
    <ol class="fb-track" aria-label={words.refer.track}>
      {list.map((x, i) => (
        <li key={i} class={x.done ? "fb-track__done" : ""} aria-current={i === at ? "step" : undefined}>
          <Text>{x.name}</Text>{x.done ? <span class="govuk-visually-hidden"> ({words.refer.reached})</span> : null}
        </li>
      ))}
    </ol>
  );
}

const answerFields = (state: string, more: Record<string, unknown> = {}) => ({
  fields: { state, answered_at: nowText(), staff_id: mine()?.staff ?? null, ...more },
});

/** What the provider says: a place, the waiting list, or no, with the reason. */
function AnswerForm(p: { of: Referral; done: () => void }) {
  const [slot, setSlot] = useState("");
  const [reason, setReason] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const send = (state: string, more: Record<string, unknown>) => {
    if (busy) return;
    setBusy(true);
    post(`/api/referrals/${part(p.of.id)}/answer`, answerFields(state, more)).then(() => {
      say(words.refer.answered(choice(state)));
      p.done();
    }).catch(setError).finally(() => setBusy(false));
  };
  const id = p.of.id.slice(0, 8);
  return (
    <div>
      <Refusal error={error} />
      <div class="fb-answer">
        <Input id={`slot-${id}`} label={words.refer.slot} type="datetime-local" width="20" value={slot}
          set={(x) => setSlot(x.slice(0, 16))} />
        <button class="govuk-button fb-button" onClick={() => send("accepted", slot === "" ? {} : { slot_at: slot })}>{words.refer.accept}</button>
        <button class="govuk-button govuk-button--secondary fb-button" onClick={() => send("waitlisted", {})}>{words.refer.waitlist}</button>
      </div>
      <div class="fb-answer">
        <Choose id={`why-${id}`} label={words.refer.declineWhy} none={words.refer.declineNone} value={reason} set={setReason}
          of={["capacity", "eligibility", "distance", "safety", "person_declined", "other"]} />
        <button class="govuk-button govuk-button--secondary fb-button" aria-disabled={reason === ""}
          onClick={() => { if (reason !== "") send("declined", { reason }); }}>{words.refer.decline}</button>
      </div>
    </div>
  );
}

const Line = (p: { name: string; children: string | null | undefined }) =>
  (p.children ? <p><strong>{p.name}</strong>{" "}<Text lines>{p.children}</Text></p> : null);

function Card(p: { of: Referral; again: () => void }) {
  const r = p.of;
  const title = r.program ?? r.agency ?? "";
  useEffect(() => {
    // the other side hears that somebody read it
    if (!r.for_us || r.seen === true || mine()?.read_only === true) return;
    post(`/api/referrals/${part(r.id)}/answer`, answerFields("received")).then(p.again).catch(() => {});
  }, [r.id]);
  const open = r.state === undefined && r.withdrawn !== "withdrawn";
  return (
    <section class="fb-side fb-stack govuk-!-margin-bottom-4" aria-label={words.refer.to(title)}>
      <h2 class="govuk-heading-m"><Text>{r.for_us ? words.refer.from(r.from) : words.refer.to(title)}</Text>{" "}
        {r.urgency === "urgent" ? <Tag kind="red">{words.refer.urgent}</Tag> : null}{" "}
        {r.withdrawn === "withdrawn" ? <Tag kind="grey">{words.refer.withdrawn}</Tag> : null}{" "}
        {r.late === true ? <Tag kind="orange">{words.refer.late(r.workdays ?? 0)}</Tag> : null}</h2>
      {r.own ? <Track of={r} /> : null}
      <p class="fb-small">{[r.program ?? "", r.agency ?? "", r.sent_on ? words.refer.sent(date(r.sent_on)) : ""]
        .filter((x) => x !== "").join(", ")}</p>
      <Line name={words.refer.reason}>{r.reason}</Line>
      <Line name={words.refer.risk}>{r.risk_summary}</Line>
      <Line name={words.refer.cannot}>{r.unavailable}</Line>
      {r.interpreter === "yes" ? <p>{words.person.interpreter}</p> : null}
      {r.answers.filter((a) => a.state !== "received").map((a, i) => (
        <p key={i}><Tag kind={a.state === "declined" ? "red" : "green"}>{capital(choice(a.state))}</Tag>{" "}
          <Text>{[a.slot_at ? words.refer.begins(moment(a.slot_at)) : "", a.reason ? choice(a.reason) : "",
            a.staff ?? "", a.by, a.answered_at ? moment(a.answered_at) : ""].filter((x) => x !== "").join(", ")}</Text></p>
      ))}
      {r.for_us && open ? (
        <>
          <MayPanel title={words.refer.mayTell(r.from)} of={{ person: r.person, category: "TX2.referral", to: r.from, purpose: "supervision" }} />
          <AnswerForm of={r} done={p.again} />
        </>
      ) : null}
    </section>
  );
}

export function Referrals(p: { id: string }) {
  const { data, refused, again } = useLoad<Referral[]>(`/api/people/${part(p.id)}/referrals`);
  const s = useCell(sync);
  const heard = s?.peers.map((x) => `${x.last_ok_ms} ${x.pending}`).join() ?? "";
  const [was, setWas] = useState(heard);
  // a contact may have moved it; looked at only while somebody works here
  useEffect(() => {
    if (heard !== was && document.hasFocus()) again();
    setWas(heard);
  }, [heard]);
  const sorted = [...(data ?? [])].sort((a, b) => ((a.sent_on ?? "") < (b.sent_on ?? "") ? 1 : -1));
  return (
    <>
      <Refusal error={refused} />
      <div class="fb-row__do govuk-!-margin-bottom-4">
        <Link to={`/people/${p.id}/refer`} class="govuk-button fb-button">{words.refer.find}</Link>
      </div>
      {data === null ? (refused === null ? <Waiting /> : null) : sorted.length === 0
        ? <p class="govuk-body">{words.refer.none}</p>
        : sorted.map((r) => <Card key={r.id} of={r} again={again} />)}
      {sorted.some((r) => r.own && r.state === undefined) ? <Notice>{words.refer.honest}</Notice> : null}
    </>
  );
}
