/** The rows with the largest loss under the final network of a run. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { get } from '../api/client.js'
import type { Job, Model, WorstRows } from '../api/types.js'
import { ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { useQuery } from '../components/use-query.js'
import type { Cell } from '../draw/confusion-matrix.js'
import { RowPicture } from '../draw/row-picture.js'
import { day, plural, short, whole } from '../format.js'

const firstRows = 20
const mostRows = 1_000
const maxColumns = 8

type Coding = Model['coding']
type WorstRow = WorstRows['rows'][number]

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
  const heading = useRef<HTMLHeadingElement>(null)
  const key = cell === null ? '' : JSON.stringify(cell)
  // The card is below the matrix, whose cell was selected.
  useEffect(() => {
    if (key !== '') heading.current?.scrollIntoView({ block: 'nearest' })
  }, [key])
  const query = useQuery(isListed ? `${job.id} ${limit} ${key}` : null, (signal) =>
    get('/jobs/{id}/rows/worst', {
      id: job.id,
      query: { limit, cell: key === '' ? undefined : key },
      signal,
    }),
  )
  return (
    <div class="card" id="worst-rows">
      <h2 ref={heading}>Worst rows</h2>
      <p class="hint">
        The rows on which the final network has the largest loss. Wrong labels and rare cases come first.
      </p>
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
          <Rows worst={query.latest} coding={coding} />
          <ShowMore
            hasMore={query.latest.rows.length === limit && limit < mostRows}
            onClick={() => setLimit(Math.min(mostRows, 5 * limit))}
          />
        </>
      )}
    </div>
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

function Rows({ worst, coding }: { worst: WorstRows; coding: Coding }) {
  const { columns, rows } = worst
  if (rows.length === 0) return null
  const isPicture = coding.image !== undefined
  const features = new Map(coding.features.map((feature) => [feature.name, feature.type]))
  const shown = isPicture
    ? []
    : columns.flatMap((name, index) => (features.has(name) ? [{ name, index }] : [])).slice(0, maxColumns)
  const omitted = features.size - shown.length
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus
    <section class="scroll" tabIndex={0} aria-label="Worst rows">
      <table class="plain small">
        <caption class="visually-hidden">Rows with the largest loss, with their values</caption>
        <thead>
          <tr>
            <th scope="col" class="number">
              Row
            </th>
            {isPicture ? <th scope="col">Picture</th> : null}
            <th scope="col" class="number">
              Loss
            </th>
            <th scope="col">True</th>
            <th scope="col">Predicted</th>
            {shown.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((each) => (
            <tr key={each.row}>
              <th scope="row" class="number">
                {each.row}
              </th>
              {isPicture ? (
                <td>
                  <RowPicture row={each.row} values={each.values} columns={columns} coding={coding} />
                </td>
              ) : null}
              <td class="number">{short(each.loss)}</td>
              <td>{truthText(each.truth)}</td>
              <td>{predictionText(each.prediction)}</td>
              {shown.map(({ name, index }) => (
                <td key={name} class="cut">
                  {valueText(each.values[index], features.get(name) === 'date')}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {isPicture || omitted === 0 ? null : <p class="hint">and {plural(omitted, 'more column')}</p>}
    </section>
  )
}

function truthText({ label, labels, output }: WorstRow['truth']): string {
  return label ?? listText(labels) ?? (output ?? []).map((value) => short(value)).join(', ')
}

function predictionText({ label, labels, output, probabilities }: WorstRow['prediction']): string {
  const probability = label === undefined ? undefined : probabilities?.[label]
  if (label !== undefined) {
    return probability === undefined ? label : `${label} (${(100 * probability).toFixed(1)} %)`
  }
  return listText(labels) ?? output.map((value) => short(value)).join(', ')
}

const listText = (labels: readonly string[] | undefined) =>
  labels === undefined ? undefined : labels.length === 0 ? 'none' : labels.join(', ')

function valueText(value: WorstRow['values'][number] | undefined, isDate: boolean): string {
  if (value === null || value === undefined) return '–'
  if (typeof value !== 'number') return String(value)
  return isDate ? day(value) : short(value)
}
