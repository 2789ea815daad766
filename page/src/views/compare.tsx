/** Several runs on the same axes. */
import { useEffect, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { client } from '../api/client.js'
import { PageError, type Problem, toProblem } from '../api/problem.js'
import type { Epoch, Job } from '../api/types.js'
import { Choice } from '../components/field.js'
import { Heading } from '../components/heading.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { StatusPill } from '../components/status.js'
import { useQuery } from '../components/use-query.js'
import { Curves } from '../draw/curves.js'
import { drawable } from '../draw/history-curves.js'
import { bestEpochName, scaleName } from '../figures.js'
import { duration, percent, short, timeUnit, whole } from '../format.js'
import { isAccuracy, type Metric, metricNames, metrics, smoothed } from '../history.js'
import { link } from '../router.js'
import { metricTitle } from '../sweeps/names.js'
import { hasRepeats } from './repeats.js'

/** Trials end after their jobs. */
const comparisonMilliseconds = 5_000
/** Points per run. */
const points = 1_500
const series = 8

interface Compared {
  job: Job
  epochs: Epoch[]
}

export function CompareView({ ids }: { ids: string[] }) {
  const { runs, problem } = useCompared(ids)
  return (
    <section>
      <div class="heading">
        <Heading>Comparison</Heading>
        <a href={link('runs')}>All runs</a>
      </div>
      <ErrorNotice error={problem} />
      {ids.length === 0 ? (
        <Empty title="No runs selected">
          Select runs in <a href={link('runs')}>the table of runs</a>, then press Compare.
        </Empty>
      ) : null}
      {runs === null && problem === null ? <p class="waiting">Loading curves …</p> : null}
      {runs === null || ids.length === 0 ? null : (
        <>
          {runs.length === 2 ? <DifferenceNote runs={runs} /> : null}
          {runs.length === 2 ? <ComparisonNote runs={runs} /> : null}
          <CurveCard runs={runs} />
          <ComparedTable runs={runs} />
        </>
      )}
    </section>
  )
}

/** Names the first epoch in which two runs differ. */
function DifferenceNote({ runs: [{ job: one }, { job: other }] }: { runs: readonly Compared[] }) {
  const key = [one, other].map(({ id, epoch, status }) => `${id} ${epoch} ${status}`).join()
  const found = useQuery(key, (client) =>
    client.request('GET /jobs/{id}/difference', { path: { id: one.id }, query: { with: other.id } }),
  ).latest
  if (found === null) return null
  const { firstEpoch, epochs, model } = found
  const weights = model === null ? '' : model.equal ? ' Their models have the same bytes.' : ''
  return (
    <p class="notice" role="status">
      {firstEpoch === null
        ? `All ${whole(epochs)} epochs are equal, bit by bit.${weights}`
        : firstEpoch > epochs
          ? `The first ${whole(epochs)} epochs are equal, bit by bit. Only one run has more.`
          : `The first epoch that differs is epoch ${whole(firstEpoch)}.`}
    </p>
  )
}

/** Says whether the difference is larger than the spread of the repeats, if both runs have some. */
function ComparisonNote({ runs: [{ job: one }, { job: other }] }: { runs: readonly Compared[] }) {
  const key =
    hasRepeats(one) && hasRepeats(other)
      ? [one, other].map(({ id, status }) => `${id} ${status}`).join()
      : null
  const found = useQuery(
    key,
    (client) =>
      client.request('GET /jobs/{id}/comparison', { path: { id: one.id }, query: { with: other.id } }),
    comparisonMilliseconds,
  ).latest
  if (found === null) return null
  const { metric, job, text, test, pValue, notices } = found
  const compared =
    test === 'paired' ? 'trial by trial' : `${whole(job.n)} and ${whole(found.other.n)} trainings`
  return (
    <div class="notice" role="status">
      <p>
        {metricTitle(metric)}: {text}
        {pValue === null ? '' : ` (${compared}, p = ${short(pValue)})`}
      </p>
      {notices.map((notice) => (
        <p key={notice} class="hint">
          {notice}
        </p>
      ))}
    </div>
  )
}

/** Polls the runs until all have ended. */
function useCompared(ids: readonly string[]) {
  const [runs, setRuns] = useState<Compared[] | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    let isCancelled = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const known = new Map<string, Compared>()
    const poll = async () => {
      try {
        const found = await readAll(ids, known)
        if (isCancelled) return
        setRuns(found)
        setProblem(null)
        if (found.every(({ job }) => job.finishedAt !== null)) return
      } catch (error) {
        if (!isCancelled) setProblem(toProblem(error))
      }
      if (!isCancelled) timer = setTimeout(poll, 1_000)
    }
    void poll()
    return () => {
      isCancelled = true
      clearTimeout(timer)
    }
  }, [ids.join()])
  return { runs, problem }
}

