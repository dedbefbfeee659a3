// J2: an officer refers somebody to treatment with a consent, in the journey's own
// words, at both offices, with the link between them cut in the middle.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { accessible, failed, Hands, holds, open, person, same, shot, signIn, test } from "./browser.mjs";
import * as daemon from "./daemon.mjs";

const { PAGE_TMP, PAGE_PERSON, PAGE_HUB_AT } = process.env;
const PASSWORD = "tin roof and autumn rain";

const north = await daemon.page(`${PAGE_TMP}/north`);
const clinic = await daemon.page(`${PAGE_TMP}/clinic`);
let hub = null;
const browser = await open();
const size = { viewport: { width: 1280, height: 900 }, acceptDownloads: true };
const olga = await person(browser, north.at, size);
const cora = await person(browser, clinic.at, size);
await signIn(olga, "Olga", PASSWORD);
await signIn(cora, "Cora", PASSWORD);
const o = olga.page, c = cora.page;

const heading = (p, name) => p.getByRole("heading", { level: 1, name }).waitFor();
const button = (p, name) => p.getByRole("button", { name });
const main = (p) => p.locator("#main");
const strip = (p) => p.locator(".fb-strip");
const step = (p, name) => p.getByRole("list", { name: "How far it is" }).locator("[aria-current=step]", { hasText: name }).waitFor();
const file = (p, id, tab) => p.goto(`${new URL(p.url()).origin}/people/${id}/${tab}`);
async function syncNow(p, words) {
  await p.goto(`${new URL(p.url()).origin}/sync`);
  await main(p).getByRole("button", { name: "Sync now" }).click();
  await main(p).getByText(words).first().waitFor();
}

const hands = new Hands(o);

await test("from_the_case_file_the_service_that_fits_best_stands_first_and_says_why", async () => {
  await file(o, PAGE_PERSON, "referrals");
  hands.begun = Date.now();
  await hands.click(o.getByRole("link", { name: "Find a service" }));
  await heading(o, "Find a service");
  const first = o.locator(".fb-places > li").first();
  await first.getByRole("heading", { name: "Evening outpatient" }).waitFor();
  for (const words of ["meets a condition of supervision", "has a free place", "English, Spanish", "as of"])
    holds((await first.textContent()).includes(words), `it does not say: ${words}`);
  await accessible(o);
  await shot(o, "refer-find");
  await hands.click(button(o, "Refer here: Evening outpatient"));
});

await test("may_i_share_answers_before_anything_is_written", async () => {
  await heading(o, "Why this service");
  const may = o.getByRole("region", { name: "May Riverside Clinic read this referral?" });
  await may.getByText("Yes", { exact: true }).waitFor();
  await hands.fill(o.getByLabel("Reason", { exact: true }), "Wants help with the drinking");
  await hands.fill(o.getByLabel("What they should know"), "No violence on record");
  await accessible(o);
  await shot(o, "refer-reason");
  await hands.click(button(o, "Continue"));
});

await test("the_consent_reads_as_a_sentence_and_greys_what_no_agreement_covers", async () => {
  await heading(o, "What they may tell you");
  const sentence = o.locator("#sentence");
  await sentence.getByText("I allow Riverside Clinic to tell North Probation whether I was accepted and when I begin and whether I come").waitFor();
  await o.getByLabel("Results of tests there").and(o.locator("[disabled]")).waitFor();
  await o.getByText("no agreement").first().waitFor();
  await accessible(o);
  await shot(o, "refer-consent");
  await hands.click(button(o, "Continue"));
});

await test("what_was_typed_is_still_there_after_a_reload", async () => {
  await heading(o, "Check, sign and send");
  await o.waitForTimeout(0);
  await o.waitForResponse((r) => r.url().includes("/api/typed/") && r.ok()).catch(() => {});
  await o.reload();
  await o.getByText("Wants help with the drinking").waitFor();
});

