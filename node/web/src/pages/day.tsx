// The day on one page of paper, and the way round the visits: for whoever drives where
// no screen works. Addresses come with the appointments; nothing else is on it.
import { type Appointment, type Home } from "../api";
import { useLoad } from "../load";
import { Link } from "../router";
import { capital, choice, clock, date, near, words } from "../words";
import { Name, Refusal, Text, Title, Waiting } from "../parts/small";
import { Cell, RowHead, Table, TableRow } from "../parts/table";

const byTime = (a: Appointment, b: Appointment) => (a.start_at < b.start_at ? -1 : 1);

/** Visits outside of the office by area: what stands last in the place, then the time. */
function route(of: Appointment[]): { area: string; stops: Appointment[] }[] {
  const areas = new Map<string, Appointment[]>();
  for (const a of [...of].sort(byTime)) {
    if (a.method !== "home") continue;
    const area = (a.place ?? "").split(",").pop()?.trim() || words.day.noArea;
    areas.set(area, [...(areas.get(area) ?? []), a]);
  }
  return [...areas].map(([area, stops]) => ({ area, stops }))
    .sort((a, b) => byTime(a.stops[0]!, b.stops[0]!));
}

export function DaySheet() {
  const { data, refused } = useLoad<Home>("/api/home");
  if (data === null) return refused === null ? <Waiting /> : <><Title>{words.day.title}</Title><Refusal error={refused} /></>;
  const list = [...data.appointments].sort(byTime), areas = route(data.appointments);
  const what = (a: Appointment) => [choice(a.kind), choice(a.method), a.purpose].filter((x) => x !== null && x !== "").join(", ");
  return (
    <>
      <Title>{words.day.title}</Title>
      <p class="govuk-body">{date(data.today, true)}</p>
      <p class="fb-noprint"><button class="govuk-button" onClick={() => print()}>{words.print}</button>{" "}
        <Link to="/">{words.back}</Link></p>
      {list.length === 0 ? <p class="govuk-body">{words.home.todayNone}</p> : (
        <Table name={words.home.today} caption={words.home.today}
          columns={[words.day.time, words.people.name, words.day.what, words.day.place, words.day.notes]}>
          {list.map((a) => (
            <TableRow key={a.id}>
              <RowHead>{clock(a.start_at)}</RowHead>
              <Cell of={words.people.name}><Name>{a.name}</Name></Cell>
              <Cell of={words.day.what}><Text>{capital(what(a))}</Text></Cell>
              <Cell of={words.day.place}><Text>{a.place ?? ""}</Text></Cell>
              <Cell of={words.day.notes} />
            </TableRow>
          ))}
        </Table>
      )}
      {areas.length === 0 ? null : (
        <>
          <h2 class="govuk-heading-m">{words.day.route}</h2>
          {areas.map((r) => (
            <section key={r.area} aria-label={r.area}>
              <h3 class="govuk-heading-s"><Text>{r.area}</Text></h3>
              <ol class="govuk-list govuk-list--number">{r.stops.map((a) => (
                <li key={a.id}><strong>{clock(a.start_at)}</strong> <Text>{a.name.slice(0, 120)}</Text>, <Text>{a.place ?? ""}</Text></li>
              ))}</ol>
            </section>
          ))}
        </>
      )}
      {data.overdue.length === 0 ? null : (
        <>
          <h2 class="govuk-heading-m">{words.home.overdue}</h2>
          <ul class="govuk-list">{data.overdue.map((l) => (
            <li key={l.person}><Text>{l.name.slice(0, 120)}</Text>, {words.home.due(near(l.contact_due, data.today))}</li>
          ))}</ul>
        </>
      )}
    </>
  );
}
