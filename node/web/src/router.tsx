// Addresses of the page. The list of them is ../routes, which the program reads,
// too, so that each can be opened, kept and sent as a link.
import type { ComponentChildren } from "preact";
import { Cell, useCell } from "./state";
import list from "../routes?raw";

const patterns = list.trim().split("\n").map((line) => line.split("/").slice(1));

export interface Place {
  pattern: string;
  values: Record<string, string>;
  query: URLSearchParams;
}

function match(path: string, query: string): Place {
  const parts = path.split("/").slice(1).map((p) => {
    try { return decodeURIComponent(p); } catch { return p; }
  });
  for (const pattern of patterns) {
    if (pattern.length !== parts.length) continue;
    const values: Record<string, string> = {};
    if (pattern.every((p, i) => p.startsWith(":") && parts[i] !== ""
      ? ((values[p.slice(1)] = parts[i]!), true) : p === parts[i]))
      return { pattern: `/${pattern.join("/")}`, values, query: new URLSearchParams(query) };
  }
  return { pattern: "", values: {}, query: new URLSearchParams() };
}

const here = () => match(location.pathname, location.search);
const place = new Cell<Place>(here());

addEventListener("popstate", () => place.set(here()));

export const usePlace = () => useCell(place);

export function go(to: string, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  place.set(here());
  // as after loading a page: its heading is where reading begins
  requestAnimationFrame(() => {
    scrollTo(0, 0);
    document.querySelector<HTMLElement>("h1")?.focus();
  });
}

export function Link(props: {
  to: string; class?: string; children: ComponentChildren; current?: boolean;
  label?: string;
}) {
  return (
    <a href={props.to} class={props.class ?? "govuk-link"} aria-label={props.label}
      aria-current={props.current === true ? "page" : undefined}
      onClick={(e) => {
        if (e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
        e.preventDefault();
        go(props.to);
      }}>{props.children}</a>
  );
}
