// One case file: who it is, and what is known, by tabs that are addresses.
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { ask, part, type Access, type Conflict, type Head, type Row } from "../api";
import { useLoad } from "../load";
import { Link } from "../router";
import { capital, choice, date, moment, words, years } from "../words";
import { Chip, Name, Notice, Refusal, Tag, Text, Title, Waiting } from "../parts/small";
import { Cell, RowHead, Table, TableRow } from "../parts/table";
import { Card } from "./decisions";
import { Referrals } from "./referrals";

const TABS = ["overview", "timeline", "appointments", "referrals", "consents", "decisions"] as const;
type Tab = (typeof TABS)[number];

const value = (row: Row, name: string): string => {
  const v = row.fields?.[name];
  return typeof v === "string" ? v : typeof v === "number" ? String(v) : "";
};

/** A row on one line: what happened, in the words of its table. */
function line(row: Row): string {
  switch (row.table) {
    case "contact_note":
      return [choice(value(row, "kind")), choice(value(row, "outcome"))].filter((x) => x !== "").join(", ");
    case "attendance":
      return [choice(value(row, "result")), choice(value(row, "absence_reason"))].filter((x) => x !== "").join(", ");
    case "appointment":
      return [choice(value(row, "kind")), choice(value(row, "method")), value(row, "place"),
        value(row, "purpose"), choice(value(row, "state"))].filter((x) => x !== "").join(", ");
    case "episode":
      return [choice(value(row, "kind")), choice(value(row, "level")), choice(value(row, "status"))]
        .filter((x) => x !== "").join(", ");
    default:
      return Object.entries(row.fields ?? {})
        .filter(([k, v]) => typeof v === "string" && v !== "" && k !== "person" && !/_id$/.test(k) && v !== row.at)
        .slice(0, 4).map(([, v]) => choice(/^\d{4}-\d\d-\d\d/.test(String(v)) ? date(String(v)) : v)).join(", ");
  }
}

function Entry(p: { row: Row; children?: ComponentChildren }) {
  const { row } = p;
  return (
    <li>
      <div class="fb-timeline__head">
        <strong>{words.tables[row.table] ?? capital(row.table.replace(/_/g, " "))}</strong>
        <span class="fb-small">{row.at ? moment(row.at) : ""}</span>
        <Chip category={row.category} />
        <span class="fb-small"><Text>{words.person.owner(row.owner)}</Text></span>
      </div>
      <div><Text>{capital(line(row))}</Text></div>
      {row.table === "contact_note" && value(row, "narrative") !== ""
        ? <div><Text lines>{value(row, "narrative")}</Text></div> : null}
      {p.children}
    </li>
  );
}

/** What was shared on terms that have ended: how much of it, and whom to ask. */
function Hidden(p: { rows: Row[] }) {
  const gone = p.rows.filter((r) => r.hidden !== undefined);
  if (gone.length === 0) return null;
  const owners = [...new Set(gone.map((r) => r.owner))];
  return (
    <Notice kind="warn">
      <p><strong>{words.person.hidden(gone.length)}</strong></p>
      <p>{words.person.hiddenWhy} {owners.map((o) => <Text key={o}>{o}</Text>)}</p>
    </Notice>
  );
}

function Timeline(p: { id: string; only?: string; none: string; short?: boolean }) {
  const base = `/api/people/${part(p.id)}/timeline?limit=${p.short === true ? 5 : 50}` +
    (p.only === undefined ? "" : `&table=${p.only}`);
  const [rows, setRows] = useState<Row[] | null>(null);
  const [next, setNext] = useState<string | undefined>();
  const [error, setError] = useState<unknown>(null);
  const load = (after?: string) => {
    ask<Row[]>("GET", after === undefined ? base : `${base}&after=${part(after)}`).then((a) => {
      setRows((old) => (after === undefined ? a.data : [...(old ?? []), ...a.data]));
      setNext(a.next);
    }).catch(setError);
  };
  useEffect(() => { setRows(null); load(); }, [base]);
  if (rows === null) return error === null ? <Waiting /> : <Refusal error={error} />;
  const open = rows.filter((r) => r.hidden === undefined);
  return (
    <>
      <Hidden rows={rows} />
      {open.length === 0 ? <p class="govuk-body">{p.none}</p> : (
        <ol class="fb-timeline">{open.map((r) => <Entry key={`${r.id}${r.owner}`} row={r} />)}</ol>
      )}
      {next !== undefined && p.short !== true
        ? <button class="govuk-button govuk-button--secondary" onClick={() => load(next)}>{words.more}</button> : null}
    </>
  );
}

const Fact = (p: { name: string; children: ComponentChildren }) => (
  <div class="govuk-summary-list__row">
    <dt class="govuk-summary-list__key">{p.name}</dt>
    <dd class="govuk-summary-list__value">{p.children}</dd>
  </div>
);

