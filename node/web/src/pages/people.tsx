// The case load: those whose contact is due first stand at the top.
import { type Caseload, type Line } from "../api";
import { useLoad } from "../load";
import { Link } from "../router";
import { capital, choice, clock, near, words } from "../words";
import { Cell, RowHead, Table, TableRow } from "../parts/table";
import { Name, Refusal, Tag, Title, Waiting } from "../parts/small";

const by = (a: Line, b: Line) => {
  const x = a.contact_due ?? "9", y = b.contact_due ?? "9";
  return x === y ? (a.name < b.name ? -1 : 1) : x < y ? -1 : 1;
};

export function People() {
  const { data, refused } = useLoad<Caseload>("/api/people");
  return (
    <>
      <Title>{words.people.title}</Title>
      <Refusal error={refused} />
      {data === null ? (refused === null ? <Waiting /> : null) : data.people.length === 0
        ? <p class="govuk-body">{words.people.none}</p> : (
          <Table name={words.people.mine}
            columns={[words.people.name, words.people.level, words.people.next, words.people.contact]}
            caption={<>{words.people.mine} <span class="fb-count">({data.people.length})</span>
              <br /><span class="fb-small">{words.people.sort}{data.cut ? ` ${words.people.cut}` : ""}</span></>}>
            {[...data.people].sort(by).map((l) => (
              <TableRow key={l.person}>
                <RowHead>
                  <Link to={`/people/${l.person}`}><Name>{l.name}</Name></Link>
                  {l.alerts > 0 ? <span class="moj-badge moj-badge--red">{words.people.alerts(l.alerts)}</span> : null}
                </RowHead>
                <Cell of={words.people.level}>{l.level ? capital(choice(l.level)) : null}
                  {l.status && l.status !== "active" ? <> <Tag kind="orange">{capital(choice(l.status))}</Tag></> : null}</Cell>
                <Cell of={words.people.next}>{l.next_at === undefined ? null
                  : `${near(l.next_at, data.today)}, ${clock(l.next_at)}`}</Cell>
                <Cell of={words.people.contact}>{l.contact_due === undefined ? null : l.overdue === true
                  ? <Tag kind="red">{capital(words.home.due(near(l.contact_due, data.today)))}</Tag>
                  : capital(words.home.dueOn(near(l.contact_due, data.today)))}</Cell>
              </TableRow>
            ))}
          </Table>
        )}
    </>
  );
}
