/** Several runs on the same axes. */
import { useEffect, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { get, type Refusal } from '../api/client.js'
import type { Epoch, Job } from '../api/types.js'
import { Curves } from '../draw/curves.js'
import { drawable } from '../draw/history-curves.js'
import { percent, short, whole } from '../format.js'
import { type Metric, metricNames, metrics, smoothed } from '../history.js'
import { toRefusal } from '../parts/asking.js'
import { Choice } from '../parts/field.js'
import { Empty, RefusalNotice } from '../parts/notice.js'
import { StatusPill } from '../parts/status.js'
import { link } from '../router.js'
import { timeOf } from './runs.js'

/** Of each run: as many points as a screen shows. */
const points = 1_500
const series = 8

interface Compared {
  job: Job
  epochs: Epoch[]
}

export function CompareView({ ids }: { ids: string[] }) {
  const [runs, setRuns] = useState<Compared[] | null>(null)
  const [problem, setProblem] = useState<Refusal | null>(null)
  const [metric, setMetric] = useState<Metric>('loss')
  const [scale, setScale] = useState<'log' | 'linear'>('log')
  const [smoothing, setSmoothing] = useState(0)
  const [x, setX] = useState<'epoch' | 'time'>('epoch')

  useEffect(() => {
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      try {
        const found = await Promise.all(ids.map(read))
        if (over) return
        setRuns(found)
        setProblem(null)
        if (found.every(({ job }) => job.finishedAt !== null)) return
      } catch (error) {
        if (!over) setProblem(toRefusal(error))
      }
      if (!over) timer = setTimeout(look, 1_000)
    }
    void look()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [ids.join()])

  const logarithmic = scale === 'log' && (metric === 'loss' || metric === 'valLoss')
  return (
    <section>
      <div class="heading">
        <h1 tabIndex={-1}>Comparison</h1>
        <a href={link('runs')}>All runs</a>
      </div>
      <RefusalNotice refusal={problem} />
      {ids.length === 0 ? (
        <Empty title="No run was chosen">Choose runs in the table of all runs.</Empty>
      ) : null}
      <div class="card">
        <div class="controls">
          <div class="field inline">
            <label for="metric">Curve</label>
            <select
              id="metric"
              onChange={({ currentTarget: { value } }) =>
                setMetric(metrics.find((each) => each === value) ?? 'loss')
              }
            >
              {metrics.map((each) => (
                <option key={each} value={each} selected={each === metric}>
                  {metricNames[each]}
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
            label="Against"
            value={x}
            onChange={setX}
            options={[
              ['epoch', 'epoch'],
              ['time', 'time'],
            ]}
          />
          <Smoothing value={smoothing} onChange={setSmoothing} />
        </div>
        {runs === null ? (
          <p class="waiting">Reading the curves …</p>
        ) : (
          <Curves
            data={together(runs, metric, x, smoothing, logarithmic)}
            curves={runs.map(({ job }, place) => ({
              label: job.name ?? job.id.slice(0, 10),
              colour: `--series-${(place % series) + 1}`,
              dashed: place >= series,
            }))}
            label={`${metricNames[metric]} of ${runs.length} runs against ${x}`}
            xLabel={x === 'time' ? 'seconds of training, spread evenly over the epochs' : 'epoch'}
            logarithmic={logarithmic}
            height={380}
          />
        )}
      </div>
      {runs === null ? null : (
        <div class="scroll">
          <table class="plain">
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
                <th scope="col" class="number">
                  Loss
                </th>
                <th scope="col" class="number">
                  Val. loss
                </th>
                <th scope="col" class="number">
                  Accuracy
                </th>
                <th scope="col" class="number">
                  Time
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.map(({ job }, place) => (
                <tr key={job.id}>
                  <td>
                    <span class={`swatch series-${(place % series) + 1}`} />
                    <a href={link('runs', job.id)}>{job.name ?? job.id}</a>
                  </td>
                  <td>
                    <StatusPill status={job.status} />
                  </td>
                  <td>
                    {job.spec.optimizer.type}, rate {short(job.spec.optimizer.learningRate)}
                  </td>
                  <td class="number">{whole(job.epoch)}</td>
                  <td class="number">{whole(job.parameters)}</td>
                  <td class="number">{short(job.metrics.loss)}</td>
                  <td class="number">{short(job.metrics.valLoss)}</td>
                  <td class="number">{percent(job.metrics.valAccuracy ?? job.metrics.accuracy)}</td>
                  <td class="number">{timeOf(job)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
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
        aria-valuetext={value === 0 ? 'raw' : `${Math.round(100 * value)} %`}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      <output>{value === 0 ? 'raw' : `${Math.round(100 * value)} %`}</output>
    </div>
  )
}

async function read(id: string): Promise<Compared> {
  const [job, epochs] = await Promise.all([
    get('/jobs/{id}', { id }),
    get('/jobs/{id}/epochs', { id, query: { points } }),
  ])
  return { job, epochs: epochs.data }
}

function together(
  runs: readonly Compared[],
  metric: Metric,
  x: 'epoch' | 'time',
  smoothing: number,
  logarithmic: boolean,
): uPlot.AlignedData {
  const tables = runs.map(({ job, epochs }): uPlot.AlignedData => {
    const start = Date.parse(job.startedAt ?? job.createdAt)
    const end = job.finishedAt === null ? Date.now() : Date.parse(job.finishedAt)
    const secondsPerEpoch = (end - start) / 1_000 / Math.max(1, job.epoch)
    const values = smoothed(
      epochs.map((epoch) => epoch[metric]),
      smoothing,
    )
    return [
      epochs.map(({ epoch }) => (x === 'epoch' ? epoch : epoch * secondsPerEpoch)),
      drawable(values, logarithmic),
    ]
  })
  return tables.length === 0 ? [[]] : uPlot.join(tables)
}
