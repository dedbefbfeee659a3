// A picture of every page and state, at 1280 and 360 pixels: PAGE_SHOTS says where.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { duties, open, person } from "./browser.mjs";

const { PAGE_FOOTBRIDGE, PAGE_DIR, PAGE_PERSON, PAGE_SHOTS } = process.env;
mkdirSync(PAGE_SHOTS, { recursive: true });
const daemon = spawn(PAGE_FOOTBRIDGE, ["--dir", PAGE_DIR, "serve", "--page", "127.0.0.1:0"],
  { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => daemon.kill());
const url = await new Promise((done, gone) => {
  let text = "";
  daemon.stdout.on("data", (piece) => {
    text += piece;
    const at = text.match(/the page for staff is at (http:\/\/\S+\/)/);
    if (at) done(at[1]);
  });
  daemon.once("exit", () => gone(new Error(text)));
});
const browser = await open();
const who = await person(browser, url, { viewport: { width: 1280, height: 800 } });
const { page } = who;

async function shot(name) {
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: `${PAGE_SHOTS}/${name}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}
const at = async (name, path) => {
  await page.goto(url + path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await shot(name);
};

await page.goto(url);
await page.getByLabel("Password").waitFor();
await shot("sign-in");
await page.getByLabel("Your name here").fill("Olga");
await page.getByLabel("Password").fill("not these words");
await page.keyboard.press("Enter");
await page.getByRole("alert").waitFor();
await shot("sign-in-refused");
await page.getByLabel("Password").fill("tin roof and autumn rain");
await page.keyboard.press("Enter");
await page.getByRole("button", { name: "I have read this" }).waitFor();
await shot("banner");
await page.getByRole("button", { name: "I have read this" }).click();
await page.locator("#totp-key").waitFor();
await shot("second-factor");
await duties(page);
await at("home", "");
await page.getByRole("button", { name: "Complied: Marcus Delgado" }).click();
await page.locator("#main").getByText("Logged: complied").waitFor();
await shot("home-logged");
await page.keyboard.press("/");
await page.keyboard.type("an");
await page.getByRole("option").first().waitFor();
await shot("search");
await at("people", "people");
await at("case-file", `people/${PAGE_PERSON}`);
await at("timeline", `people/${PAGE_PERSON}/timeline`);
await at("appointments", `people/${PAGE_PERSON}/appointments`);
await at("consents", `people/${PAGE_PERSON}/consents`);
await at("case-decisions", `people/${PAGE_PERSON}/decisions`);
await at("not-here", "people/00000000000000000000000000000000");
await page.goto(`${url}people`);
await page.getByRole("link", { name: /Longname/ }).click();
await page.getByRole("navigation", { name: "Case file" }).waitFor();
await shot("hostile-name");
await at("note", `people/${PAGE_PERSON}/write/note`);
await page.getByLabel("Note", { exact: true }).fill("Both dogs were shut in.");
await page.getByText("Kept as a draft").waitFor();
await shot("note-begun");
await at("home-begun", "");
await at("book", `people/${PAGE_PERSON}/write/appointment`);
await at("day-sheet", "day");
await at("referrals-none", `people/${PAGE_PERSON}/referrals`);
await at("decisions", "decisions");
await at("sync", "sync");
await at("account", "account");
await page.getByRole("button", { name: "Lock", exact: true }).click();
await page.getByRole("heading", { name: "Locked" }).waitFor();
await shot("locked");
await browser.close();
daemon.kill("SIGTERM");
