/** How the predictions of a run depend on one column. */
import { useState } from 'preact/hooks'
import type { Dependence, Job } from '../api/types.js'
import { SelectField } from '../components/field.js'
import { Meter } from '../components/meter.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { DependenceLine } from '../draw/dependence-line.js'
import { day, percent, short } from '../format.js'

interface Point {
  value: Dependence['points'][number]['value']
  mean: number
}

export function DependenceFigure({ job, column }: { job: Job; column: string }) {
  const { value: dependence, error } = useQuery(`${job.id} ${column}`, (client) =>
    client.request('GET /jobs/{id}/dependence', { path: { id: job.id }, query: { column } }),
  )
  return (
    <section aria-label={`Dependence on ${column}`}>
      <h3>Dependence on {column}</h3>
      <ErrorNotice error={error} />
      {dependence === null && error === null ? <p class="waiting">Predicting …</p> : null}
      {dependence === null ? null : <Figure dependence={dependence} />}
    </section>
  )
}

function Figure({ dependence }: { dependence: Dependence }) {
  const { column, type, outputs, points, areProbabilities } = dependence
  const [output, setOutput] = useState(outputs[0] ?? '')
  const index = Math.max(0, outputs.indexOf(output))
  const name = outputs[index] ?? ''
  const drawn = points.flatMap(({ value, means }): Point[] => {
    const mean = means[index]
    return mean === null || mean === undefined ? [] : [{ value, mean }]
  })
  const title = areProbabilities ? `mean probability of ${name}` : `mean prediction of ${name}`
  const isLine = type === 'number' || type === 'date'
  return (
    <>
      {outputs.length > 1 ? (
        <SelectField
          label={areProbabilities ? 'Class' : 'Target'}
          value={name}
          onChange={setOutput}
          options={outputs.map((each) => [each, each])}
        />
      ) : null}
      <p class="hint">
        The {title} if all rows had the same {column}.
      </p>
      {isLine && drawn.length > 1 ? (
        <DependenceLine
          points={drawn.map(({ value, mean }) => [Number(value), mean])}
          x={column}
          y={title}
          isDate={type === 'date'}
        />
      ) : (
        <Values points={drawn} column={column} title={title} dependence={dependence} />
      )}
    </>
  )
}

function Values(props: { points: readonly Point[]; column: string; title: string; dependence: Dependence }) {
  const { points, column, title, dependence } = props
  const means = points.map(({ mean }) => mean)
  const least = dependence.areProbabilities ? 0 : Math.min(0, ...means)
  const greatest = dependence.areProbabilities ? 1 : Math.max(0, ...means)
  const share = (mean: number) => (greatest > least ? (mean - least) / (greatest - least) : 0)
  return (
    <table class="plain importance">
      <caption class="visually-hidden">
        {title} by {column}
      </caption>
      <thead>
        <tr>
          <th scope="col">{column}</th>
          <th scope="col" class="number">
            Mean
          </th>
          <td />
        </tr>
      </thead>
      <tbody>
        {points.map(({ value, mean }) => (
          <tr key={String(value)}>
            <th scope="row">{dependence.type === 'date' ? day(Number(value)) : String(value)}</th>
            <td class="number">{dependence.areProbabilities ? percent(mean) : short(mean)}</td>
            <td class="wide">
              <Meter share={share(mean)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
