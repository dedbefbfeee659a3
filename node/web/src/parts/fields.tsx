// Form fields with their label and hint; the value is the form's own.
import type { ComponentChildren } from "preact";
import { capital, choice } from "../words";

interface Base { id: string; label: string; hint?: string; value: string; error?: string; set: (v: string) => void }

function Group(p: { of: Base; children: ComponentChildren }) {
  const { id, label, hint, error } = p.of;
  return (
    <div class={`govuk-form-group${error === undefined ? "" : " govuk-form-group--error"}`}>
      <label class="govuk-label" for={id}>{label}</label>
      {hint === undefined ? null : <div id={`${id}-hint`} class="govuk-hint">{hint}</div>}
      {error === undefined ? null : <p id={`${id}-error`} class="govuk-error-message">{error}</p>}
      {p.children}
    </div>
  );
}
const described = (p: Base) =>
  [p.hint === undefined ? "" : `${p.id}-hint`, p.error === undefined ? "" : `${p.id}-error`]
    .filter((x) => x !== "").join(" ") || undefined;

export const Input = (p: Base & {
  type?: string; width?: string; complete?: string; numeric?: boolean; focus?: boolean;
}) => (
  <Group of={p}>
    <input id={p.id} class={`govuk-input${p.width === undefined ? "" : ` govuk-input--width-${p.width}`}`}
      type={p.type ?? "text"} value={p.value} autocomplete={p.complete ?? "off"}
      inputMode={p.numeric === true ? "numeric" : undefined} autofocus={p.focus}
      spellcheck={false} aria-describedby={described(p)} dir={p.type === undefined ? "auto" : undefined}
      onInput={(e) => p.set(e.currentTarget.value)} />
  </Group>
);

export const Area = (p: Base & { rows?: number }) => (
  <Group of={p}>
    <textarea id={p.id} class="govuk-textarea" rows={p.rows ?? 6} value={p.value} dir="auto" autocomplete="off"
      aria-describedby={described(p)} onInput={(e) => p.set(e.currentTarget.value)} />
  </Group>
);

export const Choose = (p: Base & { of: string[]; none?: string }) => (
  <Group of={p}>
    <select id={p.id} class="govuk-select" value={p.value} aria-describedby={described(p)}
      onChange={(e) => p.set(e.currentTarget.value)}>
      {p.none === undefined ? null : <option value="">{p.none}</option>}
      {p.of.map((v) => <option key={v} value={v}>{capital(choice(v))}</option>)}
    </select>
  </Group>
);

export const Check = (p: { id: string; label: string; value: boolean; disabled?: boolean; set: (v: boolean) => void }) => (
  <div class="govuk-form-group">
    <div class="govuk-checkboxes govuk-checkboxes--small">
      <div class="govuk-checkboxes__item">
        <input id={p.id} class="govuk-checkboxes__input" type="checkbox" checked={p.value} disabled={p.disabled}
          onChange={(e) => p.set(e.currentTarget.checked)} />
        <label class="govuk-label govuk-checkboxes__label" for={p.id}>{p.label}</label>
      </div>
    </div>
  </div>
);
