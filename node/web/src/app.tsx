import { useEffect, useState } from "preact/hooks";
import { ask, get, type Policy, type Session } from "./api";
import { keepWaiting } from "./drafts";
import { look, reached, said, samples, session, useCell } from "./state";
import { Link, usePlace } from "./router";
import { Account } from "./pages/account";
import { ConsentPage } from "./pages/consent";
import { DaySheet } from "./pages/day";
import { Decisions } from "./pages/decisions";
import { Duty, Locked, SignIn } from "./pages/gate";
import { Groups } from "./pages/group";
import { Home } from "./pages/home";
import { People } from "./pages/people";
import { Person } from "./pages/person";
import { Refer } from "./pages/refer";
import { SyncPage } from "./pages/sync";
import { Write } from "./pages/write";
import { Search } from "./parts/search";
import { Strip } from "./parts/strip";
import { Notice, Text } from "./parts/small";
import { words } from "./words";

/** Roles that open records at all (node/API.md). */
const WORK = ["officer", "counselor", "clinician", "social_worker", "supervisor", "clerk",
  "records_officer", "privacy_officer", "medical"];

function Header(p: { who: Session }) {
  return (
    <header class="fb-header">
      <div class="govuk-width-container fb-header__row">
        <Link to="/" class="fb-header__mark">{words.name}</Link>
        <span class="fb-header__office"><Text>{p.who.office}</Text></span>
        <span class="fb-header__who">
          <Link to="/account" class="fb-plain" label={`${words.header.account}: ${p.who.name}`}><Text>{p.who.name}</Text></Link>
          <button class="fb-plain" onClick={() => { ask("POST", "/api/session/lock").finally(() => void look()); }}>
            {words.header.lock}</button>
          <button class="fb-plain" onClick={() => { ask("DELETE", "/api/session").finally(() => session.set("out")); }}>
            {words.header.signOut}</button>
        </span>
      </div>
    </header>
  );
}

/** Who holds groups. */
const GROUPS = ["counselor", "clinician", "social_worker"];

function Nav(p: { works: boolean; roles: string[] }) {
  const at = usePlace().pattern;
  return (
    <div class="fb-nav">
      <div class="govuk-width-container fb-nav__row">
        <nav aria-label={words.header.nav}>
          <ul>
            <li><Link to="/" class="" current={at === "/"}>{words.nav.home}</Link></li>
            <li><Link to="/people" class="" current={at.startsWith("/people")}>{words.nav.people}</Link></li>
            {p.roles.some((r) => GROUPS.includes(r))
              ? <li><Link to="/group" class="" current={at === "/group"}>{words.nav.group}</Link></li> : null}
            <li><Link to="/decisions" class="" current={at === "/decisions"}>{words.nav.decisions}</Link></li>
            <li><Link to="/sync" class="" current={at === "/sync"}>{words.nav.sync}</Link></li>
          </ul>
        </nav>
        {p.works ? <Search /> : null}
      </div>
    </div>
  );
}

function Page() {
  const place = usePlace();
  const person = place.values.person ?? "";
  switch (place.pattern) {
    case "/": return <Home />;
    case "/people": return <People />;
    case "/people/:person": return <Person key={person} id={person} tab="overview" />;
    case "/people/:person/refer": return <Refer key={person} id={person} step="find" />;
    case "/people/:person/refer/:step": return <Refer key={person} id={person} step={place.values.step ?? ""} />;
    case "/people/:person/consents/:consent/:what":
      return <ConsentPage key={place.values.consent} person={person} consent={place.values.consent ?? ""} what={place.values.what ?? ""} />;
    case "/people/:person/:tab": return <Person key={person} id={person} tab={place.values.tab ?? ""} />;
    case "/people/:person/write/:what":
      return <Write key={`${person} ${place.values.what}`} id={person} what={place.values.what ?? ""} />;
    case "/day": return <DaySheet />;
    case "/group": return <Groups />;
    case "/decisions": return <Decisions />;
    case "/sync": return <SyncPage />;
    case "/account": return <Account />;
    default: return <Home />;
  }
}

/** "Sample rules" as long as no signed policy pack decides here. */
function useSamples(): boolean {
  const are = useCell(samples);
  useEffect(() => {
    get<Policy[]>("/api/policy").then((packs) => samples.set(!packs.some((k) => k.in_force)))
      .catch(() => {});
  }, []);
  return are;
}

function Shell(p: { who: Session }) {
  const works = p.who.roles.some((r) => WORK.includes(r));
  const sample = useSamples();
  const answers = useCell(reached);
  return (
    <>
      <a href="#main" class="govuk-skip-link" onClick={(e) => {
        e.preventDefault();
        document.querySelector<HTMLElement>("h1")?.focus();
      }}>{words.skip}</a>
      {sample ? <aside class="fb-sample" aria-label={words.sampleRules}><div class="govuk-width-container">{words.notices.sample}</div></aside> : null}
      <Header who={p.who} />
      <Nav works={works} roles={p.who.roles} />
      <Strip />
      <main class="govuk-width-container fb-main" id="main">
        {answers ? null : <Notice kind="stop" live><p><strong>{words.offlineTitle}</strong></p><p>{words.offline}</p></Notice>}
        {p.who.read_only ? <Notice kind="warn">{words.notices.readOnly}</Notice> : null}
        {works ? <Page /> : <><Notice kind="warn">{words.notices.noRole}</Notice><Account /></>}
      </main>
    </>
  );
}

export function App() {
  const who = useCell(session);
  const text = useCell(said);
  const answers = useCell(reached);
  const [was, setWas] = useState(false);

  useEffect(() => { void look(); }, []);
  useEffect(() => { if (who !== null && who !== "out") setWas(true); }, [who]);
  // the node locks by its own clock; a person at the keyboard is a sign of life
  useEffect(() => {
    const timer = setInterval(() => void look(), 20_000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => { if (answers) void keepWaiting(); }, [answers]);

  return (
    <>
      {who === null
        ? <main class="fb-gate"><h1 class="govuk-heading-l">{words.name}</h1>
          <p class="govuk-body" role="status">{answers ? words.loading : words.offlineTitle}</p></main>
        : who === "out" ? <SignIn ended={was} />
          : who.state !== "open" ? <Locked who={who} />
            : who.must.length > 0 ? <Duty key={who.must[0]} must={who.must} />
              : <Shell who={who} />}
      <div class="govuk-visually-hidden" role="status" aria-live="polite">{text}</div>
    </>
  );
}
