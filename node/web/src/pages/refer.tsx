// Refer somebody to a service: find it, say why, ask what may be told, have the consent
// signed on the screen, send. All of it is a draft in the local node until it is sent.
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { get, part, post, Refused, type Head, type May, type Row } from "../api";
import { useDraft, type Draft } from "../drafts";
import { useLoad } from "../load";
import { go, Link } from "../router";
import { mine } from "../state";
import { capital, choice, date, plusYear, words } from "../words";
import { Area, Check, Choose, Input } from "../parts/fields";
import { mayPath, MayPanel, signable } from "../parts/may";
import { isDrawn, Signature, toHex, Drawn } from "../parts/signature";
import { Name, Notice, Refusal, say, Tag, Text, Title, Waiting } from "../parts/small";

const STEPS = ["find", "reason", "consent", "check"] as const;
type Step = (typeof STEPS)[number];

interface Referring {
  program: string; agency: string; reason: string; risk_summary: string; urgency: string;
  unavailable: string; condition: string; scope: string[] | null; expires_on: string; event: string;
  is_condition: boolean; signed_by: string; signature: string; consent: string; without: boolean;
}
const EMPTY: Referring = {
  program: "", agency: "", reason: "", risk_summary: "", urgency: "routine", unavailable: "",
  condition: "", scope: null, expires_on: "", event: words.refer.finalDisposition, is_condition: false,
  signed_by: "", signature: "", consent: "", without: false,
};

/** What a provider of each kind may be allowed to tell, and what most people allow. */
interface Scope { category: string; usual: boolean }
const SCOPES: Record<string, Scope[]> = {
  treatment: [
    { category: "TX2.referral", usual: true }, { category: "TX2.attendance", usual: true },
    { category: "TX2.progress", usual: false }, { category: "TX2.drug_test", usual: false },
    { category: "TX2.discharge", usual: false }],
  mental_health: [
    { category: "MHT.referral", usual: true }, { category: "MHT.attendance", usual: true },
    { category: "MHT.progress", usual: false }, { category: "MHT.discharge", usual: false }],
  social: [{ category: "SOC.needs", usual: true }, { category: "SOC.delivery", usual: true }],
};

const text = (row: Row | undefined, name: string): string => {
  const v = row?.fields?.[name];
  return typeof v === "string" ? v : typeof v === "number" ? String(v) : "";
};

interface Known {
  head: Head; programs: Row[]; agencies: Row[]; capacity: Row[]; conditions: Row[];
}
const agencyOf = (k: Known, d: Referring) => k.agencies.find((a) => a.id === d.agency);
const programOf = (k: Known, d: Referring) => k.programs.find((a) => a.id === d.program);
const kindOf = (k: Known, d: Referring) => text(agencyOf(k, d), "kind");

/** Which services meet which condition of supervision. */
const MEETS: Record<string, string[]> = {
  treatment: ["substance_use", "mental_health"], cognitive_education: ["cognitive", "education"],
  employment: ["employment"], residence: ["housing"],
};

// ---- 1. find

interface Match {
  program: Row; agency: Row; capacity: Row | undefined; condition: Row | undefined; why: string[]; order: number;
}

/** Ranked by reasons that are shown, never by a number that is not. */
function matches(k: Known): Match[] {
  const list: Match[] = [];
  for (const program of k.programs) {
    const agency = k.agencies.find((a) => a.id === program.owner || text(a, "name") === program.owner);
    if (agency === undefined || text(program, "active") === "closed") continue;
    const condition = k.conditions.find((c) => (MEETS[text(c, "kind")] ?? []).includes(text(program, "service_type")));
    const capacity = k.capacity.find((c) => text(c, "program_id") === program.id);
    const language = k.head.language ?? "";
    const speaks = language !== "" && text(program, "languages").toLowerCase().includes(language.toLowerCase());
    const free = Number(text(capacity, "slots_free") || "0");
    const why = [
      condition === undefined ? "" : words.refer.whyCondition,
      speaks ? words.refer.whyLanguage(language) : "",
      free > 0 ? words.refer.whyFree : "",
    ].filter((x) => x !== "");
    const order = (condition === undefined ? 0 : 4) + (speaks ? 2 : 0) + (free > 0 ? 1 : 0);
    list.push({ program, agency, capacity, condition, why, order });
  }
  return list.sort((a, b) => b.order - a.order || (text(a.program, "name") < text(b.program, "name") ? -1 : 1));
}

