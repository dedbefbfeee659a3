// One consent: what ending it stops and what stays, and the person's own copy.
import { useState } from "preact/hooks";
import { part, post, type Ending, type Head, type Row } from "../api";
import { useLoad } from "../load";
import { Link } from "../router";
import { capital, choice, date, label, moment, nowText, words } from "../words";
import { mine } from "../state";
import { Area, Choose, Input } from "../parts/fields";
import { Drawn, fromHex } from "../parts/signature";
import { Name, Notice, Refusal, say, Text, Title, Waiting } from "../parts/small";
import { Cell, RowHead, Table, TableRow } from "../parts/table";

const to = (e: Ending) => words.refer.list(e.recipients.map((r) => r.agency).filter((a) => a !== ""));

function Stops(p: { of: Ending }) {
  const e = p.of;
  return (
    <section aria-labelledby="stops">
      <h2 class="govuk-heading-m" id="stops">{e.open ? words.revoke.stops : words.revoke.stopsLater(e.ends)}</h2>
      <ul class="govuk-list govuk-list--bullet">
        {e.scope.map((c) => <li key={c}><Text>{words.revoke.stopsLine(e.discloser, to(e), words.refer.scopes[c] ?? label(c))}</Text></li>)}
        <li>{words.revoke.stopsKeys}</li>
      </ul>
    </section>
  );
}

function Stays(p: { of: Ending }) {
  const given = p.of.given;
  return (
    <section aria-labelledby="stays">
      <h2 class="govuk-heading-m" id="stays">{words.revoke.stays}</h2>
      <ul class="govuk-list govuk-list--bullet">
        <li><Text>{words.revoke.staysRead(to(p.of))}</Text></li>
        <li>{words.revoke.staysAccount}</li>
        <li>{words.revoke.staysOther}</li>
      </ul>
      {given.length === 0 ? <p class="govuk-body">{words.revoke.nothingGiven}</p> : (
        <Table name={words.revoke.given} caption={words.revoke.given}
          columns={[words.revoke.when, words.revoke.what, words.revoke.whom]}>
          {given.map((g, i) => (
            <TableRow key={i}>
              <RowHead>{moment(g.sent_at)}</RowHead>
              <Cell of={words.revoke.what}><Text>{g.what ?? label(g.category ?? "")}</Text></Cell>
              <Cell of={words.revoke.whom}><Text>{g.agency}</Text></Cell>
            </TableRow>
          ))}
        </Table>
      )}
    </section>
  );
}