function Overview(p: { head: Head }) {
  const h = p.head;
  const staff = useLoad<Row[]>("/api/records/staff?limit=200");
  const officer = h.officers.filter((o) => o.ended_on === null || o.ended_on >= h.today)
    .map((o) => {
      const row = staff.data?.find((r) => r.id === o.staff_id);
      return `${row === undefined ? o.staff_id.slice(0, 8) : value(row, "name")} (${choice(o.role)})`;
    });
  return (
    <div class="fb-columns">
      <div>
        <h2 class="govuk-heading-m">{words.person.recent}</h2>
        <Timeline id={h.person} none={words.person.noEntries} short />
      </div>
      <div>
        <dl class="govuk-summary-list fb-facts-list">
          <Fact name={words.person.supervision}>{h.kind ? capital([choice(h.kind), choice(h.level), choice(h.status)].filter((x) => x !== "").join(", ")) : words.unknown}
            {h.started_on ? <><br /><span class="fb-small">{words.person.since(date(h.started_on))}{h.expected_end ? ` ${words.person.until(date(h.expected_end))}` : ""}</span></> : null}</Fact>
          <Fact name={words.person.officer}>{officer.length === 0 ? words.unknown : officer.map((o) => <div key={o}><Text>{o}</Text></div>)}</Fact>
          <Fact name={words.person.nextAppointment}>{h.next_at === undefined ? words.nothing : moment(h.next_at)}</Fact>
          <Fact name={words.person.contact}>{h.last_contact === undefined ? capital(words.home.lastNone) : capital(words.home.last(date(h.last_contact)))}
            {h.contact_due === undefined ? null : <><br />{h.overdue === true ? <Tag kind="red">{capital(words.home.due(date(h.contact_due)))}</Tag> : capital(words.home.dueOn(date(h.contact_due)))}</>}</Fact>
          <Fact name={words.person.contacts}>{h.contacts.filter((c) => c.active !== "no").map((c) => (
            <div key={c.id}><Text>{c.value}</Text> <span class="fb-small">{choice(c.kind)}
              {c.ok_to_text === "no" ? `, ${words.person.noText}` : ""}{c.ok_voicemail === "no" ? `, ${words.person.noVoice}` : ""}</span></div>
          ))}{h.contacts.length === 0 ? words.unknown : null}</Fact>
          <Fact name={words.person.numbers}>{h.numbers.map((n) => (
            <div key={n.id}><Text>{n.value}</Text> <span class="fb-small"><Text>{n.system}</Text></span></div>
          ))}{h.numbers.length === 0 ? words.unknown : null}</Fact>
        </dl>
      </div>
    </div>
  );
}

function Consents(p: { id: string }) {
  const consents = useLoad<Row[]>(`/api/people/${part(p.id)}/timeline?limit=200&table=consent`);
  const access = useLoad<Access[]>(`/api/people/${part(p.id)}/access`);
  return (
    <>
      <Refusal error={consents.refused} />
      {consents.data === null ? <Waiting /> : <Hidden rows={consents.data} />}
      {consents.data?.filter((r) => r.hidden === undefined).map((r) => (
        <div class="fb-side fb-stack" key={r.id}>
          <h2 class="govuk-heading-s">{capital(choice(value(r, "kind")))} <Tag kind={value(r, "status") === "active" ? "green" : "grey"}>{capital(choice(value(r, "status") || "draft"))}</Tag></h2>
          <p class="govuk-body"><Text>{value(r, "info_description")}</Text>{value(r, "purpose") === "" ? "" : ". "}<Text>{value(r, "purpose")}</Text></p>
          <p class="fb-small">{[
            value(r, "signed_on") === "" ? "" : words.person.consentSigned(date(value(r, "signed_on"))),
            value(r, "expires_on") === "" ? "" : words.person.consentEnds(date(value(r, "expires_on"))),
            value(r, "expires_event") === "" ? "" : words.person.consentEvent(value(r, "expires_event")),
          ].filter((x) => x !== "").join(", ")}</p>
          <p class="fb-row__do">
            {value(r, "status") === "active" ? <Link to={`/people/${p.id}/consents/${r.id}/revoke`}>{words.revoke.link}</Link> : null}
            <Link to={`/people/${p.id}/consents/${r.id}/copy`}>{words.revoke.copy}</Link>
          </p>
        </div>
      ))}
      {consents.data !== null && consents.data.length === 0 ? <p class="govuk-body">{words.person.noConsents}</p> : null}
      <h2 class="govuk-heading-m govuk-!-margin-top-6">{words.person.access}</h2>
      {access.refused === null ? null : <Refusal error={access.refused} />}
      {access.data === null ? null : (
        <Table name={words.person.access} columns={[words.person.accessWho, words.person.accessWhat,
          words.person.accessSince, words.person.accessBasis]}>
          {access.data.filter((a) => a.state === "reads").map((a) => (
            <TableRow key={`${a.who}${a.category}${a.owner}`}>
              <RowHead><Name>{a.who}</Name></RowHead>
              <Cell of={words.person.accessWhat}><Chip category={a.category} /></Cell>
              <Cell of={words.person.accessSince}>{moment((a.since ?? "").replace(" ", "T"))}</Cell>
              <Cell of={words.person.accessBasis}><Text>{a.basis ?? ""}</Text></Cell>
            </TableRow>
          ))}
        </Table>
      )}
      <Left of={(access.data ?? []).filter((a) => a.state === "left" && a.again !== true)} />
    </>
  );
}

