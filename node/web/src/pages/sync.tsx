// How far each other computer is: from receipts, not from hope. And the ways round a
// missing network: a contact now, or a sealed file on a stick.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { post, type BundleIn, type BundleOut, type Peer } from "../api";
import { lookAtSync, sync, syncing, useCell } from "../state";
import { give, take } from "../parts/file";
import { outcome, sentence, SyncNow } from "../parts/strip";
import { Cell, RowHead, Table, TableRow } from "../parts/table";
import { Name, Notice, Refusal, say, Tag, Text, Title, Waiting } from "../parts/small";
import { ago, bytes, stamp, words } from "../words";

const Fact = (p: { name: string; children: ComponentChildren }) => (
  <div class="govuk-summary-list__row">
    <dt class="govuk-summary-list__key">{p.name}</dt>
    <dd class="govuk-summary-list__value">{p.children}</dd>
  </div>
);

function State(p: { of: Peer }) {
  const x = p.of;
  if (x.calling === true)
    return <><Tag kind="blue">{words.sync.calling}</Tag> <span class="fb-small">{bytes(x.moved_bytes ?? 0)}</span></>;
  return x.last_error === ""
    ? <Tag kind={x.last_ok_ms === 0 ? "grey" : "green"}>{x.last_ok_ms === 0 ? words.sync.never : words.sync.ok}</Tag>
    : <><Tag kind="red">{words.sync.failed}</Tag> <span class="fb-small"><Text>{x.last_error}</Text></span></>;
}

const last = (x: Peer) => [
  x.last_ok_ms === 0 ? words.sync.never : stamp(x.last_ok_ms),
  (x.moved_bytes ?? 0) > 0 ? bytes(x.moved_bytes ?? 0) : "",
].filter((t) => t !== "").join(", ");

const next = (x: Peer) => x.address === "" ? words.sync.theyCall
  : (x.next_ms ?? 0) === 0 ? words.sync.whenAsked
    : (x.next_ms ?? 0) <= Date.now() + 1000 ? words.sync.atOnce : stamp(x.next_ms ?? 0);

const Peers = (p: { of: Peer[] }) => (
  <Table name={words.sync.peers} columns={[words.sync.name, words.sync.state, words.sync.last,
    words.sync.queue, words.sync.receipt, words.sync.next]}>
    {p.of.map((x) => (
      <TableRow key={x.node}>
        <RowHead><Name>{x.name}</Name>
          <span class="fb-small"><Text>{x.address === "" ? words.sync.calls : x.address}</Text></span></RowHead>
        <Cell of={words.sync.state}><State of={x} /></Cell>
        <Cell of={words.sync.last}>{last(x)}</Cell>
        <Cell of={words.sync.queue}>{x.pending}</Cell>
        <Cell of={words.sync.receipt}>{x.receipt ? words.sync.receiptYes : words.sync.receiptNo}</Cell>
        <Cell of={words.sync.next}>{next(x)}</Cell>
      </TableRow>
    ))}
  </Table>
);

/** A name for a file that says for whom, and nothing about anybody. */
const fileName = (node: string, part: number, of: number, end: string) =>
  `footbridge-${node.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 40)}${of > 1 ? `-${part}` : ""}.${end}`;

function Export(p: { of: Peer[] }) {
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState<BundleOut | null>(null);
  const write = (x: Peer) => {
    setDone(null);
    post<BundleOut>("/api/bundles", { for: x.node }).then((b) => {
      b.parts.forEach((part, i) => give(fileName(b.for, i + 1, b.parts.length, "bundle"), part));
      setError(null);
      setDone(b);
      say(words.stick.written(b.for, b.entries));
      void lookAtSync();
    }).catch(setError);
  };
  return (
    <>
      <h3 class="govuk-heading-s">{words.stick.out}</h3>
      <Refusal error={error} />
      {done === null ? null : <Notice kind="good">{words.stick.written(done.for, done.entries)} {words.stick.writtenNext}</Notice>}
      <div class="fb-row__do">
        {p.of.map((x) => (
          <button key={x.node} type="button" class="govuk-button govuk-button--secondary fb-button"
            onClick={() => write(x)}><Text>{words.stick.write(x.name)}</Text></button>
        ))}
      </div>
    </>
  );
}