function CurveCard({ runs }: { runs: readonly Compared[] }) {
  const [chosen, setMetric] = useState<Metric | null>(null)
  const [scale, setScale] = useState<'log' | 'linear'>('log')
  const [smoothing, setSmoothing] = useState(0)
  const [x, setX] = useState<'epoch' | 'time'>('epoch')
  const withoutTimes = runs.filter(({ epochs }) => epochs.at(-1)?.seconds === null)
  const hasValidation = runs.every(({ job }) => job.metrics.valLoss !== null)
  const metric = chosen ?? (hasValidation ? 'valLoss' : 'loss')
  const scales = [...new Set(runs.map(({ job }) => scaleName(job.spec.targetScaling)))]
  return (
    <div class="card">
      <div class="controls">
        <div class="field inline">
          <label for="metric">Metric</label>
          <select
            id="metric"
            onChange={({ currentTarget: { value } }) =>
              setMetric(metrics.find((name) => name === value) ?? 'loss')
            }
          >
            {metrics.map((name) => (
              <option key={name} value={name} selected={name === metric}>
                {metricNames[name]}
              </option>
            ))}
          </select>
        </div>
        <Choice
          label="Scale"
          value={scale}
          onChange={setScale}
          options={[
            ['log', 'logarithmic'],
            ['linear', 'linear'],
          ]}
        />
        <Choice
          label="X axis"
          value={x}
          onChange={setX}
          options={[
            ['epoch', 'epoch'],
            ['time', 'time'],
          ]}
        />
        <Smoothing value={smoothing} onChange={setSmoothing} />
      </div>
      <ComparedCurves
        runs={runs}
        metric={metric}
        yLabel={yName(metric, scales)}
        x={x}
        smoothing={smoothing}
        logarithmic={scale === 'log' && !isAccuracy(metric)}
      />
      {scales.length > 1 && !isAccuracy(metric) ? (
        <p class="notice warn">
          These losses have different scales and cannot be compared:{' '}
          {scales.map((scale) => scale ?? 'unscaled target').join(', ')}.
        </p>
      ) : null}
      {x === 'time' && withoutTimes.length > 0 ? (
        <p class="hint">
          Not shown, because an older version recorded no times:{' '}
          {withoutTimes.map(({ job }) => job.name ?? job.id).join(', ')}.
        </p>
      ) : null}
    </div>
  )
}

function ComparedCurves(props: {
  runs: readonly Compared[]
  metric: Metric
  yLabel: string
  x: 'epoch' | 'time'
  smoothing: number
  logarithmic: boolean
}) {
  const { runs, metric, yLabel, x, smoothing, logarithmic } = props
  const unit = timeUnit(Math.max(0, ...runs.map(({ epochs }) => epochs.at(-1)?.seconds ?? 0)))
  return (
    <Curves
      data={joinRuns(
        runs,
        (epoch) => (x === 'epoch' ? epoch.epoch : scaled(epoch.seconds, unit.seconds)),
        (epochs) =>
          drawable(
            smoothed(
              epochs.map((epoch) => epoch[metric]),
              smoothing,
            ),
            logarithmic,
          ),
      )}
      curves={runs.map(({ job }, index) => ({
        label: job.name ?? `Untitled ${job.id.slice(4, 10)}`,
        colour: `--series-${(index % series) + 1}`,
        dashed: index >= series,
      }))}
      label={`${metricNames[metric]} of ${runs.length} runs against ${x}`}
      xLabel={x === 'time' ? `${unit.name} of training` : 'epoch'}
      isTime={x === 'time'}
      yLabel={yLabel}
      asPercent={isAccuracy(metric)}
      logarithmic={logarithmic}
      height={380}
    />
  )
}

