/** The rows with the largest loss under the final network of a run. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Job, Model, WorstRows } from '../api/types.js'
import { Choice } from '../components/field.js'
import { ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { useQuery } from '../components/use-query.js'
import type { Cell } from '../draw/confusion-matrix.js'
import { plural, whole } from '../format.js'
import { patchedRequest } from '../job-request.js'
import { go } from '../router.js'
import { WorstRowTable } from './worst-row-table.js'

const firstRows = 20
const mostRows = 1_000
type Coding = Model['coding']

interface Props {
  job: Job
  coding: Coding
  /** The selected cell of the confusion matrix. */
  cell: Cell | null
  /** Whether the rows are requested. */
  isListed: boolean
  onList(): void
  onAllRows(): void
}

export function WorstRowsCard({ job, coding, cell, isListed, onList, onAllRows }: Props) {
  const [limit, setLimit] = useState(firstRows)
  const [split, setSplit] = useState<'training' | 'validation'>(hasOthers(job) ? 'validation' : 'training')
  const heading = useRef<HTMLHeadingElement>(null)
  const key = cell === null ? '' : JSON.stringify(cell)
  // The card is below the matrix, whose cell was selected.
  useEffect(() => {
    if (key !== '') heading.current?.scrollIntoView({ block: 'nearest' })
  }, [key])
  const query = useQuery(isListed ? `${job.id} ${split} ${limit} ${key}` : null, (client) =>
    client.request('GET /jobs/{id}/rows/worst', {
      path: { id: job.id },
      query: { limit, split, cell: key === '' ? undefined : key },
    }),
  )
  return (
    <div class="card" id="worst-rows">
      <h2 ref={heading}>Worst rows</h2>
      <p class="hint">
        The rows on which the final network has the largest loss. Wrong labels and rare cases come first.
      </p>
      {hasOthers(job) && isListed ? (
        <Choice
          label="Rows"
          value={split}
          onChange={setSplit}
          options={[
            ['validation', 'validation'],
            ['training', 'training'],
          ]}
        />
      ) : null}
      {cell === null ? null : (
        <p>
          Only rows of <b>{cell[0]}</b> predicted as <b>{cell[1]}</b>.{' '}
          <button type="button" class="plain" onClick={onAllRows}>
            Show all rows
          </button>
        </p>
      )}
      {isListed ? null : (
        <p>
          <button type="button" onClick={onList}>
            Find the worst rows
          </button>
        </p>
      )}
      <ErrorNotice error={query.error} />
      {isListed && query.latest === null && query.error === null ? (
        <p class="waiting">Predicting all rows …</p>
      ) : null}
      {query.latest === null ? null : (
        <>
          <p class="hint" role="status">
            {describeRows(query.latest, job)}
          </p>
          <MarkedRows key={query.latest.split} job={job} coding={coding} worst={query.latest} />
          <ShowMore
            hasMore={query.latest.rows.length === limit && limit < mostRows}
            onClick={() => setLimit(Math.min(mostRows, 5 * limit))}
          />
        </>
      )}
    </div>
  )
}

const hasOthers = ({ spec }: Job) =>
  spec.validationDataset !== undefined || spec.validationFold !== undefined || spec.validationSplit > 0

/** Training rows can be marked, to train again without them. */
function MarkedRows({ job, coding, worst }: Pick<Props, 'job' | 'coding'> & { worst: WorstRows }) {
  const [marked, setMarked] = useState<ReadonlySet<number>>(new Set())
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isStarting, setStarting] = useState(false)
  const toggle = (row: number) => {
    const rows = new Set(marked)
    if (!rows.delete(row)) rows.add(row)
    setMarked(rows)
  }
  const start = async () => {
    setStarting(true)
    try {
      const excludedRows = [...new Set([...(job.spec.excludedRows ?? []), ...marked])].sort((a, b) => a - b)
      const title = `without ${plural(excludedRows.length, 'row')}`
      const { id } = await client.jobs.create(patchedRequest(job, { patch: { excludedRows }, title }))
      go('compare', `${job.id},${id}`)
    } catch (error) {
      setProblem(toProblem(error))
    }
    setStarting(false)
  }
  if (worst.split === 'validation') return <WorstRowTable worst={worst} coding={coding} marking={null} />
  return (
    <>
      <ErrorNotice error={problem} />
      <WorstRowTable worst={worst} coding={coding} marking={{ marked, onToggle: toggle }} />
      <p>
        <button type="button" disabled={marked.size === 0 || isStarting} onClick={start}>
          Train without the marked rows
        </button>{' '}
        <span class="hint">
          With the same seed and order, and compared with this run: the difference is the influence of these
          rows.
        </span>
      </p>
    </>
  )
}

function describeRows({ split, available, count, matching, rows, unanswered }: WorstRows, job: Job): string {
  const amount = count < available ? `${whole(count)} of ${whole(available)}` : whole(count)
  const shown = `${whole(rows.length)} of ${whole(matching)} rows, out of ${amount} ${split} rows.`
  const learned =
    split === 'training'
      ? ' The network was trained on them, so it may have learned wrong labels by heart.'
      : ''
  const folds =
    job.spec.earlyStopping?.folds === undefined
      ? ''
      : ' The confusion matrix counts the predictions of the folds, so its numbers differ.'
  const missing = unanswered === 0 ? '' : ` The loss of ${plural(unanswered, 'row')} was not finite.`
  return shown + learned + folds + missing
}
