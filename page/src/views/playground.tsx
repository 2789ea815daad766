/** Trains a small network on two-dimensional data and shows its decision boundary live. */
import { useMemo, useState } from 'preact/hooks'
import { type ApiError, get, post } from '../api/client.js'
import type { Evaluation, Job } from '../api/types.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { ConnectionNote, StatusPill } from '../components/status.js'
import { toApiError, useQuery } from '../components/use-query.js'
import { BoundaryPanel, usePlayhead } from '../draw/boundary-panel.js'
import { HistoryCurves } from '../draw/history-curves.js'
import type { Point, View } from '../draw/plane.js'
import { duration, plural, short } from '../format.js'
import { link } from '../router.js'
import { type Run, useRun } from '../use-run.js'
import { generatePoints, isTruthTable, sineSamples } from './playground-data.js'
import { examples, requestFrom, type Settings, twoLayers } from './playground-request.js'
import { DataSettings, NetworkSettings, TrainingSettings } from './playground-settings.js'

/** Axes for custom points. */
const square: View = { left: -1, right: 1, bottom: -1, top: 1 }
/** Axes for truth tables. */
const unit: View = { left: -0.25, right: 1.25, bottom: -0.25, top: 1.25 }

export function PlaygroundView() {
  const [settings, setSettings] = useState<Settings>(twoLayers)
  const [clicked, setClicked] = useState<readonly Point[]>([])
  const [brush, setBrush] = useState<'0' | '1'>('0')
  const [jobId, setJobId] = useState<string | null>(null)
  const [problem, setProblem] = useState<ApiError | null>(null)
  const [starting, setStarting] = useState(false)
  /** Seed of the next training. */
  const [seed, setSeed] = useState(1)
  const { shape, noise } = settings
  const points = useMemo(() => generatePoints(shape, noise, clicked), [shape, noise, clicked])
  const samples = useMemo(() => (shape === 'sine' ? sineSamples(noise) : []), [shape, noise])
  const run = useRun(jobId, 64)
  const playhead = usePlayhead(jobId, run.frames)
  const classes = new Set(points.map(({ classIndex }) => classIndex)).size
  const isRegression = shape === 'sine'
  const job = run.job
  const evaluation =
    useQuery(job?.modelId ?? null, () => get('/models/{id}', { id: job?.modelId ?? '' })).value?.evaluation ??
    null
  const active = job !== null && job.finishedAt === null

  /** Changes settings. Clears the result if the data change. */
  const change = (part: Partial<Settings>) => {
    if (part.shape !== undefined || part.noise !== undefined) setJobId(null)
    setSeed(1)
    setSettings((before) => ({ ...before, ...part }))
  }
  const addPoint = (x: number, y: number) => {
    setJobId(null)
    setClicked((before) => [...before, { x, y, classIndex: Number(brush) }])
  }

  const stop = async () => {
    if (job === null || !active) return
    await post('/jobs/{id}/cancel', undefined, { id: job.id }).catch((error) => setProblem(toApiError(error)))
  }
  const train = async (chosen: Settings, seed: number) => {
    setStarting(true)
    // The previous run is no longer shown.
    void stop()
    try {
      const { id } = await post('/jobs', { ...requestFrom(chosen, clicked), seed })
      setJobId(id)
      setSeed(seed + 1)
      setProblem(null)
    } catch (error) {
      setProblem(toApiError(error))
    }
    setStarting(false)
  }

  const missingPoints = shape === 'points' && classes < 2 ? 'Add points of both classes first.' : null
  return (
    <section class="playground">
      <div class="heading">
        <div>
          <Heading>Playground</Heading>
          <p class="under">Choose data, build a network, and watch its decision boundary while it trains.</p>
        </div>
      </div>
      <Examples
        settings={settings}
        disabled={starting}
        onSelect={(example) => {
          setSettings(example)
          setJobId(null)
          void train(example, 1)
        }}
      />
      <ErrorNotice error={problem} />
      <div class="stage">
        <div class="card settings">
          <DataSettings
            settings={settings}
            change={change}
            clicked={clicked}
            brush={brush}
            onBrush={setBrush}
            onPoint={addPoint}
            onRemoveAll={() => setClicked([])}
          />
          <NetworkSettings settings={settings} change={change} classes={classes} />
          <TrainingSettings settings={settings} change={change} />
          {missingPoints === null ? null : <p class="hint">{missingPoints}</p>}
          <div class="actions">
            {active ? (
              <button type="button" onClick={() => void stop()}>
                <Icon name="stop" /> Stop
              </button>
            ) : null}
            <button
              type="button"
              class="primary large"
              disabled={starting || missingPoints !== null}
              onClick={() => void train(settings, seed)}
            >
              <Icon name="play" /> {jobId === null ? 'Train' : 'Train again'}
            </button>
          </div>
        </div>
        <div class="card plot-card">
          <BoundaryPanel
            frames={run.frames}
            playhead={playhead}
            job={job}
            points={points}
            samples={samples}
            view={isTruthTable(shape) ? unit : shape === 'points' ? square : viewAround(points)}
            inputs={isRegression ? 1 : 2}
            {...(shape === 'points' ? { onPoint: addPoint } : {})}
          />
        </div>
        <Progress
          run={run}
          settings={settings}
          evaluation={evaluation}
          mark={run.frames[playhead.index]?.epoch}
        />
      </div>
    </section>
  )
}

