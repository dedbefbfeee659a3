import { useState } from "preact/hooks";
import { post } from "../api";
import { mine } from "../state";
import { Input } from "../parts/fields";
import { Notice, Refusal, say, Text, Title } from "../parts/small";
import { words } from "../words";

export function Account() {
  const who = mine();
  const [was, setWas] = useState("");
  const [now, setNow] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState(false);
  if (who === null) return null;
  return (
    <>
      <Title>{words.account.title}</Title>
      <dl class="govuk-summary-list">
        {([[words.account.name, who.name],
          [words.account.roles, who.roles.map((r) => words.roles[r] ?? r).join(", ") || words.nothing],
          [words.account.scope, words.account.scopes[who.scope]]] as const).map(([k, v]) => (
          <div class="govuk-summary-list__row" key={k}>
            <dt class="govuk-summary-list__key">{k}</dt>
            <dd class="govuk-summary-list__value"><Text>{v}</Text></dd>
          </div>
        ))}
      </dl>
      <p class="govuk-body">{words.account.locks}</p>
      <h2 class="govuk-heading-m">{words.account.password}</h2>
      <Refusal error={error} />
      {done ? <Notice kind="good">{words.account.changed}</Notice> : null}
      <form noValidate onSubmit={(e) => {
        e.preventDefault();
        post("/api/session/password", { was, now }).then(() => {
          setDone(true);
          setError(null);
          say(words.account.changed);
        }).catch((x: unknown) => { setDone(false); setError(x); })
          .finally(() => { setWas(""); setNow(""); });
      }}>
        <Input id="was" label={words.account.was} type="password" value={was} set={setWas} width="20" complete="current-password" />
        <Input id="now" label={words.account.now} type="password" value={now} set={setNow} width="20" complete="new-password" />
        <button class="govuk-button" type="submit">{words.account.change}</button>
      </form>
    </>
  );
}