function ComparedTable({ runs }: { runs: readonly Compared[] }) {
  return (
    <div class="card scroll">
      <table class="plain rows wrapping">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Status</th>
            <th scope="col">Optimizer</th>
            <th scope="col" class="number">
              Epochs
            </th>
            <th scope="col" class="number">
              Parameters
            </th>
            {metrics.map((name) => (
              <th key={name} scope="col" class="number">
                {metricNames[name]}
              </th>
            ))}
            <th scope="col" class="number">
              Training time
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map(({ job, epochs }, index) => (
            <tr key={job.id}>
              <td class="name">
                <span class={`swatch series-${(index % series) + 1}`} />
                <a href={link('runs', job.id)}>{job.name ?? 'Untitled'}</a>
              </td>
              <td>
                <StatusPill status={job.status} />
              </td>
              <td>
                {job.spec.optimizer.type}, learning rate {short(job.spec.optimizer.learningRate)}
              </td>
              <td class="number">{bestEpochName(job) ?? whole(job.epoch)}</td>
              <td class="number">{whole(job.parameters)}</td>
              {metrics.map((name) => (
                <td key={name} class="number">
                  {isAccuracy(name) ? percent(job.metrics[name]) : short(job.metrics[name])}
                </td>
              ))}
              <td class="number">{trainedFor(epochs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export function Smoothing({ value, onChange }: { value: number; onChange(value: number): void }) {
  return (
    <div class="field inline">
      <label for="smoothing">Smoothing</label>
      <input
        id="smoothing"
        type="range"
        min={0}
        max={0.99}
        step={0.01}
        value={value}
        aria-valuetext={value === 0 ? 'none' : `${Math.round(100 * value)} %`}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      <output>{value === 0 ? 'none' : `${Math.round(100 * value)} %`}</output>
    </div>
  )
}

function trainedFor(epochs: readonly Epoch[]): string {
  const seconds = epochs.at(-1)?.seconds ?? null
  return seconds === null ? '–' : duration(1_000 * seconds)
}

/** Reads the runs. Reuses the epochs in `known` if the run has not advanced. */
async function readAll(ids: readonly string[], known: Map<string, Compared>): Promise<Compared[]> {
  if (ids.length === 0) return []
  const { data: jobs } = await client.request('GET /jobs', { query: { ids: ids.join() } })
  const missing = ids.find((id) => jobs.every((job) => job.id !== id))
  if (missing !== undefined) throw new PageError('not-found', `Job ${missing} does not exist.`)
  return Promise.all(
    jobs.map(async (job) => {
      const previous = known.get(job.id)
      const isSame = previous?.job.epoch === job.epoch
      const epochs = isSame
        ? previous.epochs
        : (await client.request('GET /jobs/{id}/epochs', { path: { id: job.id }, query: { points } })).data
      known.set(job.id, { job, epochs })
      return { job, epochs }
    }),
  )
}

/** The metric, with the scale of the loss if it is the same for all runs. */
function yName(metric: Metric, scales: readonly (string | null)[]): string {
  const name = metricNames[metric].toLowerCase()
  const [scale = null] = scales
  return isAccuracy(metric) || scales.length !== 1 || scale === null ? name : name.replace(')', `, ${scale})`)
}

const scaled = (seconds: number | null, unit: number) => (seconds === null ? null : seconds / unit)

/** Joins the curves on one x axis. Omits epochs without an x value. */
function joinRuns(
  runs: readonly Compared[],
  xValue: (epoch: Epoch) => number | null,
  yValues: (epochs: readonly Epoch[]) => (number | null)[],
): uPlot.AlignedData {
  const tables = runs.map(({ epochs }): uPlot.AlignedData => {
    const values = yValues(epochs)
    const points = epochs.flatMap((epoch, index): [number, number | null][] => {
      const x = xValue(epoch)
      return x === null ? [] : [[x, values[index] ?? null]]
    })
    return [points.map(([x]) => x), points.map(([, y]) => y)]
  })
  return tables.length === 0 ? [[]] : uPlot.join(tables)
}