interface ExamplesProps {
  settings: Settings
  disabled: boolean
  onSelect(example: Settings): void
}

function Examples({ settings, disabled, onSelect }: ExamplesProps) {
  return (
    <fieldset class="lessons">
      <legend class="visually-hidden">Examples</legend>
      {examples.map(([name, example]) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-pressed={JSON.stringify(example) === JSON.stringify(settings)}
          disabled={disabled}
          onClick={() => onSelect(example)}
        >
          <Icon name="play" /> {name}
        </button>
      ))}
    </fieldset>
  )
}

interface ProgressProps {
  run: Run
  settings: Settings
  evaluation: Evaluation | null
  /** The epoch of the replay. */
  mark: number | undefined
}

function Progress({ run, settings, evaluation, mark }: ProgressProps) {
  const { job } = run
  return (
    <div class="card progress-card">
      <h2>Progress</h2>
      {job === null ? (
        <p class="hint">
          Press <b>Train</b>. The service trains the network and streams its output for the whole plot.
        </p>
      ) : (
        <>
          <p class="under">
            <StatusPill status={job.status} />
            <ConnectionNote connection={run.connection} />
          </p>
          <p class="verdict" role="status">
            {verdict(job, evaluation, run.history.seconds.at(-1) ?? null)}
            {settings.perceptron && settings.shape === 'xor' && evaluation !== null
              ? ' No straight line separates XOR. Add a hidden layer.'
              : ''}
          </p>
          {job.error === null ? null : <p class="notice bad">{job.error.message}</p>}
          <HistoryCurves
            history={run.history}
            metrics={['loss']}
            names={{ loss: 'Training loss' }}
            version={run.version}
            height={190}
            mark={mark}
          />
          {run.history.has('accuracy') ? (
            <HistoryCurves
              history={run.history}
              metrics={['accuracy']}
              names={{ accuracy: 'Training accuracy' }}
              version={run.version}
              height={150}
              mark={mark}
            />
          ) : null}
          {run.history.has('accuracy') ? (
            <p class="hint">
              The result above is that of the trained network. The curve is measured during each epoch, while
              the weights still change.
            </p>
          ) : null}
          <p>
            <a href={link('runs', job.id)}>Open run</a>
          </p>
        </>
      )}
    </div>
  )
}

function viewAround(points: readonly Point[]): View {
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const [marginX, marginY] = [(right - left) / 4, (top - bottom) / 4]
  return { left: left - marginX, right: right + marginX, bottom: bottom - marginY, top: top + marginY }
}

/** The result of the trained network, from its evaluation. */
function verdict({ metrics }: Job, evaluation: Evaluation | null, seconds: number | null): string {
  if (evaluation === null) return ''
  const time = seconds === null ? '' : ` Trained in ${duration(1_000 * seconds)}. The replay is slower.`
  if (evaluation.type !== 'classification') return `Final loss: ${short(metrics.loss)}.${time}`
  const { right, count } = evaluation
  if (right === count) return `All points are classified correctly.${time}`
  return `The trained network classifies ${right} of ${plural(count, 'point')} correctly.${time}`
}
