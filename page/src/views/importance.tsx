/** Which columns the final network of a run uses, and how its predictions depend on one of them. */
import { useState } from 'preact/hooks'
import type { Importance, Job } from '../api/types.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { DeviationBar } from '../draw/deviation-bar.js'
import { percent, plural, short, whole } from '../format.js'
import { DependenceFigure } from './dependence.js'

const firstColumns = 15

export function ImportanceCard({ job }: { job: Job }) {
  const [isMeasured, setMeasured] = useState(false)
  const [column, setColumn] = useState<string | null>(null)
  const query = useQuery(isMeasured ? job.id : null, (client) =>
    client.request('GET /jobs/{id}/importance', { path: { id: job.id } }),
  )
  return (
    <div class="card" id="importance">
      <h2>What matters</h2>
      <p class="hint">
        How much worse the predictions are when the values of a column are shuffled among the rows. A column
        without effect has 0.
      </p>
      {isMeasured ? null : (
        <p>
          <button type="button" onClick={() => setMeasured(true)}>
            Measure the importance
          </button>
        </p>
      )}
      <ErrorNotice error={query.error} />
      {isMeasured && query.value === null && query.error === null ? (
        <p class="waiting">Shuffling and predicting …</p>
      ) : null}
      {query.value === null ? null : (
        <>
          <p class="hint" role="status">
            {describeScore(query.value)}
          </p>
          <Columns importance={query.value} selected={column} onSelect={setColumn} />
        </>
      )}
      {column === null ? null : <DependenceFigure job={job} column={column} />}
    </div>
  )
}

const scoreText = (score: Importance['score'], value: number) =>
  score === 'accuracy' ? percent(value) : short(value)

function describeScore({ score, baseline, split, count, available, repeats }: Importance): string {
  const name = score === 'accuracy' ? 'accuracy' : 'R²'
  const amount = count < available ? `${whole(count)} of ${whole(available)}` : whole(count)
  const rows =
    split === 'validation'
      ? `${amount} validation rows`
      : `${amount} training rows, because this run has no validation rows`
  return (
    `The ${name} without shuffling is ${scoreText(score, baseline)}, on ${rows}. Decreases of the ${name} are means over ` +
    `${plural(repeats, 'shuffle')}, ± one standard deviation.`
  )
}

interface ColumnsProps {
  importance: Importance
  selected: string | null
  onSelect(column: string): void
}

function Columns({ importance: { columns, score }, selected, onSelect }: ColumnsProps) {
  const [showsAll, setShowsAll] = useState(false)
  const ends = columns.flatMap(({ mean, deviation }) => [mean - deviation, mean + deviation])
  const least = ends.reduce((a, b) => Math.min(a, b), 0)
  const greatest = ends.reduce((a, b) => Math.max(a, b), 0)
  const range = { least, greatest: greatest > least ? greatest : least + 1 }
  return (
    <>
      <table class="plain importance">
        <caption class="visually-hidden">Importance of the columns</caption>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col" class="number">
              Decrease
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {columns.slice(0, showsAll ? columns.length : firstColumns).map(({ name, mean, deviation }) => (
            <tr key={name}>
              <th scope="row">
                <button
                  type="button"
                  class="plain"
                  aria-pressed={name === selected}
                  onClick={() => onSelect(name)}
                >
                  {name}
                </button>
              </th>
              <td class="number">
                {scoreText(score, mean)} ± {scoreText(score, deviation)}
              </td>
              <td class="wide">
                <DeviationBar mean={mean} deviation={deviation} range={range} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {showsAll || columns.length <= firstColumns ? null : (
        <p class="more">
          <button type="button" onClick={() => setShowsAll(true)}>
            Show all {whole(columns.length)} columns
          </button>
        </p>
      )}
      <p class="hint">Choose a column to see how the predictions depend on it.</p>
    </>
  )
}