await test("answers_are_checked_signed_on_the_screen_and_sent_while_the_link_is_down", async () => {
  await o.getByText("I can take this back after the final disposition of the case, and not before.").waitFor();
  await o.locator("svg.fb-sign").scrollIntoViewIfNeeded();
  const pad = await o.locator("svg.fb-sign").boundingBox();
  hands.clicks++;
  await o.mouse.move(pad.x + 30, pad.y + 80);
  await o.mouse.down();
  for (let i = 1; i <= 24; i++)
    await o.mouse.move(pad.x + 30 + i * 12, pad.y + 80 + 40 * Math.sin(i / 2));
  await o.mouse.up();
  holds((await o.locator("svg.fb-sign path").getAttribute("d")).split("L").length > 20, "nothing was drawn");
  // a slip: nothing is sent, and what was drafted is not drafted again
  await o.getByLabel("Your own password").fill("no such words");
  await button(o, "Sign and send").click();
  await o.getByRole("alert").getByText("This was not accepted.").waitFor();
  await o.getByText("Signed by Marcus Delgado").waitFor();
  await hands.fill(o.getByLabel("Your own password"), PASSWORD);
  await hands.fill(o.getByLabel("Six digits from your authenticator"), o.recovery.pop());
  await accessible(o);
  await shot(o, "refer-check");
  await hands.click(button(o, "Sign and send"));
  await heading(o, "Marcus Delgado");
  await step(o, "Written here");
  hands.within("refer with consent", { clicks: 8, fields: 5, keys: 0 });
});

await test("sync_now_says_in_words_that_the_hub_is_not_reached", async () => {
  await syncNow(o, "Hub: not reached. Your work is saved on this computer");
  await main(o).getByText("could not be reached: connection refused").waitFor();
  await strip(o).getByText(/\d+ changes? waits?, oldest/).waitFor();
  await accessible(o);
  await shot(o, "sync-down");
});

await test("the_link_is_back_and_sync_now_brings_it_to_the_hub", async () => {
  hub = await daemon.hub(`${PAGE_TMP}/hub`, PAGE_HUB_AT);
  await syncNow(o, "Hub: reached just now.");
  await strip(o).getByText("Everything you saved is with the others").waitFor();
  await shot(o, "sync-up");
  await file(o, PAGE_PERSON, "referrals");
  await step(o, "At Hub");
  await shot(o, "referral-at-hub");
});

await test("the_clinic_finds_it_among_what_waits_for_an_answer", async () => {
  await syncNow(c, "Hub: reached just now.");
  await c.goto(clinic.at);
  await c.getByRole("heading", { name: /Referrals to answer \(1\)/ }).waitFor();
  await accessible(c);
  await shot(c, "clinic-home");
  await c.getByRole("link", { name: "Marcus Delgado" }).click();
  await heading(c, "Marcus Delgado");
  await c.getByRole("link", { name: "Referrals and treatment" }).click();
  await c.getByText("Wants help with the drinking").waitFor();
  await c.getByRole("region", { name: "May you answer North Probation?" }).getByText("Yes", { exact: true }).waitFor();
  await accessible(c);
  await shot(c, "clinic-referral");
});

await test("that_it_was_opened_is_heard_at_the_office", async () => {
  await syncNow(c, "Hub: reached just now.");
  await syncNow(o, "Hub: reached just now.");
  await file(o, PAGE_PERSON, "referrals");
  await step(o, "Seen");
});

await test("with_the_link_cut_again_the_clinic_accepts_within_two_clicks", async () => {
  await hub.stop();
  await file(c, PAGE_PERSON, "referrals");
  await c.getByText("Wants help with the drinking").waitFor();
  const two = new Hands(c);
  await two.fill(c.getByLabel("First appointment"), "2031-03-04T10:30");
  await two.click(button(c, "Accept"));
  await main(c).getByText("Accepted").first().waitFor();
  two.within("accept a referral", { clicks: 1, fields: 1, keys: 0 });
});

const footbridge = (dir, ...words) => promisify(execFile)(process.env.PAGE_FOOTBRIDGE,
  ["--dir", `${PAGE_TMP}/${dir}`, ...words]);
async function download(p, name) {
  const [saved] = await Promise.all([p.waitForEvent("download"), button(p, name).click()]);
  const to = `${PAGE_TMP}/stick/${saved.suggestedFilename()}`;
  await saved.saveAs(to);
  return to;
}

