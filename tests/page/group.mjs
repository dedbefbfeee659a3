// J4: the weekly group of fifteen, in two minutes: everybody came, three exceptions, a
// press that is taken back and one that stands.
import { accessible, failed, Hands, open, person, same, shot, signIn, test } from "./browser.mjs";
import * as daemon from "./daemon.mjs";

const { PAGE_TMP, PAGE_DAY } = process.env;
const clinic = await daemon.page(`${PAGE_TMP}/clinic`);
const browser = await open();
const cora = await person(browser, clinic.at, { viewport: { width: 1280, height: 900 } });
const { page } = cora;
await signIn(cora, "Cora", "tin roof and autumn rain");
const of = (name) => page.getByRole("group", { name });
const hands = new Hands(page);

await test("everybody_of_the_group_came_until_somebody_says_otherwise", async () => {
  hands.begun = Date.now();
  await hands.click(page.getByRole("link", { name: "Groups" }));
  await page.getByRole("heading", { level: 2, name: /Evening outpatient/ }).waitFor();
  same(await page.getByRole("radio", { name: "Present", checked: true }).count(), 15);
  await page.getByText("15 present").waitFor();
  await accessible(page);
  await shot(page, "group");
});

await test("exceptions_are_a_press_each_and_what_they_need_beside_them", async () => {
  await hands.click(of("Sample Castillo").getByRole("radio", { name: "Came late" }));
  await hands.fill(of("Sample Castillo").getByLabel("Minutes"), "60");
  await hands.click(of("Sample Hayes").getByRole("radio", { name: "No-show" }));
  await hands.click(of("Sample Norris").getByRole("radio", { name: "Acceptable absence" }));
  await hands.choose(of("Sample Norris").getByLabel("Reason"), "illness");
  await hands.click(of("Sample Ortega").getByLabel("Concern"));
  await page.getByText("12 present, 1 came late, 1 no-show, 1 acceptable absence").waitFor();
  await accessible(page);
});

await test("a_press_is_taken_back_before_anything_is_written", async () => {
  await page.getByRole("button", { name: "Save for 15 people" }).click();
  await page.getByText("It is written in").first().waitFor();
  await shot(page, "group-undo");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Save for 15 people" }).waitFor();
  await page.reload();
  await page.getByText("12 present, 1 came late, 1 no-show, 1 acceptable absence").waitFor();
});

await test("a_press_that_stands_writes_all_fifteen", async () => {
  await hands.click(page.getByRole("button", { name: "Save for 15 people" }));
  await hands.click(page.getByRole("button", { name: "Write it now" }));
  await page.getByText("All of it is written.").waitFor();
  same(await page.locator("#main").getByText("Complied", { exact: true }).count(), 12);
  hands.within("a group of fifteen", { clicks: 8, fields: 2, keys: 0 });
  await accessible(page);
  await shot(page, "group-written");
});

await test("another_day_has_its_own_groups", async () => {
  await page.getByLabel("Day").fill("2031-03-04");
  await page.getByText("No group is booked for Mar 4, 2031.").waitFor();
  await page.getByLabel("Day").fill(PAGE_DAY);
  await page.getByText("All of it is written.").waitFor();
});

await test("the_page_broke_no_rule_of_its_own", async () => { same(cora.wrong, []); });

await browser.close();
await clinic.stop();
process.exit(failed > 0 ? 1 : 0);
