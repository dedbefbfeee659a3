// What the page's tests share: Debian's Chromium by Playwright, a person who signs
// in, one TAP line for each sentence that holds.
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.PAGE_MODULES + "/");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export let failed = 0;
/** what is on the screens when a test fails is a picture, too */
const shown = [];

/** Run one test; its name is what it proves. */
export async function test(name, body) {
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (e) {
    failed++;
    for (const line of String(e.stack ?? e).split("\n").slice(0, 12)) console.log(`# ${line}`);
    console.log(`not ok ${name}`);
    for (const page of shown)
      if (process.env.PAGE_SHOTS && !page.isClosed())
        await page.screenshot({ path: `${process.env.PAGE_SHOTS}/failed-${shown.indexOf(page)}.png`, fullPage: true });
    // what comes after may build on it
    if (process.env.PAGE_STOP) process.exit(1);
  }
}

export function holds(what, words) {
  if (!what) throw new Error(words);
}
export function same(have, want, words = "") {
  if (JSON.stringify(have) !== JSON.stringify(want))
    throw new Error(`${words}: want ${JSON.stringify(want)}, have ${JSON.stringify(have)}`);
}

/** RFC 6238, as an authenticator shows it. */
export function totp(secret, at = Date.now()) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const c of secret.toUpperCase().replace(/[^A-Z2-7]/g, ""))
    bits += alphabet.indexOf(c).toString(2).padStart(5, "0");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const mac = createHmac("sha1", key).update(step).digest();
  const from = mac[19] & 15;
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 1e6).padStart(6, "0");
}

export async function open() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--disable-dev-shm-usage", "--force-color-profile=srgb"],
  });
}

/** One person at one browser. Whatever the page complains of, or asks of another
 * place, is kept in wrong. */
export async function person(browser, url, options = {}) {
  const context = await browser.newContext({
    locale: "en-US", timezoneId: "UTC", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const wrong = [];
  shown.push(page);
  page.on("pageerror", (e) => wrong.push(`error: ${e}`));
  page.on("console", (m) => { if (/Content Security|Refused to|violates/.test(m.text())) wrong.push(m.text()); });
  page.on("request", (r) => { if (!r.url().startsWith(url)) wrong.push(`asks ${r.url()}`); });
  page.on("dialog", (d) => { wrong.push(`dialog ${d.message()}`); void d.dismiss(); });
  page.setDefaultTimeout(Number(process.env.PAGE_PATIENCE_MS ?? 20000));
  return { context, page, wrong, url };
}

/** As a person does it for the first time: banner, second factor, recovery codes. */
export async function signIn(who, name, password, secret) {
  const { page, url } = who;
  if (page.url() === "about:blank") await page.goto(url);
  await page.getByLabel("Your name here").fill(name);
  await page.getByLabel("Password").fill(password);
  if (secret) await page.getByLabel("Six digits from").fill(totp(secret));
  await page.getByRole("button", { name: "Sign in" }).click();
  return duties(page, secret);
}

/** What must be done first, as far as it must. The second factor's key. */
export async function duties(page, secret) {
  const banner = page.getByRole("button", { name: "I have read this" });
  const today = page.getByRole("heading", { level: 1, name: "Today" });
  const key = page.locator("#totp-key");
  await banner.or(today).or(key).first().waitFor();
  if (await banner.isVisible()) {
    await banner.click();
    await today.or(key).first().waitFor();
  }
  if (await key.isVisible()) {
    await page.waitForFunction(() => /[A-Z2-7]{4}/.test(document.getElementById("totp-key").textContent));
    secret = await key.textContent();
    await page.getByLabel("Six digits").fill(totp(secret));
    await page.getByRole("button", { name: "Confirm" }).click();
    // each stands in for the second factor once
    page.recovery = (await page.locator("pre.fb-code").textContent()).trim().split(/\s+/);
    await page.getByRole("button", { name: "I have kept them" }).click();
  }
  return secret;
}

/** WCAG 2.2 AA as far as a program can tell. */
export async function accessible(page) {
  // by the debugger's own door: the page's policy lets no script in
  const client = await page.context().newCDPSession(page);
  await client.send("Runtime.evaluate", { expression: axe });
  const { result, exceptionDetails } = await client.send("Runtime.evaluate", {
    awaitPromise: true, returnByValue: true,
    expression: `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
      .then((r) => r.violations.map((v) => v.id + ": " + v.help + ": " +
        v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + n.html.slice(0, 120)).join(" | ")))`,
  });
  await client.detach();
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  same(result.value, [], "axe");
}

/** What somebody's hands do in one journey: counted, to be held against its budget. */
export class Hands {
  constructor(page) {
    Object.assign(this, { page, clicks: 0, fields: 0, keys: 0, begun: Date.now() });
  }
  async click(target) {
    this.clicks++;
    await target.click();
  }
  async fill(target, text) {
    this.fields++;
    await target.fill(text);
  }
  async choose(target, value) {
    this.fields++;
    await target.selectOption(value);
  }
  async press(key, times = 1) {
    this.keys += times;
    for (let i = 0; i < times; i++) await this.page.keyboard.press(key);
  }
  /** Within the budget? seconds are printed, not asserted. */
  within(what, most) {
    const have = { clicks: this.clicks, fields: this.fields, keys: this.keys };
    console.log(`# ${what}: ${this.clicks} clicks, ${this.fields} fields, ${this.keys} keys, ` +
      `${((Date.now() - this.begun) / 1000).toFixed(1)} s by a machine`);
    for (const [k, n] of Object.entries(most))
      holds(have[k] <= n, `${what}: ${have[k]} ${k}, at most ${n}`);
  }
}

/** How much wider the page is than its window. */
export const wide = (page) => page.evaluate(() =>
  document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** A picture at both widths, where PAGE_SHOTS says; and it must fit both. */
export async function shot(page, name) {
  const was = page.viewportSize();
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await page.waitForLoadState("networkidle");
    same(await wide(page), 0, `${name} at ${width}`);
    if (process.env.PAGE_SHOTS)
      await page.screenshot({ path: `${process.env.PAGE_SHOTS}/${name}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize(was);
}
