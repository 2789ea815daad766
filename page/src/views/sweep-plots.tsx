/** The plots of a sweep. */
import { useMemo } from 'preact/hooks'
import type { Sweep } from '../api/types.js'
import { Curves } from '../draw/curves.js'
import { bestSoFar } from '../sweeps/best-so-far.js'
import { isAccuracy, metricTitle, scoreText } from '../sweeps/names.js'
import { rankPoints, type ScoredPoint, type SweepPoint } from '../sweeps/points.js'
import { HeatMapCard } from './sweep-heat-map.js'
import { ImportanceCard } from './sweep-importance.js'
import { ParallelCard } from './sweep-parallel.js'

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
