import { en, type Words } from "./en";

/** The language of this page. */
export const words: Words = en;

/** A choice of a record in words; one that nobody translated, as it is. */
export const choice = (value: unknown): string =>
  typeof value === "string" ? (words.choices[value] ?? value.replace(/_/g, " ")) : "";

/** "in person" as the beginning of a line. */
export const capital = (text: string): string =>
  text === "" ? "" : text[0]!.toUpperCase() + text.slice(1);

/** A label of confidentiality in words: "SUP.notes" is "Supervision: notes". */
export function label(category: string): string {
  const [head = "", rest] = category.split(".", 2);
  const name = words.labels[head] ?? head;
  return rest === undefined ? name : `${name}: ${rest.replace(/_/g, " ")}`;
}

const MINUTE = 60_000;

/** "2 h", of what was then. */
export function age(at: number, now = Date.now()): string {
  const ms = Math.max(0, now - at);
  if (ms < MINUTE) return words.ages.now;
  if (ms < 90 * MINUTE) return words.ages.minutes(Math.round(ms / MINUTE));
  if (ms < 36 * 60 * MINUTE) return words.ages.hours(Math.round(ms / MINUTE / 60));
  return words.ages.days(Math.round(ms / MINUTE / 60 / 24));
}

/** "2 h ago" */
export function ago(at: number): string {
  const a = age(at);
  return a === words.ages.now ? a : words.ages.ago(a);
}

const dayFormat = new Intl.DateTimeFormat(words.language, {
  weekday: "short", month: "short", day: "numeric", year: "numeric", timeZone: "UTC",
});
const shortFormat = new Intl.DateTimeFormat(words.language, {
  month: "short", day: "numeric", year: "numeric", timeZone: "UTC",
});
const nearFormat = new Intl.DateTimeFormat(words.language, {
  weekday: "short", month: "short", day: "numeric", timeZone: "UTC",
});
const clockFormat = new Intl.DateTimeFormat(words.language, {
  hour: "numeric", minute: "2-digit", timeZone: "UTC",
});
const momentFormat = new Intl.DateTimeFormat(words.language, {
  weekday: "short", hour: "numeric", minute: "2-digit",
});

/** A record's civil date or time is a text of that office, no moment: never moved
 * by a time zone. */
const civil = (text: string): Date | null => {
  const d = new Date(text.length > 10 ? `${text}:00Z` : `${text}T00:00Z`);
  return Number.isNaN(d.getTime()) ? null : d;
};
export function date(text: string | null | undefined, long = false): string {
  const d = text ? civil(text.slice(0, 10)) : null;
  return d === null ? "" : (long ? dayFormat : shortFormat).format(d);
}
/** A day near today, "Sat, Nov 21"; with its year where that is another one. */
export function near(text: string | null | undefined, today: string): string {
  const d = text ? civil(text.slice(0, 10)) : null;
  if (d === null) return "";
  return (text!.slice(0, 4) === today.slice(0, 4) ? nearFormat : shortFormat).format(d);
}
export function clock(text: string | null | undefined): string {
  const d = text && text.length > 10 ? civil(text) : null;
  return d === null ? "" : clockFormat.format(d);
}
export const moment = (text: string | null | undefined): string =>
  [date(text), clock(text)].filter((x) => x !== "").join(", ");
/** A moment of this computer's clock, "Sat 4:10 PM"; older than a week, its age. */
export const stamp = (at: number): string =>
  Date.now() - at > 6 * 86_400_000 ? ago(at) : momentFormat.format(new Date(at));

/** Whole years between two civil dates. */
export function years(born: string, today: string): number {
  const n = Number(today.slice(0, 4)) - Number(born.slice(0, 4));
  return today.slice(5) < born.slice(5) ? n - 1 : n;
}

/** "12 kB" */
export const bytes = (n: number): string => words.ages.bytes(n);

const two = (n: number) => String(n).padStart(2, "0");
/** The day, and the minute, that the wall here shows. */
export const today = (d = new Date()): string =>
  `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
export const nowText = (): string => {
  const d = new Date();
  return `${today(d)}T${two(d.getHours())}:${two(d.getMinutes())}`;
};
/** The same day a year later. */
export const plusYear = (day: string): string => {
  const d = civil(day);
  if (d === null) return "";
  d.setUTCFullYear(d.getUTCFullYear() + 1);
  return d.toISOString().slice(0, 10);
};
