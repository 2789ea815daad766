/** Every model there is. */
import { useState } from 'preact/hooks'
import { get } from '../api/client.js'
import { ago, percent, plural, short, whole } from '../format.js'
import { pagesOf, useAsked } from '../parts/asking.js'
import { Heading } from '../parts/heading.js'
import { Empty, RefusalNotice } from '../parts/notice.js'
import { link } from '../router.js'

const pageSize = 50

export function ModelsView() {
  const [limit, setLimit] = useState(pageSize)
  const list = useAsked(String(limit), () =>
    pagesOf((after) => get('/models', { query: { limit: pageSize, after } }), limit),
  )
  const models = list.latest?.data ?? []
  return (
    <section>
      <div class="heading">
        <Heading>Models</Heading>
      </div>
      <RefusalNotice refusal={list.refusal} />
      {list.value !== null && models.length === 0 ? (
        <Empty title="No model yet">
          Every run that succeeds leaves one. <a href={link('playground')}>Train one now.</a>
        </Empty>
      ) : null}
      {models.length === 0 ? null : (
        <div class="card scroll">
          <table class="plain rows">
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">Inputs</th>
                <th scope="col">Answers</th>
                <th scope="col" class="number">
                  Parameters
                </th>
                <th scope="col" class="number">
                  Loss
                </th>
                <th scope="col" class="number">
                  Accuracy
                </th>
                <th scope="col">Made</th>
              </tr>
            </thead>
            <tbody>
              {models.map(({ id, name, columns, classes, parameters, metrics, createdAt }) => (
                <tr key={id}>
                  <td class="name">
                    <a href={link('models', id)}>{name ?? id.slice(0, 12)}</a>
                  </td>
                  <td class="cut">
                    {columns.length > 4 ? plural(columns.length, 'column') : columns.join(', ')}
                  </td>
                  <td class="cut">
                    {classes === null
                      ? 'numbers'
                      : classes.length > 4
                        ? plural(classes.length, 'class', 'classes')
                        : classes.join(', ')}
                  </td>
                  <td class="number">{whole(parameters)}</td>
                  <td class="number">{short(metrics.loss)}</td>
                  <td class="number">{percent(metrics.valAccuracy ?? metrics.accuracy)}</td>
                  <td class="when">{ago(createdAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.latest?.hasMore ? (
        <p class="more">
          <button type="button" onClick={() => setLimit(limit + pageSize)}>
            Show more
          </button>
        </p>
      ) : null}
    </section>
  )
}