/** Who could read something until it was taken back. */
function Left({ of }: { of: Access[] }) {
  if (of.length === 0) return null;
  return (
    <>
      <h2 class="govuk-heading-m govuk-!-margin-top-6">{words.person.left}</h2>
      <p class="govuk-body">{words.person.leftStays}</p>
      <Table name={words.person.left} columns={[words.person.accessWho, words.person.accessWhat,
        words.person.accessSince, words.person.accessBasis]}>
        {of.map((a, i) => (
          <TableRow key={`${a.who}${a.category}${a.owner}${i}`}>
            <RowHead><Name>{a.who}</Name></RowHead>
            <Cell of={words.person.accessWhat}><Chip category={a.category} /></Cell>
            <Cell of={words.person.accessSince}>{moment((a.left ?? "").replace(" ", "T"))}</Cell>
            <Cell of={words.person.accessBasis}><Text>{[a.reason, a.words].filter((x) => x).join(", ")}</Text></Cell>
          </TableRow>
        ))}
      </Table>
    </>
  );
}

function PersonDecisions(p: { id: string }) {
  const { data, refused, again } = useLoad<Conflict[]>("/api/conflicts?all=true");
  const ours = data?.filter((c) => c.person === p.id);
  return (
    <>
      <Refusal error={refused} />
      {ours === undefined ? (refused === null ? <Waiting /> : null)
        : ours.length === 0 ? <p class="govuk-body">{words.person.noDecisions}</p>
          : ours.map((c) => <Card key={c.no} of={c} again={again} />)}
    </>
  );
}

function CaseHead(p: { head: Head }) {
  const h = p.head;
  const alerts = h.alerts.filter((a) => a.lifted_on === null);
  return (
    <>
      {alerts.map((a) => (
        <div class="fb-alert" key={a.id} role="note">{words.person.alert}: {choice(a.code)}
          {a.level === null ? "" : ` (${choice(a.level)})`}
          {a.review_due === null ? "" : `, ${words.person.alertReview(date(a.review_due))}`}</div>
      ))}
      <div class="fb-case">
        <Title title={words.person.tabsLabel}>{h.name}</Title>
        <ul class="fb-facts">
          {h.numbers.slice(0, 2).map((n) => <li key={n.id}><Text>{n.system}</Text> <strong><Text>{n.value}</Text></strong></li>)}
          {h.birth_date !== null
            ? <li>{words.person.age(years(h.birth_date, h.today))}, {words.person.born(date(h.birth_date))}</li>
            : h.age_group !== null ? <li><Text>{words.person.age(0).replace("0", h.age_group)}</Text></li> : null}
          {h.level ? <li>{words.person.level(choice(h.level))}</li> : null}
          {h.status && h.status !== "active" ? <li><Tag kind="orange">{capital(choice(h.status))}</Tag></li> : null}
          {h.interpreter === "yes" ? <li><Tag kind="blue">{words.person.interpreter}</Tag></li> : null}
          {h.deceased === "reported" ? <li><Tag kind="red">{words.person.deceased}</Tag></li> : null}
        </ul>
        <div class="fb-row__do">
          <Link to={`/people/${h.person}/write/note`} class="govuk-button fb-button">{words.person.writeNote}</Link>
          <Link to={`/people/${h.person}/write/appointment`} class="govuk-button govuk-button--secondary fb-button">{words.person.book}</Link>
        </div>
      </div>
    </>
  );
}

export function Person(p: { id: string; tab: string }) {
  const { data: head, refused } = useLoad<Head>(`/api/people/${part(p.id)}`);
  const tab: Tab = TABS.find((t) => t === p.tab) ?? "overview";
  if (head === null)
    return refused === null ? <Waiting />
      : <><Title>{words.people.title}</Title>
        {refused.refusal.code === "not_found" ? <p class="govuk-body">{words.person.missing}</p> : <Refusal error={refused} />}</>;
  return (
    <>
      <CaseHead head={head} />
      <nav class="moj-sub-navigation" aria-label={words.person.tabsLabel}>
        <ul class="moj-sub-navigation__list">
          {TABS.map((t) => (
            <li class="moj-sub-navigation__item" key={t}>
              <Link to={t === "overview" ? `/people/${head.person}` : `/people/${head.person}/${t}`}
                class="moj-sub-navigation__link" current={t === tab}>{words.person.tabs[t]}</Link>
            </li>
          ))}
        </ul>
      </nav>
      {tab === "overview" ? <Overview head={head} />
        : tab === "timeline" ? <Timeline id={head.person} none={words.person.noEntries} />
          : tab === "appointments" ? <Timeline id={head.person} only="appointment" none={words.person.noAppointments} />
            : tab === "referrals" ? <Referrals id={head.person} />
            : tab === "consents" ? <Consents id={head.person} />
              : <PersonDecisions id={head.person} />}
    </>
  );
}