const SHOWN = 3;

function Place(p: { of: Match; choose: () => void; first: boolean }) {
  const m = p.of, c = m.capacity;
  const facts: [string, string][] = [
    [words.refer.free, c === undefined ? words.refer.freeUnknown
      : words.refer.freeSlots(text(c, "slots_free") || "0", date(text(c, "next_on")), date(text(c, "as_of")))],
    [words.refer.where, text(m.program, "address") || text(m.agency, "address") || words.unknown],
    [words.refer.languages, text(m.program, "languages") || words.unknown],
    [words.refer.fee, text(m.program, "fee") || words.unknown],
    [words.refer.why, m.why.join(", ") || words.refer.whyNone],
  ];
  return (
    <li class="fb-side">
      <h2 class="govuk-heading-m"><Text>{text(m.program, "name")}</Text></h2>
      <p class="fb-small"><Text>{`${text(m.agency, "name")}, ${capital(choice(text(m.program, "service_type")))}`}</Text></p>
      <dl class="govuk-summary-list govuk-summary-list--no-border fb-facts-list">
        {facts.map(([k, v]) => (
          <div class="govuk-summary-list__row" key={k}>
            <dt class="govuk-summary-list__key">{k}</dt><dd class="govuk-summary-list__value"><Text>{v}</Text></dd>
          </div>
        ))}
      </dl>
      <button class={`govuk-button fb-button${p.first ? "" : " govuk-button--secondary"}`}
        aria-label={words.refer.chooseThis(text(m.program, "name"))} onClick={p.choose}>{words.refer.choose}</button>
    </li>
  );
}

function Find(p: { known: Known; draft: Draft<Referring> }) {
  const all = matches(p.known);
  const [shown, setShown] = useState(SHOWN);
  if (all.length === 0) return <p class="govuk-body">{words.refer.noPrograms}</p>;
  return (
    <>
      <p class="govuk-body">{words.refer.findWhy}</p>
      <ul class="fb-places">
        {all.slice(0, shown).map((m, i) => (
          <Place key={m.program.id} of={m} first={i === 0} choose={() => {
            p.draft.set({
              program: m.program.id, agency: m.agency.id, condition: m.condition?.id ?? "",
              is_condition: m.condition !== undefined && m.condition.fields?.mandated === true,
              scope: null, consent: "",
            });
            go(`/people/${p.known.head.person}/refer/reason`);
          }} />
        ))}
      </ul>
      {all.length > shown ? <button class="govuk-button govuk-button--secondary" onClick={() => setShown(all.length)}>{words.more}</button> : null}
    </>
  );
}

// ---- 2. why

const To = (p: { known: Known; of: Referring }) => (
  <p class="govuk-body-l"><Text>{words.refer.forTo(text(programOf(p.known, p.of), "name"), text(agencyOf(p.known, p.of), "name"))}</Text></p>
);

function Next(p: { to: () => void; back: string; button?: string; children?: ComponentChildren }) {
  return (
    <form noValidate onSubmit={(e) => { e.preventDefault(); p.to(); }} onKeyDown={(e) => {
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) e.currentTarget.requestSubmit();
    }}>
      {p.children}
      <div class="govuk-button-group">
        <button class="govuk-button" type="submit">{p.button ?? words.refer.next}</button>
        <Link to={p.back}>{words.back}</Link>
      </div>
    </form>
  );
}

function Why(p: { known: Known; draft: Draft<Referring>; base: string }) {
  const d = p.draft, v = d.value;
  return (
    <>
      <To known={p.known} of={v} />
      <MayPanel title={words.refer.mayThis(text(agencyOf(p.known, v), "name"))}
        of={{ person: p.known.head.person, category: "SUP.referral", to: v.agency, purpose: "treatment", will: true }} />
      <Next back={p.base} to={() => go(`${p.base}/consent`)}>
        <Area id="reason" label={words.refer.reason} hint={words.refer.reasonHint} rows={3} value={v.reason}
          set={(x) => d.set({ reason: x })} />
        <Area id="risk" label={words.refer.risk} hint={words.refer.riskHint} rows={3} value={v.risk_summary}
          set={(x) => d.set({ risk_summary: x })} />
        <Input id="unavailable" label={words.refer.cannot} value={v.unavailable} set={(x) => d.set({ unavailable: x })} />
        <Choose id="urgency" label={words.refer.urgency} value={v.urgency} set={(x) => d.set({ urgency: x })}
          of={["routine", "urgent"]} />
      </Next>
    </>
  );
}

