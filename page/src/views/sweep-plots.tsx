/** The plots of a sweep: parallel coordinates, heat map, best score so far, importance of parameters. */
import { useMemo, useState } from 'preact/hooks'
import type { Sweep } from '../api/types.js'
import { SelectField } from '../components/field.js'
import { Meter } from '../components/meter.js'
import { Curves } from '../draw/curves.js'
import { HeatMapTable } from '../draw/heat-map.js'
import { ParallelCoordinates } from '../draw/parallel-coordinates.js'
import { percent, plural, whole } from '../format.js'
import { link } from '../router.js'
import { parameterAxis, scoreAxis } from '../sweeps/axes.js'
import { bestSoFar } from '../sweeps/best-so-far.js'
import { type Cell, toHeatMap } from '../sweeps/heat-map.js'
import { bins, importances } from '../sweeps/importance.js'
import {
  isAccuracy,
  metricTitle,
  parameterNames,
  scoreText,
  scoreWithDeviation,
  valueText,
} from '../sweeps/names.js'
import { rankPoints, type ScoredPoint, type SweepPoint } from '../sweeps/points.js'

interface Props {
  sweep: Pick<Sweep, 'parameters' | 'metric' | 'direction' | 'seeds'>
  /** The best first. */
  ranked: readonly ScoredPoint[]
}

const fewestPoints = 2

export function SweepPlots({ sweep, points }: Pick<Props, 'sweep'> & { points: readonly SweepPoint[] }) {
  const ranked = useMemo(() => rankPoints(points, sweep.direction), [points, sweep.direction])
  if (ranked.length < fewestPoints) return null
  return (
    <>
      <ParallelCard sweep={sweep} ranked={ranked} />
      {sweep.parameters.length < 2 ? null : <HeatMapCard sweep={sweep} ranked={ranked} />}
      <div class="columns">
        <BestSoFarCard sweep={sweep} ranked={ranked} />
        <ImportanceCard sweep={sweep} ranked={ranked} />
      </div>
    </>
  )
}

/** 1 for the best of `count` ranks, 0 for the worst. */
const rankShare = (rank: number, count: number) => (count === 1 ? 1 : 1 - rank / (count - 1))

function ParallelCard({ sweep, ranked }: Props) {
  const [chosen, setChosen] = useState(0)
  const { parameters, metric } = sweep
  const names = parameterNames(parameters.map(({ path }) => path))
  const [axes, lines] = useMemo(() => {
    const own = parameters.map((each) => parameterAxis(each, names.get(each.path) ?? each.path, ranked))
    const scores = scoreAxis(metric, ranked)
    const drawn = ranked.map(({ values, score }, rank) => ({
      positions: [
        ...own.map((axis, index) => axis.position(values[parameters[index]?.path ?? ''])),
        scores.position(score),
      ],
      share: rankShare(rank, ranked.length),
    }))
    return [[...own, scores], drawn]
  }, [ranked])
  const selected = Math.min(chosen, ranked.length - 1)
  const point = ranked[selected]
  return (
    <div class="card">
      <h2>All points</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus */}
      <section class="scroll" tabIndex={0} aria-label="Parallel coordinates">
        <ParallelCoordinates
          axes={axes}
          lines={lines}
          selected={selected}
          label={`Parallel coordinates of ${plural(ranked.length, 'point')} over ${axes.map(({ name }) => name).join(', ')}`}
          onSelect={setChosen}
        />
      </section>
      <ScoreLegend metric={metric} ranked={ranked} />
      <div class="chosen-point">
        <label>
          <span>Rank</span>
          <input
            type="range"
            min={1}
            max={ranked.length}
            value={selected + 1}
            onInput={(event) => setChosen(event.currentTarget.valueAsNumber - 1)}
          />
        </label>
        <output>
          {point === undefined
            ? ''
            : describePoint(sweep, point, `${selected + 1} of ${ranked.length}`, names)}
        </output>
        {point?.trials[0] === undefined ? null : (
          <a class="button" href={link('new', point.trials[0].jobId)}>
            Take this spec
          </a>
        )}
      </div>
    </div>
  )
}

function describePoint(
  { metric }: Props['sweep'],
  { point, values, ...scored }: ScoredPoint,
  rank: string,
  names: ReadonlyMap<string, string>,
): string {
  const settings = Object.entries(values).map(([path, value]) => `${names.get(path)} ${valueText(value)}`)
  return `${rank}: point ${whole(point)}, ${settings.join(', ')}. ${metricTitle(metric)} ${scoreWithDeviation(metric, scored)}`
}

