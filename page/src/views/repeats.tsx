/** What several trainings of a job measure: means with deviations, the band of the curves, and the trainings. */
import { useState } from 'preact/hooks'
import type { Descent } from '../../../sdk/src/index.js'
import type { Job, Repeats } from '../api/types.js'
import { FigureList } from '../components/figure-list.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { BandCurve } from '../draw/band-curve.js'
import { ConfusionMatrix } from '../draw/confusion-matrix.js'
import { percent, plural, short, whole } from '../format.js'
import { link } from '../router.js'
import { metricTitle, scoreWithDeviation } from '../sweeps/names.js'
import { isUnfinished } from '../sweeps/progress.js'

const pollMilliseconds = 2_000
const metrics = ['valAccuracy', 'valLoss', 'accuracy', 'loss'] as const
type Metric = (typeof metrics)[number]

export const hasRepeats = ({ spec }: Job) => spec.repeats !== undefined || spec.folds !== undefined

export function RepeatsCard({ job }: { job: Job }) {
  const [isOver, setOver] = useState(false)
  const read = async (client: Descent) => {
    const found = await client.request('GET /jobs/{id}/repeats', { path: { id: job.id } })
    setOver(!isUnfinished(found))
    return found
  }
  const query = useQuery(job.id, read, isOver ? undefined : pollMilliseconds)
  const repeats = query.latest
  if (repeats === null) return <ErrorNotice error={query.error} />
  const measured = metrics.filter((metric) => repeats.metrics[metric] !== null)
  const drawn = measured.find((metric) => metric.endsWith('Loss') || metric === 'loss')
  return (
    <section class="card" aria-label="Repeats">
      <h2>{describe(repeats)}</h2>
      <p class="hint">
        {whole(repeats.done)} of {plural(repeats.total, 'training')} have succeeded. Means ± sample standard
        deviations.
      </p>
      <FigureList figures={measured.map((metric) => [metricTitle(metric), estimateText(repeats, metric)])} />
      {drawn === undefined ? null : <Band repeats={repeats} metric={drawn} />}
      {repeats.outOfFold === null ? null : <OutOfFold pooled={repeats.outOfFold} />}
      <p class="trial-links">
        {repeats.trials.map(({ trial, jobId, fold, repeat, status }) => (
          <a key={trial} href={link('runs', jobId)}>
            {fold === null
              ? `seed ${repeat}`
              : repeats.repeats > 1
                ? `fold ${fold}, seed ${repeat}`
                : `fold ${fold}`}
            {status === 'succeeded' ? '' : ` (${status})`}
          </a>
        ))}
      </p>
    </section>
  )
}

/** The evaluation of all rows, each predicted by a training that has not seen it. */
function OutOfFold({ pooled }: { pooled: NonNullable<Repeats['outOfFold']> }) {
  const caption = `Out-of-fold predictions of ${plural(pooled.count, 'row')}`
  switch (pooled.type) {
    case 'classification':
      return (
        <>
          <FigureList figures={[['Accuracy out of fold', percent(pooled.accuracy)]]} />
          {pooled.confusion === null ? null : (
            <ConfusionMatrix classes={pooled.classes} confusion={pooled.confusion} caption={caption} />
          )}
        </>
      )
    case 'multiLabel':
      return (
        <>
          {pooled.labels.map(({ name, confusion }) => (
            <ConfusionMatrix
              key={name}
              classes={['no', 'yes']}
              confusion={confusion}
              caption={`${caption}: ${name}`}
            />
          ))}
        </>
      )
    case 'regression':
      return (
        <FigureList
          figures={pooled.targets.flatMap(({ name, rmse, mae, r2 }): [string, string][] => [
            [`RMSE of ${name} out of fold`, short(rmse)],
            [`MAE of ${name} out of fold`, short(mae)],
            [`R² of ${name} out of fold`, short(r2)],
          ])}
        />
      )
    default:
      return pooled satisfies never
  }
}

function describe({ repeats, folds }: Repeats): string {
  if (folds === null) return plural(repeats, 'seed')
  return repeats === 1 ? plural(folds, 'fold') : `${plural(folds, 'fold')} × ${plural(repeats, 'seed')}`
}

function estimateText({ metrics }: Repeats, metric: Metric): string {
  const estimate = metrics[metric]
  if (estimate === null) return '–'
  return scoreWithDeviation(metric, { score: estimate.mean, deviation: estimate.deviation })
}

function Band({ repeats, metric }: { repeats: Repeats; metric: Metric }) {
  const points = repeats.curves.flatMap(({ epoch, ...values }) => {
    const [mean, deviation] = values[metric] ?? []
    return mean === undefined || deviation === undefined ? [] : [{ epoch, mean, deviation }]
  })
  return points.length < 2 ? null : <BandCurve points={points} name={metricTitle(metric)} />
}