// ---- 3. what may be told back

/** "A may tell B whether ..., and whether ...": the form as one sentence. */
export function sentence(from: string, to: string, scope: string[], until: string, event: string): string {
  const what = scope.map((c) => words.refer.scopes[c] ?? c);
  return words.refer.sentence(from, to, words.refer.list(what), date(until), event);
}

const scopeOf = (k: Known, d: Referring): string[] =>
  d.scope ?? (SCOPES[kindOf(k, d)] ?? []).filter((s) => s.usual).map((s) => s.category);

const untilOf = (k: Known, d: Referring): string =>
  d.expires_on || (k.head.expected_end && k.head.expected_end > k.head.today ? k.head.expected_end : plusYear(k.head.today));

const formOf = (kind: string) => kind === "treatment" ? "part2_justice" : kind === "mental_health" ? "hipaa" : "social";

/** What the rules say of each item of the scope: what no signature changes is greyed. */
function useAnswers(person: string, categories: string[], from: string, to: string): Record<string, May> {
  const [all, setAll] = useState<Record<string, May>>({});
  useEffect(() => {
    let gone = false;
    void Promise.all(categories.map((category) =>
      get<May>(mayPath({ person, category, from, to, purpose: "supervision", will: true }))
        .then((m) => [category, m] as const).catch(() => null)))
      .then((list) => { if (!gone) setAll(Object.fromEntries(list.filter((x) => x !== null))); });
    return () => { gone = true; };
  }, [person, categories.join(), from, to]);
  return all;
}

function Consent(p: { known: Known; draft: Draft<Referring>; base: string }) {
  const d = p.draft, v = d.value, k = p.known;
  const from = text(agencyOf(k, v), "name"), to = mine()?.agency ?? "";
  const scopes = SCOPES[kindOf(k, v)] ?? [];
  const answers = useAnswers(k.head.person, scopes.map((s) => s.category), v.agency, to);
  const chosen = scopeOf(k, v);
  const [lacks, setLacks] = useState("");
  const goOn = () => {
    const justice = kindOf(k, v) === "treatment";
    const what = chosen.length === 0 ? words.refer.scopeMust
      : justice && v.event.trim() === "" ? words.refer.eventMust
        : justice && !v.is_condition ? words.refer.conditionMust : "";
    setLacks(what);
    if (what !== "") { say(what); return; }
    d.set({ scope: chosen, expires_on: untilOf(k, v), without: false });
    go(`${p.base}/check`);
  };
  if (scopes.length === 0)
    return (
      <>
        <To known={k} of={v} />
        <p class="govuk-body">{words.refer.noConsentNeeded}</p>
        <Next back={`${p.base}/reason`} to={() => { d.set({ without: true }); go(`${p.base}/check`); }} />
      </>
    );
  return (
    <>
      <To known={k} of={v} />
      <p class="govuk-body">{words.refer.consentWhy(from, to)}</p>
      <Next back={`${p.base}/reason`} to={goOn}>
        {lacks === "" ? null : <Notice kind="stop" live><Text>{lacks}</Text></Notice>}
        <fieldset class="govuk-fieldset govuk-!-margin-bottom-4">
          <legend class="govuk-fieldset__legend govuk-fieldset__legend--s">{words.refer.mayTellBack(from)}</legend>
          {scopes.map((s) => {
            const m = answers[s.category];
            const closed = m !== undefined && !m.permit && !signable(m);
            return (
              <div key={s.category}>
                <Check id={`scope-${s.category.replace(".", "-")}`} label={capital(words.refer.scopes[s.category] ?? s.category)}
                  value={chosen.includes(s.category) && !closed} disabled={closed}
                  set={(on) => d.set({ consent: "", scope: on ? [...chosen, s.category] : chosen.filter((c) => c !== s.category) })} />
                {closed ? <p class="fb-small fb-under"><Text>{m.why.split("\n")[0] ?? ""}</Text></p>
                  : m?.permit === true ? <p class="fb-small fb-under">{words.refer.already}</p> : null}
              </div>
            );
          })}
        </fieldset>
        <Input id="until" label={words.refer.until} type="date" width="10" value={untilOf(k, v)} set={(x) => d.set({ consent: "", expires_on: x })} />
        {kindOf(k, v) === "treatment" ? (
          <>
            <Input id="event" label={words.refer.event} hint={words.refer.eventHint} value={v.event} set={(x) => d.set({ consent: "", event: x })} />
            <Check id="condition" label={words.refer.isCondition} value={v.is_condition} set={(x) => d.set({ consent: "", is_condition: x })} />
          </>
        ) : null}
        <div class="govuk-inset-text" aria-live="polite" id="sentence"><Text>{sentence(from, to,
          chosen.filter((c) => { const m = answers[c]; return m === undefined || m.permit || signable(m); }),
          untilOf(k, v), kindOf(k, v) === "treatment" ? v.event : "")}</Text></div>
      </Next>
      <p><button class="fb-plain" type="button" onClick={() => { d.set({ without: true }); go(`${p.base}/check`); }}>{words.refer.without}</button></p>
    </>
  );
}

