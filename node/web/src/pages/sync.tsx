// How far each other computer is: from receipts, not from hope.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { lookAtSync, sync, useCell } from "../state";
import { sentence } from "../parts/strip";
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
            <div class="fb-scroll" tabIndex={0} role="region" aria-label={words.sync.peers}>
              <table class="govuk-table">
                <caption class="govuk-visually-hidden">{words.sync.peers}</caption>
                <thead class="govuk-table__head"><tr class="govuk-table__row">
                  {[words.sync.name, words.sync.state, words.sync.last, words.sync.queue, words.sync.receipt]
                    .map((t) => <th key={t} scope="col" class="govuk-table__header">{t}</th>)}
                </tr></thead>
                <tbody class="govuk-table__body">
                  {s.peers.map((p) => (
                    <tr class="govuk-table__row" key={p.node}>
                      <th scope="row" class="govuk-table__header"><Name>{p.name}</Name>
                        <br /><span class="fb-small"><Text>{p.address === "" ? words.sync.calls : p.address}</Text></span></th>
                      <td class="govuk-table__cell">{p.last_error === ""
                        ? <Tag kind="green">{words.sync.ok}</Tag>
                        : <><Tag kind="red">{words.sync.failed}</Tag><br /><span class="fb-small"><Text>{p.last_error}</Text></span></>}</td>
                      <td class="govuk-table__cell">{p.last_ok_ms === 0 ? words.sync.never : stamp(p.last_ok_ms)}</td>
                      <td class="govuk-table__cell">{p.pending}</td>
                      <td class="govuk-table__cell">{p.receipt ? words.sync.receiptYes : words.sync.receiptNo}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          <p class="fb-small">{words.sync.stick}</p>
        </>
      )}
    </>
  );
}
