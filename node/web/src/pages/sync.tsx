// How far each other computer is: from receipts, not from hope.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { lookAtSync, sync, useCell } from "../state";
import { sentence } from "../parts/strip";
import { Cell, RowHead, Table, TableRow } from "../parts/table";
import { Name, Tag, Text, Title, Waiting } from "../parts/small";
import { ago, stamp, words } from "../words";

const Fact = (p: { name: string; children: ComponentChildren }) => (
  <div class="govuk-summary-list__row">
    <dt class="govuk-summary-list__key">{p.name}</dt>
    <dd class="govuk-summary-list__value">{p.children}</dd>
  </div>
);

export function SyncPage() {
  const s = useCell(sync);
  useEffect(() => { void lookAtSync(); }, []);
  return (
    <>
      <Title>{words.sync.title}</Title>
      {s === null ? <Waiting /> : (
        <>
          <p class="govuk-body-l">{sentence(s)}</p>
          <h2 class="govuk-heading-m">{words.sync.here}</h2>
          <dl class="govuk-summary-list">
            <Fact name={words.sync.waiting}>{s.waiting}</Fact>
            {s.waiting > 0 && s.waiting_since_ms > 0 ? <Fact name={words.sync.oldest}>{ago(s.waiting_since_ms)}</Fact> : null}
            <Fact name={words.sync.decisions}>{s.decisions}</Fact>
            <Fact name={words.sync.held}>{s.held}</Fact>
            <Fact name={words.sync.drafts}>{s.drafts}</Fact>
          </dl>
          <h2 class="govuk-heading-m">{words.sync.peers}</h2>
          {s.peers.length === 0 ? <p class="govuk-body">{words.sync.none}</p> : (
            <Table name={words.sync.peers} columns={[words.sync.name, words.sync.state, words.sync.last,
              words.sync.queue, words.sync.receipt]}>
              {s.peers.map((p) => (
                <TableRow key={p.node}>
                  <RowHead><Name>{p.name}</Name>
                    <span class="fb-small"><Text>{p.address === "" ? words.sync.calls : p.address}</Text></span></RowHead>
                  <Cell of={words.sync.state}>{p.last_error === ""
                    ? <Tag kind={p.last_ok_ms === 0 ? "grey" : "green"}>{p.last_ok_ms === 0 ? words.sync.never : words.sync.ok}</Tag>
                    : <><Tag kind="red">{words.sync.failed}</Tag> <span class="fb-small"><Text>{p.last_error}</Text></span></>}</Cell>
                  <Cell of={words.sync.last}>{p.last_ok_ms === 0 ? words.sync.never : stamp(p.last_ok_ms)}</Cell>
                  <Cell of={words.sync.queue}>{p.pending}</Cell>
                  <Cell of={words.sync.receipt}>{p.receipt ? words.sync.receiptYes : words.sync.receiptNo}</Cell>
                </TableRow>
              ))}
            </Table>
          )}
          <p class="fb-small">{words.sync.stick}</p>
        </>
      )}
    </>
  );
}