// ---- 4. check, sign, send

function consentBody(k: Known, v: Referring): object {
  const kind = formOf(kindOf(k, v)), to = mine()?.agency ?? "";
  const scope = scopeOf(k, v);
  const justice = kind === "part2_justice";
  return {
    fields: {
      kind, discloser_id: v.agency,
      info_description: words.refer.list(scope.map((c) => words.refer.scopes[c] ?? c)),
      purpose: words.refer.purpose, purposes: "supervision", language: words.language,
      effective_on: k.head.today, expires_on: untilOf(k, v), signed_on: k.head.today,
      signed_by: v.signed_by || k.head.name, signer_capacity: "self",
      ...(isDrawn(v.signature) ? { signature: toHex(v.signature) } : {}),
      right_to_revoke_statement: true, refusal_consequence_statement: true,
      ...(justice ? {
        condition_of_release: v.is_condition, duration_reason: words.refer.duration,
        revocable_rule: "after_event", revocable_event: v.event,
      } : { revocable_rule: "any_time", tpo_redisclosure_statement: true }),
    },
    categories: scope,
    recipients: [{ agency: to }],
  };
}

async function send(k: Known, d: Draft<Referring>, password: string, code: string): Promise<void> {
  const v = d.value, person = k.head.person;
  let consent = v.consent;
  if (!v.without && consent === "") {
    const made = await post<{ ids: string[] }>(`/api/people/${part(person)}/consents`, consentBody(k, v));
    consent = made.ids[0] ?? "";
    // what is drafted already is not drafted again when the password was wrong
    d.set({ consent });
  }
  if (!v.without)
    await post(`/api/consents/${part(consent)}/sign`, code === "" ? { confirm_password: password }
      : { confirm_password: password, confirm_code: code }).catch((e: unknown) => {
      // signed before, and the answer to that was lost
      if (!(e instanceof Refused && e.refusal.code === "exists")) throw e;
    });
  await post(`/api/people/${part(person)}/referrals`, { fields: {
    agency_id: v.agency, program_id: v.program, reason: v.reason, urgency: v.urgency, sent_on: k.head.today,
    ...(v.risk_summary === "" ? {} : { risk_summary: v.risk_summary }),
    ...(v.unavailable === "" ? {} : { unavailable: v.unavailable }),
    ...(v.condition === "" ? {} : { condition_id: v.condition }),
    ...(k.head.interpreter === "yes" ? { interpreter: "yes" } : {}),
    ...(v.without ? {} : { consent_id: consent }),
  } });
}

const Said = (p: { name: string; value: string; to: string }) => (
  <div class="govuk-summary-list__row">
    <dt class="govuk-summary-list__key">{p.name}</dt>
    <dd class="govuk-summary-list__value"><Text lines>{p.value === "" ? words.nothing : p.value}</Text></dd>
    <dd class="govuk-summary-list__actions"><Link to={p.to} label={`${words.refer.change}: ${p.name}`}>{words.refer.change}</Link></dd>
  </div>
);