function Revoke(p: { person: string; consent: string }) {
  const { data: e, refused, again } = useLoad<Ending>(`/api/consents/${part(p.consent)}/ending`);
  const [channel, setChannel] = useState("in_person");
  const [when, setWhen] = useState(nowText());
  const [by, setBy] = useState("");
  const [reason, setReason] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState<{ revoked: boolean; ends: string } | null>(null);
  if (e === null) return <>{refused === null ? <Waiting /> : <Refusal error={refused} />}</>;
  const over = e.status !== "active";
  const back = `/people/${p.person}/consents`;
  if (done !== null)
    return (
      <>
        <Notice kind="good"><p><strong>{done.revoked ? words.revoke.done : words.revoke.asked}</strong></p>
          <p>{done.revoked ? words.revoke.doneNext : words.revoke.askedNext(done.ends)}</p></Notice>
        <Refusal error={error} />
        <p><Link to={back}>{words.back}</Link></p>
      </>
    );
  return (
    <>
      <p class="govuk-body"><Text>{`${capital(choice(e.kind))}: ${e.info_description ?? ""}`}</Text>{" "}
        <span class="fb-small">{e.signed_on ? words.person.consentSigned(date(e.signed_on)) : ""}</span></p>
      {over ? <Notice>{words.revoke.over}</Notice> : null}
      {e.open || over ? null : (
        <Notice kind="warn"><p><strong>{words.revoke.later}</strong></p>
          <p><Text>{words.revoke.laterWhy(e.ends, e.revocable_event ?? "")}</Text></p>
          {e.revocable_rule !== "after_event" ? null : (
            <p><button type="button" class="govuk-button govuk-button--secondary fb-button" onClick={() => {
              post("/api/records/consent_event", { fields: {
                person: p.person, consent_id: p.consent, kind: "condition_met", happened_at: nowText(),
                staff_id: mine()?.staff ?? null,
              } }).then(() => { say(words.revoke.hasCome); again(); }).catch(setError);
            }}>{words.revoke.cameButton}</button></p>
          )}</Notice>
      )}
      {e.counts_on === "" && !over ? null : over ? null : <Notice>{words.revoke.counts(date(e.counts_on))}</Notice>}
      <div class="fb-sides"><div class="fb-side"><Stops of={e} /></div><div class="fb-side"><Stays of={e} /></div></div>
      {over ? <p><Link to={back}>{words.back}</Link></p> : (
        <form noValidate onSubmit={(x) => {
          x.preventDefault();
          post<{ revoked: boolean; ends: string }>(`/api/consents/${part(p.consent)}/revoke`, {
            seen: e.seen, happened_at: when, revoked_on: when.slice(0, 10), channel,
            ...(by === "" ? {} : { by_whom: by }), ...(reason === "" ? {} : { reason }),
          }).then((r) => { setDone(r); say(r.revoked ? words.revoke.done : words.revoke.asked); }).catch(setError);
        }}>
          <Refusal error={error} />
          <Choose id="channel" label={words.revoke.how} value={channel} set={setChannel}
            of={["in_person", "phone", "letter", "email", "video", "other"]} />
          <Input id="when" label={words.revoke.asOf} type="datetime-local" width="20" value={when} set={(x) => setWhen(x.slice(0, 16))} />
          <Input id="by" label={words.revoke.by} hint={words.revoke.byHint} value={by} set={setBy} />
          <Area id="reason" label={words.revoke.reason} rows={2} value={reason} set={setReason} />
          <div class="govuk-button-group">
            <button class="govuk-button govuk-button--warning" type="submit">{e.open ? words.revoke.button : words.revoke.buttonLater}</button>
            <Link to={back}>{words.back}</Link>
          </div>
        </form>
      )}
    </>
  );
}

interface Form { text?: string }

/** As it is handed to whoever signed it. */
function Copy(p: { consent: string }) {
  const row = useLoad<Row>(`/api/records/consent/${part(p.consent)}`);
  const kind = row.data?.fields?.kind;
  const form = useLoad<Form>(typeof kind === "string" ? `/api/forms/${part(kind)}?consent=${part(p.consent)}` : null);
  const signature = row.data?.fields?.signature;
  if (row.data === null) return row.refused === null ? <Waiting /> : <Refusal error={row.refused} />;
  return (
    <>
      <p class="fb-noprint"><button class="govuk-button" onClick={() => print()}>{words.print}</button></p>
      <Refusal error={form.refused} />
      {form.data === null ? null : <div class="fb-paper"><Text lines>{form.data.text ?? ""}</Text></div>}
      {typeof signature === "string" && signature !== "" ? <Drawn path={fromHex(signature)} /> : null}
    </>
  );
}

export function ConsentPage(p: { person: string; consent: string; what: string }) {
  const { data: head, refused } = useLoad<Head>(`/api/people/${part(p.person)}`);
  return (
    <>
      <Title>{p.what === "copy" ? words.revoke.copyTitle : words.revoke.title}</Title>
      <Refusal error={refused} />
      {head === null ? (refused === null ? <Waiting /> : null) : (
        <p class="govuk-body-l fb-noprint"><Link to={`/people/${head.person}/consents`}><Name>{head.name}</Name></Link></p>
      )}
      {p.what === "copy" ? <Copy consent={p.consent} /> : <Revoke person={p.person} consent={p.consent} />}
    </>
  );
}

