// Finding somebody from anywhere: "/" goes here, arrows choose, Enter opens.
import { useEffect, useRef, useState } from "preact/hooks";
import { post, type Found } from "../api";
import { go } from "../router";
import { words } from "../words";
import { Name, say } from "./small";

const PAUSE_MS = 120;

const typing = (e: EventTarget | null) =>
  e instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName);

const how = (found: string) =>
  (words.search.by as Record<string, string>)[found] ?? words.search.by.other;

export function Search() {
  const [text, setText] = useState("");
  const [list, setList] = useState<Found[] | null>(null);
  const [at, setAt] = useState(0);
  const box = useRef<HTMLInputElement>(null);
  const turn = useRef(0);

  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
      e.preventDefault();
      box.current?.focus();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);

  useEffect(() => {
    const q = text.trim(), n = ++turn.current;
    if (q.length < 2) { setList(null); return undefined; }
    const timer = setTimeout(() => {
      // not in the address: addresses are what browsers and proxies write down
      post<Found[]>("/api/search", { limit: 8, q: q.slice(0, 120) }).then((found) => {
        if (n !== turn.current) return;
        setList(found);
        setAt(0);
        say(words.search.found(found.length));
      }).catch(() => { if (n === turn.current) setList(null); });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);

  const close = () => { setList(null); setText(""); };
  const open = (f: Found | undefined) => {
    if (f === undefined) return;
    close();
    go(`/people/${f.person}`);
  };
  return (
    <div class="fb-search" role="search"
      onFocusOut={(e) => { if (!e.currentTarget.contains(e.relatedTarget as Node)) setList(null); }}>
      <label class="govuk-visually-hidden" for="search">{words.search.label}</label>
      <input id="search" ref={box} class="govuk-input" type="text" role="combobox" autocomplete="off"
        aria-expanded={list !== null} aria-controls="search-list" aria-autocomplete="list"
        aria-activedescendant={list !== null && list.length > 0 ? `search-${at}` : undefined}
        placeholder={words.search.placeholder} value={text} dir="auto" spellcheck={false}
        onInput={(e) => setText(e.currentTarget.value)}
        onKeyDown={(e) => {
          const n = list?.length ?? 0;
          if (e.key === "Escape") close();
          else if (e.key === "ArrowDown" && n > 0) { e.preventDefault(); setAt((at + 1) % n); }
          else if (e.key === "ArrowUp" && n > 0) { e.preventDefault(); setAt((at + n - 1) % n); }
          else if (e.key === "Enter") { e.preventDefault(); open(list?.[at]); }
        }} />
      <ul id="search-list" role="listbox" class="fb-search__list" aria-label={words.search.label}
        hidden={list === null || list.length === 0}>
        {(list ?? []).map((f, i) => (
          <li key={f.person} id={`search-${i}`} role="option" aria-selected={i === at}
            onMouseDown={(e) => { e.preventDefault(); open(f); }}>
            <Name>{f.name}</Name> <span class="fb-small">{how(f.found)}</span>
          </li>
        ))}
      </ul>
      {list !== null && list.length === 0
        ? <p class="fb-search__list govuk-body fb-search__none">{words.search.none}</p> : null}
    </div>
  );
}
