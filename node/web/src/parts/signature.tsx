// A signature on the screen, as the line that was drawn. Whoever cannot draw types the
// name beside it: that is a signature, too.
import { useRef } from "preact/hooks";
import { words } from "../words";

const WIDTH = 600, HEIGHT = 160;
/** so that a form stays small; a signature has a tenth of it */
const MOST = 12_000;

/** Only what we drew ourselves is ever shown: a record may say anything. */
export const isDrawn = (path: string): boolean => /^(M\d{1,4} \d{1,4}(L\d{1,4} \d{1,4})*)+$/.test(path);

export const toHex = (text: string): string =>
  [...text].map((c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
export const fromHex = (hex: string): string =>
  (hex.match(/../g) ?? []).map((h) => String.fromCharCode(parseInt(h, 16))).join("");

export const Drawn = (p: { path: string }) => (isDrawn(p.path) ? (
  <svg class="fb-sign fb-sign--done" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words.sign.drawn}>
    <path d={p.path} fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" />
  </svg>
) : null);

export function Signature(p: { path: string; set: (path: string) => void }) {
  const drawing = useRef(false);
  const now = useRef(p.path);
  now.current = p.path;
  const at = (e: PointerEvent & { currentTarget: SVGSVGElement }): string => {
    const box = e.currentTarget.getBoundingClientRect();
    const x = Math.round((e.clientX - box.left) * WIDTH / box.width);
    const y = Math.round((e.clientY - box.top) * HEIGHT / box.height);
    return `${Math.min(WIDTH, Math.max(0, x))} ${Math.min(HEIGHT, Math.max(0, y))}`;
  };
  const add = (text: string) => { if (now.current.length + text.length < MOST) p.set(now.current + text); };
  return (
    <div class="govuk-form-group">
      <p class="govuk-label" id="sign-label">{words.sign.here}</p>
      <svg class="fb-sign" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby="sign-label"
        onPointerDown={(e) => {
          drawing.current = true;
          e.currentTarget.setPointerCapture(e.pointerId);
          add(`M${at(e)}L${at(e)}`);
        }}
        onPointerMove={(e) => { if (drawing.current) add(`L${at(e)}`); }}
        onPointerUp={() => { drawing.current = false; }}
        onPointerCancel={() => { drawing.current = false; }}>
        <path d={isDrawn(p.path) ? p.path : ""} fill="none" stroke="currentColor" stroke-width="2.5"
          stroke-linecap="round" stroke-linejoin="round" />
      </svg>
      {p.path === "" ? null
        : <button type="button" class="fb-plain" onClick={() => p.set("")}>{words.sign.again}</button>}
    </div>
  );
}
