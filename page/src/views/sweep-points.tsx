/** The table of the points of a sweep, with a link to the run of each trial. */
import { useMemo, useState } from 'preact/hooks'
import type { Sweep, Trial } from '../api/types.js'
import { ShowMore } from '../components/show-more.js'
import { whole } from '../format.js'
import { link } from '../router.js'
import { deviationText, metricTitle, parameterNames, scoreText, valueText } from '../sweeps/names.js'
import { type SweepPoint, trialsPerPoint } from '../sweeps/points.js'
import { type Sorting, sortPoints } from '../sweeps/sorting.js'

const firstRows = 25

interface Props {
  sweep: Pick<Sweep, 'parameters' | 'metric' | 'seeds' | 'folds' | 'direction'>
  points: readonly SweepPoint[]
}

interface Column {
  column: string
  title: string
  isNumber: boolean
}

export function PointTable({ sweep, points }: Props) {
  const [sorting, setSorting] = useState<Sorting>({
    column: 'score',
    isDescending: sweep.direction === 'maximize',
  })
  const [limit, setLimit] = useState(firstRows)
  const sorted = useMemo(() => sortPoints(points, sorting), [points, sorting])
  const paths = sweep.parameters.map(({ path }) => path)
  const parameters = useMemo(() => parameterColumns(paths, points), [paths.join(), points])
  const columns: Column[] = [
    { column: 'point', title: 'Point', isNumber: true },
    { column: 'score', title: metricTitle(sweep.metric), isNumber: true },
    ...(trialsPerPoint(sweep) === 1 ? [] : [{ column: 'deviation', title: '± deviation', isNumber: true }]),
    ...parameters,
    { column: 'status', title: 'Status', isNumber: false },
  ]
  return (
    <div class="card">
      <h2>Points</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus */}
      <section class="scroll" tabIndex={0} aria-label="Points">
        <table class="plain rows points">
          <thead>
            <tr>
              {columns.map((each) => (
                <SortableHead key={each.column} {...each} sorting={sorting} onSort={setSorting} />
              ))}
              <th scope="col">{trialsPerPoint(sweep) === 1 ? 'Run' : 'Runs'}</th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, limit).map((point) => (
              <Row key={point.point} point={point} parameters={parameters} sweep={sweep} />
            ))}
          </tbody>
        </table>
      </section>
      <ShowMore hasMore={limit < sorted.length} onClick={() => setLimit(4 * limit)} />
    </div>
  )
}

function parameterColumns(paths: readonly string[], points: readonly SweepPoint[]): Column[] {
  const names = parameterNames(paths)
  return paths.map((path) => ({
    column: path,
    title: names.get(path) ?? path,
    isNumber: points.every(({ values }) => ['number', 'undefined'].includes(typeof values[path])),
  }))
}

/** The first click sorts upwards, the next one downwards. */
function SortableHead(props: Column & { sorting: Sorting; onSort(sorting: Sorting): void }) {
  const { column, title, isNumber, sorting, onSort } = props
  const isSorted = sorting.column === column
  const { isDescending } = sorting
  return (
    <th
      scope="col"
      class={isNumber ? 'number' : undefined}
      aria-sort={isSorted ? (isDescending ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        class="sort"
        onClick={() => onSort({ column, isDescending: isSorted && !isDescending })}
      >
        {title}
        <span aria-hidden="true">{isSorted ? (isDescending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  )
}

interface RowProps {
  point: SweepPoint
  parameters: readonly Column[]
  sweep: Props['sweep']
}

function Row({ point, parameters, sweep }: RowProps) {
  const { metric } = sweep
  return (
    <tr>
      <td class="number">{whole(point.point)}</td>
      <td class="number">{scoreText(metric, point.score)}</td>
      {trialsPerPoint(sweep) === 1 ? null : <td class="number">{deviationText(metric, point.deviation)}</td>}
      {parameters.map(({ column, isNumber }) => {
        const text = valueText(point.values[column])
        return (
          <td key={column} class={isNumber ? 'number' : 'cut'} title={isNumber ? undefined : text}>
            {text}
          </td>
        )
      })}
      <td>
        <span class={`pill ${point.status}`}>{point.status}</span>
      </td>
      <td>
        <TrialLinks trials={point.trials} />
      </td>
    </tr>
  )
}

const maxLinks = 5

function TrialLinks({ trials }: { trials: readonly Trial[] }) {
  const links = trials.map(({ trial, jobId, seed }) => (
    <a key={trial} href={link('runs', jobId)} aria-label={`Run of trial ${trial}, seed ${seed}`}>
      #{trial}
    </a>
  ))
  if (links.length <= maxLinks) return <span class="trial-links">{links}</span>
  return (
    <details>
      <summary>{whole(links.length)} runs</summary>
      <span class="trial-links">{links}</span>
    </details>
  )
}