await test("a_stick_goes_round_the_cut_and_its_receipt_comes_back", async () => {
  await c.goto(`${clinic.at}sync`);
  const out = await download(c, "For Hub");
  await main(c).getByText(/The file for Hub is written: [1-9]/).waitFor();
  await footbridge("hub", "bundle", "import", out, "--receipt", `${PAGE_TMP}/stick/hub.receipt`);
  await c.getByLabel("Choose the files").setInputFiles(`${PAGE_TMP}/stick/hub.receipt`);
  await main(c).getByText("The receipt of Hub is taken").waitFor();
  await accessible(c);
  await shot(c, "stick-receipt");
});

await test("the_office_takes_in_the_file_and_reads_the_answer_without_a_network", async () => {
  await footbridge("hub", "bundle", "export", "--for", "North server", `${PAGE_TMP}/stick/back.bundle`);
  await o.goto(`${north.at}sync`);
  await o.getByLabel("Choose the files").setInputFiles(`${PAGE_TMP}/stick/back.bundle`);
  await main(o).getByText(/From Hub: [1-9]/).waitFor();
  await accessible(o);
  await shot(o, "stick-in");
  await footbridge("hub", "bundle", "import", await download(o, "Save the receipt"));
  await file(o, PAGE_PERSON, "referrals");
  await step(o, "Accepted");
  await main(o).getByText(/begins Mar 4, 2031, 10:30 AM/).waitFor();
  await accessible(o);
  await shot(o, "referral-accepted");
});

await test("a_file_that_is_no_bundle_is_said_to_be_none", async () => {
  await o.goto(`${north.at}sync`);
  await o.getByLabel("Choose the files").setInputFiles({ name: "x", mimeType: "text/plain", buffer: Buffer.from("hello") });
  await o.getByRole("alert").getByText("This file is no bundle").waitFor();
});

await test("ending_a_justice_consent_shows_what_stops_what_stays_and_that_it_ends_later", async () => {
  await file(o, PAGE_PERSON, "consents");
  await o.getByRole("link", { name: "End this consent" }).click();
  await heading(o, "End a consent");
  await o.getByText("This consent ends later").waitFor();
  await o.getByText("Riverside Clinic no longer tells North Probation whether I come.").waitFor();
  await o.getByText("North Probation has what it was told before.").waitFor();
  await accessible(o);
  await shot(o, "revoke");
  const three = new Hands(o);
  await three.fill(o.getByLabel("In their words"), "Asked to stop it");
  await three.click(button(o, "Write the request down"));
  await o.getByText("The request is written down.").waitFor();
  three.within("write down that a consent is to end", { clicks: 1, fields: 1, keys: 0 });
  await accessible(o);
  await shot(o, "revoke-asked");
});

await test("once_its_event_has_come_it_ends_by_itself_at_the_clinic_too", async () => {
  await file(o, PAGE_PERSON, "consents");
  await o.getByRole("link", { name: "End this consent" }).click();
  await button(o, "Write down that it has come").click();
  await o.getByText("The person asked for the end; it counts from").waitFor();
  hub = await daemon.hub(`${PAGE_TMP}/hub`, PAGE_HUB_AT);
  await syncNow(o, "Hub: reached just now.");
  await syncNow(c, "Hub: reached just now.");
  const may = await c.evaluate(async (path) => (await (await fetch(path)).json()).data,
    `/api/people/${PAGE_PERSON}/may?category=TX2.attendance&to=North%20Probation&purpose=supervision`);
  same([may.permit, may.reason], [false, "consent_revoked"]);
});

await test("the_person_s_copy_has_the_form_and_the_signature", async () => {
  await file(o, PAGE_PERSON, "consents");
  await o.getByRole("link", { name: "Copy for the person" }).click();
  await heading(o, "Copy of the consent");
  await o.getByText(/Riverside Clinic/).first().waitFor();
  await o.getByRole("img", { name: "Signature" }).waitFor();
  await accessible(o);
  await shot(o, "consent-copy");
});

await test("the_page_broke_no_rule_of_its_own_at_either_office", async () => {
  same(olga.wrong, []);
  same(cora.wrong, []);
});

await browser.close();
await north.stop();
await clinic.stop();
await hub?.stop();
process.exit(failed > 0 ? 1 : 0);
