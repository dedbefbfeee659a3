// The case load: those whose contact is due first stand at the top.
import { type Caseload, type Line } from "../api";
import { useLoad } from "../load";
import { Link } from "../router";
import { capital, choice, date, moment, words } from "../words";
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
          <div class="fb-scroll" tabIndex={0} role="region" aria-label={words.people.mine}>
            <table class="govuk-table">
              <caption class="govuk-table__caption govuk-table__caption--m">{words.people.mine} <span class="fb-count">({data.people.length})</span>
                <br /><span class="fb-small">{words.people.sort}{data.cut ? ` ${words.people.cut}` : ""}</span></caption>
              <thead class="govuk-table__head">
                <tr class="govuk-table__row">
                  <th scope="col" class="govuk-table__header">{words.people.name}</th>
                  <th scope="col" class="govuk-table__header">{words.people.level}</th>
                  <th scope="col" class="govuk-table__header">{words.people.next}</th>
                  <th scope="col" class="govuk-table__header">{words.people.contact}</th>
                </tr>
              </thead>
              <tbody class="govuk-table__body">
                {[...data.people].sort(by).map((l) => (
                  <tr class="govuk-table__row" key={l.person}>
                    <th scope="row" class="govuk-table__header fb-people__name">
                      <Link to={`/people/${l.person}`}><Name>{l.name}</Name></Link>
                      {l.alerts > 0 ? <> <span class="moj-badge moj-badge--red">{words.people.alerts(l.alerts)}</span></> : null}
                    </th>
                    <td class="govuk-table__cell">{capital(choice(l.level))}
                      {l.status && l.status !== "active" ? <> <Tag kind="orange">{capital(choice(l.status))}</Tag></> : null}</td>
                    <td class="govuk-table__cell">{moment(l.next_at)}</td>
                    <td class="govuk-table__cell">{l.contact_due === undefined ? "" : l.overdue === true
                      ? <><Tag kind="red">{capital(words.home.due(date(l.contact_due)))}</Tag></>
                      : capital(words.home.dueOn(date(l.contact_due)))}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
    </>
  );
}