function CheckAnswers(p: { known: Known; draft: Draft<Referring>; base: string }) {
  const k = p.known, d = p.draft, v = d.value;
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const from = text(agencyOf(k, v), "name"), to = mine()?.agency ?? "";
  const signer = v.signed_by === "" ? k.head.name : v.signed_by;
  return (
    <>
      <Refusal error={error} />
      <dl class="govuk-summary-list">
        <Said name={words.refer.program} value={`${text(programOf(k, v), "name")}, ${from}`} to={p.base} />
        <Said name={words.refer.reason} value={v.reason} to={`${p.base}/reason`} />
        <Said name={words.refer.risk} value={v.risk_summary} to={`${p.base}/reason`} />
        <Said name={words.refer.consent} to={`${p.base}/consent`}
          value={v.without ? words.refer.withoutSaid(from) : sentence(from, to, scopeOf(k, v), untilOf(k, v), kindOf(k, v) === "treatment" ? v.event : "")} />
      </dl>
      <form noValidate onSubmit={(e) => {
        e.preventDefault();
        if (busy) return;
        setBusy(true);
        send(k, d, password, code).then(async () => {
          await d.drop();
          say(words.refer.sentSaid);
          go(`/people/${k.head.person}/referrals`);
        }).catch(setError).finally(() => { setBusy(false); setPassword(""); setCode(""); });
      }}>
        {v.without ? null : (
          <>
            <h2 class="govuk-heading-m">{words.sign.title}</h2>
            <div class="govuk-inset-text"><p>{words.sign.readAloud}</p>
              <p><Text>{words.sign.rights(kindOf(k, v) === "treatment" ? v.event : "")}</Text></p></div>
            {v.consent === "" ? (
              <>
                <Input id="signed_by" label={words.sign.name} hint={words.sign.nameHint} value={signer} set={(x) => d.set({ signed_by: x })} />
                <Signature path={v.signature} set={(x) => d.set({ signature: x })} />
              </>
            ) : <><p><Text>{words.sign.by(signer)}</Text></p><Drawn path={v.signature} /></>}
            <Input id="password" label={words.sign.password} hint={words.sign.passwordHint} type="password" width="20"
              complete="current-password" value={password} set={setPassword} />
            <Input id="code" label={words.sign.code} hint={words.sign.codeHint} width="10" numeric value={code} set={setCode} />
          </>
        )}
        <div class="govuk-button-group">
          <button class="govuk-button" type="submit" aria-disabled={busy}>{v.without ? words.refer.send : words.refer.signAndSend}</button>
          <Link to={`${p.base}/consent`}>{words.back}</Link>
        </div>
      </form>
    </>
  );
}

// ---- all of it

function useKnown(person: string) {
  const head = useLoad<Head>(`/api/people/${part(person)}`);
  const programs = useLoad<Row[]>("/api/records/program?limit=200");
  const agencies = useLoad<Row[]>("/api/records/agency?limit=200");
  const capacity = useLoad<Row[]>("/api/records/program_capacity?limit=200");
  const conditions = useLoad<Row[]>(`/api/records/condition?limit=50&fields.person=${part(person)}`);
  const refused = head.refused ?? programs.refused ?? agencies.refused ?? capacity.refused ?? conditions.refused;
  const known = head.data === null || programs.data === null || agencies.data === null ||
    capacity.data === null || conditions.data === null ? null : {
    head: head.data, programs: programs.data, agencies: agencies.data, capacity: capacity.data,
    conditions: conditions.data,
  };
  return { known, refused };
}

export function Refer(p: { id: string; step: string }) {
  const { known, refused } = useKnown(p.id);
  const draft = useDraft<Referring>(`refer ${p.id}`, p.id, EMPTY);
  const step: Step = STEPS.find((s) => s === p.step) ?? "find";
  const base = `/people/${p.id}/refer`;
  useEffect(() => {
    if (draft.ready && draft.value.program === "" && step !== "find") go(base, true);
  }, [draft.ready, step]);
  const at = STEPS.indexOf(step);
  return (
    <>
      <p class="fb-small">{words.refer.step(at + 1, STEPS.length)}</p>
      <Title title={words.refer.title}>{words.refer.stepTitles[step]}</Title>
      <Refusal error={refused} />
      {known === null || !draft.ready ? (refused === null ? <Waiting /> : null) : (
        <>
          <p class="govuk-body"><Link to={`/people/${known.head.person}`}><Name>{known.head.name}</Name></Link>
            {known.head.interpreter === "yes" ? <> <Tag kind="blue">{words.person.interpreter}</Tag></> : null}</p>
          {draft.restored ? <Notice>{words.draft.restored}{" "}
            <button class="fb-plain" onClick={() => void draft.drop().then(() => go(base))}>{words.draft.drop}</button></Notice> : null}
          {step === "find" ? <Find known={known} draft={draft} />
            : step === "reason" ? <Why known={known} draft={draft} base={base} />
              : step === "consent" ? <Consent known={known} draft={draft} base={base} />
                : <CheckAnswers known={known} draft={draft} base={base} />}
        </>
      )}
    </>
  );
}
