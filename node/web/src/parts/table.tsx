// A table that a telephone shows as one block a row; its roles stay a table's.
import type { ComponentChildren } from "preact";

export function Table(p: {
  name: string; columns: string[]; caption?: ComponentChildren; children: ComponentChildren;
}) {
  return (
    <table class="govuk-table fb-table" role="table">
      <caption class={p.caption === undefined ? "govuk-visually-hidden"
        : "govuk-table__caption govuk-table__caption--m"}>{p.caption ?? p.name}</caption>
      <thead class="govuk-table__head" role="rowgroup">
        <tr class="govuk-table__row" role="row">
          {p.columns.map((c) => (
            <th key={c} scope="col" role="columnheader" class="govuk-table__header">{c}</th>
          ))}
        </tr>
      </thead>
      <tbody class="govuk-table__body" role="rowgroup">{p.children}</tbody>
    </table>
  );
}

export const TableRow = (p: { children: ComponentChildren }) => (
  <tr class="govuk-table__row" role="row">{p.children}</tr>
);
export const RowHead = (p: { children: ComponentChildren }) => (
  <th scope="row" role="rowheader" class="govuk-table__header">{p.children}</th>
);
export const Cell = (p: { of: string; children?: ComponentChildren }) => (
  <td role="cell" class="govuk-table__cell" data-label={p.of}>{p.children}</td>
);
