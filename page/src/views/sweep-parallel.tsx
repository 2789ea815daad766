/** All points of a sweep in parallel coordinates, with a slider that selects one. */
import { useMemo, useState } from 'preact/hooks'
import type { Sweep } from '../api/types.js'
import { ParallelCoordinates } from '../draw/parallel-coordinates.js'
import { plural, whole } from '../format.js'
import { link } from '../router.js'
import { parameterAxis, scoreAxis } from '../sweeps/axes.js'
import { metricTitle, parameterNames, scoreText, scoreWithDeviation, valueText } from '../sweeps/names.js'
import { rankShare, type ScoredPoint } from '../sweeps/points.js'

interface Props {
  sweep: Pick<Sweep, 'parameters' | 'metric'>
  /** The best first. */
  ranked: readonly ScoredPoint[]
}

export function ParallelCard({ sweep, ranked }: Props) {
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
