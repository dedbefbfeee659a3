// What stands before the records: signing in, the locked screen, and what must be
// done first. Nothing of a record is on the page while one of these is.
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { ask, get, post, type Hello, type Session } from "../api";
import { begin, hello, look, session, useCell } from "../state";
import { keepWaiting } from "../drafts";
import { Input } from "../parts/fields";
import { Notice, Refusal, Title } from "../parts/small";
import { words } from "../words";
import bridge from "../style/bridge.svg";

function Frame(p: { children: ComponentChildren }) {
  return (
    <main class="fb-gate" id="main">
      <div class="fb-gate__mark"><img src={bridge} alt="" />{words.name}</div>
      {p.children}
    </main>
  );
}

/** One form with one button; busy while the program thinks, which takes a while. */
function Form(p: {
  submit: () => Promise<void>; button: string; children: ComponentChildren; second?: ComponentChildren;
}) {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  return (
    <form noValidate onSubmit={(e) => {
      e.preventDefault();
      if (busy) return;
      setBusy(true);
      setError(null);
      p.submit().catch(setError).finally(() => setBusy(false));
    }}>
      <Refusal error={error} />
      {p.children}
      <div class="govuk-button-group">
        <button class="govuk-button" type="submit" aria-disabled={busy}>{p.button}</button>
        {p.second}
      </div>
    </form>
  );
}

export function SignIn(p: { ended: boolean }) {
  const h = useCell(hello);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  useEffect(() => { get<Hello>("/api/hello").then((x) => hello.set(x)).catch(() => {}); }, []);
  return (
    <Frame>
      <Title>{words.signIn.title}</Title>
      {p.ended ? <Notice>{words.signIn.ended}</Notice> : null}
      {h !== null && !h.accounts ? <Notice kind="warn">{words.signIn.noAccounts}</Notice> : null}
      <Form button={words.signIn.button} submit={async () => {
        const body: Record<string, string> = { name: name.trim(), password };
        if (code.trim() !== "") body.code = code.trim();
        setPassword("");
        setCode("");
        begin(await post<Session>("/api/session", body));
        await keepWaiting();
      }}>
        <Input id="name" label={words.signIn.name} value={name} set={setName} complete="username" focus />
        <Input id="password" label={words.signIn.password} type="password" value={password}
          set={setPassword} complete="current-password" />
        <Input id="code" label={words.signIn.code} hint={words.signIn.codeHint} value={code}
          set={setCode} width="10" complete="one-time-code" />
      </Form>
      {h !== null && h.banner !== "" ? <p class="fb-small"><bdi>{h.banner}</bdi></p> : null}
    </Frame>
  );
}

export function Locked(p: { who: Session }) {
  const again = p.who.state === "sign_in_again";
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  return (
    <Frame>
      <Title>{words.lock.title}</Title>
      <Notice><p><bdi>{words.lock.who(p.who.name)}</bdi> {words.lock.kept}</p></Notice>
      <Form button={words.lock.button} submit={async () => {
        const body: Record<string, string> = { password };
        if (code.trim() !== "") body.code = code.trim();
        setPassword("");
        begin(await post<Session>("/api/session/unlock", body));
        await keepWaiting();
      }} second={
        <button class="fb-plain" type="button" onClick={() => {
          ask("DELETE", "/api/session").finally(() => session.set("out"));
        }}>{words.lock.other}</button>
      }>
        <Input id="password" label={words.signIn.password} type="password" value={password}
          set={setPassword} complete="current-password" focus />
        {again ? <Input id="code" label={words.lock.code} hint={words.lock.codeHint} value={code}
          set={setCode} width="10" complete="one-time-code" /> : null}
      </Form>
    </Frame>
  );
}

function Banner() {
  const h = useCell(hello);
  useEffect(() => { get<Hello>("/api/hello").then((x) => hello.set(x)).catch(() => {}); }, []);
  return (
    <Frame>
      <Title>{words.signIn.bannerTitle}</Title>
      <Form button={words.signIn.bannerButton} submit={async () => {
        await post("/api/session/banner");
        await look();
      }}>
        <div class="govuk-inset-text"><bdi>{h?.banner ?? ""}</bdi></div>
      </Form>
    </Frame>
  );
}

function SecondFactor() {
  const [key, setKey] = useState<{ secret: string; uri: string } | null>(null);
  const [codes, setCodes] = useState("");
  const [code, setCode] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [password, setPassword] = useState("");
  // who signed in a while ago is asked for the password again
  useEffect(() => {
    post<{ secret: string; uri: string }>("/api/session/totp").then(setKey).catch(setError);
  }, []);
  if (error !== null && key === null)
    return (
      <Frame>
        <Title>{words.signIn.totpTitle}</Title>
        <Refusal error={error} />
        <Form button={words.signIn.totpAgain} submit={async () => {
          const again = { confirm_password: password };
          setPassword("");
          setKey(await post<{ secret: string; uri: string }>("/api/session/totp", again));
        }}>
          <Input id="again" label={words.signIn.password} type="password" value={password}
            set={setPassword} complete="current-password" focus />
        </Form>
      </Frame>
    );
  if (codes !== "")
    return (
      <Frame>
        <Title>{words.signIn.recoveryTitle}</Title>
        <p class="govuk-body">{words.signIn.recoveryWhy}</p>
        <pre class="fb-code fb-notice">{codes}</pre>
        <button class="govuk-button" onClick={() => void look()}>{words.signIn.recoveryButton}</button>
      </Frame>
    );
  return (
    <Frame>
      <Title>{words.signIn.totpTitle}</Title>
      <p class="govuk-body">{words.signIn.totpWhy}</p>
      <p class="govuk-body">{words.signIn.totpStep1}</p>
      <p class="fb-code fb-notice" id="totp-key">{key?.secret ?? words.loading}</p>
      {key === null ? null : <p class="govuk-body"><a class="govuk-link" href={key.uri}>{words.signIn.totpLink}</a></p>}
      <p class="govuk-body">{words.signIn.totpStep2}</p>
      <Form button={words.signIn.totpButton} submit={async () => {
        const done = await post<{ recovery_codes: string }>("/api/session/totp/code", { code: code.trim() });
        setCodes(done.recovery_codes);
      }}>
        <Input id="code" label={words.signIn.totpCode} value={code} set={setCode} width="10" numeric
          complete="one-time-code" />
      </Form>
    </Frame>
  );
}

function NewPassword() {
  const [was, setWas] = useState("");
  const [now, setNow] = useState("");
  const [code, setCode] = useState("");
  return (
    <Frame>
      <Title>{words.signIn.passwordTitle}</Title>
      <p class="govuk-body">{words.signIn.passwordWhy}</p>
      <Form button={words.signIn.passwordButton} submit={async () => {
        const body: Record<string, string> = { was, now };
        if (code.trim() !== "") body.code = code.trim();
        setCode("");
        await post("/api/session/password", body);
        await look();
      }}>
        <Input id="was" label={words.signIn.passwordWas} type="password" value={was} set={setWas}
          complete="current-password" />
        <Input id="now" label={words.signIn.passwordNow} type="password" value={now} set={setNow}
          complete="new-password" />
        <Input id="code" label={words.signIn.passwordCode} hint={words.signIn.passwordCodeHint} value={code}
          set={setCode} width="10" complete="one-time-code" />
      </Form>
    </Frame>
  );
}

export function Duty(p: { must: Session["must"] }) {
  switch (p.must[0]) {
    case "banner": return <Banner />;
    case "totp": return <SecondFactor />;
    default: return <NewPassword />;
  }
}