/** Colours are by rank, since a few diverged points would leave all others one colour. */
function ScoreLegend({ metric, ranked }: { metric: Sweep['metric']; ranked: readonly ScoredPoint[] }) {
  const at = (share: number) => scoreText(metric, ranked[Math.round(share * (ranked.length - 1))]?.score)
  return (
    <p class="score-legend">
      <span>best {at(0)}</span>
      <span class="scale" aria-hidden="true" />
      <span>worst {at(1)}</span>
      <span>Colour is by rank. The median is {at(0.5)}.</span>
    </p>
  )
}

function HeatMapCard({ sweep, ranked }: Props) {
  const { parameters, metric, direction } = sweep
  const paths = parameters.map(({ path }) => path)
  const [column, setColumn] = useState(paths[0] ?? '')
  const [row, setRow] = useState(paths[1] ?? '')
  const names = parameterNames(paths)
  const options = paths.map((path) => [path, names.get(path) ?? path] as const)
  const find = (path: string) => parameters.find((parameter) => parameter.path === path)
  const [columnParameter, rowParameter] = [find(column), find(row)]
  const map = useMemo(
    () =>
      columnParameter === undefined || rowParameter === undefined
        ? null
        : toHeatMap(ranked, columnParameter, rowParameter),
    [ranked, column, row],
  )
  if (map === null) return null
  const ordered = rankedScores(map.cells, direction)
  return (
    <div class="card">
      <div class="controls">
        <h2>Mean {metricTitle(metric)}</h2>
        {paths.length === 2 ? null : (
          <>
            <SelectField
              label="Columns"
              value={column}
              options={options.filter(([path]) => path !== row)}
              onChange={setColumn}
            />
            <SelectField
              label="Rows"
              value={row}
              options={options.filter(([path]) => path !== column)}
              onChange={setRow}
            />
          </>
        )}
      </div>
      <HeatMapTable
        map={map}
        columnName={names.get(column) ?? column}
        rowName={names.get(row) ?? row}
        caption={`Mean ${metricTitle(metric)} by ${names.get(column)} and ${names.get(row)}`}
        shareOf={(score) => rankShare(ordered.indexOf(score), ordered.length)}
        format={(score) => scoreText(metric, score)}
      />
      <p class="hint">
        Each cell has the mean over all values of the other parameters. The best cell has the strongest
        colour.
      </p>
    </div>
  )
}

/** The distinct means of the cells, the best first. */
function rankedScores(cells: readonly (readonly (Cell | null)[])[], direction: Sweep['direction']): number[] {
  const scores = cells.flat().flatMap((cell) => (cell === null ? [] : [cell.score]))
  const sign = direction === 'minimize' ? 1 : -1
  return [...new Set(scores)].sort((one, other) => sign * (one - other))
}

function BestSoFarCard({ sweep, ranked }: Props) {
  const { metric, direction } = sweep
  const data = useMemo(() => bestSoFar(ranked, direction), [ranked, direction])
  return (
    <div class="card">
      <h2>Best so far</h2>
      <Curves
        data={data}
        curves={[{ label: 'best', colour: '--series-1' }]}
        label={`Best ${metricTitle(metric)} after each trial, now ${scoreText(metric, ranked[0]?.score)}`}
        xLabel="trials"
        yLabel={metricTitle(metric)}
        asPercent={isAccuracy(metric)}
        height={200}
      />
    </div>
  )
}

function ImportanceCard({ sweep, ranked }: Props) {
  const paths = sweep.parameters.map(({ path }) => path)
  const names = parameterNames(paths)
  const shares = useMemo(() => importances(paths, ranked), [paths.join(), ranked])
  return (
    <div class="card">
      <h2>Importance of the parameters</h2>
      <table class="plain wrapping importance">
        <thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col" class="number">
              Explained variance
            </th>
            <th scope="col" class="number">
              By chance
            </th>
          </tr>
        </thead>
        <tbody>
          {shares.map(({ path, share, byChance }) => (
            <tr key={path}>
              <th scope="row">{names.get(path)}</th>
              <td class="number">
                {percent(share)}
                <Meter share={share} />
              </td>
              <td class="number">{percent(byChance)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        The share of the variance of the scores of {plural(ranked.length, 'point')} that the means by value of
        one parameter explain (main effect, the first-order part of fANOVA, Hutter et al. 2014), with numbers
        of more than {bins} values in {bins} quantiles. A parameter without effect has about the share by
        chance.
      </p>
    </div>
  )
}