const came = (b: BundleIn): string => b.kind === "receipt" ? words.stick.receiptTaken(b.from)
  : words.stick.taken(b.from, b.received,
    Object.entries(b.outcome).filter(([, n]) => n > 0)
      .map(([k, n]) => words.stick.outcome(words.stick.outcomes[k] ?? k, n)).join(", "));

function Import() {
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState<BundleIn[]>([]);
  const read = async (files: File[]) => {
    const list: BundleIn[] = [];
    setError(null);
    try {
      for (const file of files) {
        list.push(await post<BundleIn>("/api/bundles/import", { bytes: await take(file) }));
        setDone([...list]);
      }
      say(list.map(came).join(" "));
    } catch (e) { setError(e); }
    void lookAtSync();
  };
  const receipts = done.filter((b) => b.receipt.length > 0);
  return (
    <>
      <h3 class="govuk-heading-s govuk-!-margin-top-4">{words.stick.in}</h3>
      <Refusal error={error} />
      {done.map((b, i) => <Notice key={i} kind="good"><Text>{came(b)}</Text></Notice>)}
      {receipts.length === 0 ? null : (
        <p class="govuk-body">{words.stick.receiptWhy(receipts[0]?.from ?? "")}{" "}
          <button type="button" class="govuk-button fb-button" onClick={() => {
            const b = receipts[receipts.length - 1];
            if (b !== undefined) give(fileName(b.from, 1, 1, "receipt"), b.receipt[0] ?? "");
          }}>{words.stick.receiptSave}</button></p>
      )}
      <div class="govuk-form-group">
        <label class="govuk-label" for="bundle">{words.stick.choose}</label>
        <div id="bundle-hint" class="govuk-hint">{words.stick.chooseHint}</div>
        <input id="bundle" class="govuk-file-upload" type="file" multiple aria-describedby="bundle-hint"
          onChange={(e) => {
            const files = [...(e.currentTarget.files ?? [])];
            e.currentTarget.value = "";
            void read(files);
          }} />
      </div>
    </>
  );
}

export function SyncPage() {
  const s = useCell(sync);
  const now = useCell(syncing);
  // whoever looks here waits for something
  useEffect(() => {
    void lookAtSync();
    const timer = setInterval(() => void lookAtSync(), 3000);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <Title>{words.sync.title}</Title>
      {s === null ? <Waiting /> : (
        <>
          <p class="govuk-body-l">{sentence(s)}</p>
          <Refusal error={now.error} />
          {now.begun_ms > 0 && !now.going && now.error === null
            ? <Notice kind={s.peers.some((x) => x.last_error !== "") ? "warn" : "good"}><Text>{outcome(s, now.begun_ms)}</Text></Notice> : null}
          <div class="fb-row__do govuk-!-margin-bottom-4"><SyncNow /></div>
          <h2 class="govuk-heading-m">{words.sync.peers}</h2>
          {s.peers.length === 0 ? <p class="govuk-body">{words.sync.none}</p> : <Peers of={s.peers} />}
          <h2 class="govuk-heading-m">{words.sync.here}</h2>
          <dl class="govuk-summary-list">
            <Fact name={words.sync.waiting}>{s.waiting}</Fact>
            {s.waiting > 0 && s.waiting_since_ms > 0 ? <Fact name={words.sync.oldest}>{ago(s.waiting_since_ms)}</Fact> : null}
            <Fact name={words.sync.decisions}>{s.decisions}</Fact>
            <Fact name={words.sync.held}>{s.held}</Fact>
            <Fact name={words.sync.drafts}>{s.drafts}</Fact>
          </dl>
          <h2 class="govuk-heading-m">{words.stick.title}</h2>
          <p class="govuk-body">{words.stick.why}</p>
          {s.peers.length === 0 ? null : <Export of={s.peers} />}
          <Import />
        </>
      )}
    </>
  );
}
