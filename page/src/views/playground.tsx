/** A network built by clicks, data in the plane, and the boundary between its classes while it learns. */
import { useMemo, useState } from 'preact/hooks'
import { get, post, type ApiError } from '../api/client.js'
import type { Evaluation, Job } from '../api/types.js'
import { BoundaryPanel, usePlayhead } from '../draw/boundary-panel.js'
import { HistoryCurves } from '../draw/history-curves.js'
import type { Point, View } from '../draw/plane.js'
import { duration, plural, short } from '../format.js'
import { toApiError, useQuery } from '../components/use-query.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { ConnectionNote, StatusPill } from '../components/status.js'
import { link } from '../router.js'
import { type Run, useRun } from '../use-run.js'
import { isTruthTable, generatePoints, sineSamples } from './playground-data.js'
import { lessons, requestFrom, type Setting, twoLayers } from './playground-request.js'
import { DataSettings, NetworkSettings, TrainingSettings } from './playground-settings.js'

/** Of both axes, while the reader clicks points in. */
const square: View = { left: -1, right: 1, bottom: -1, top: 1 }
const unit: View = { left: -0.25, right: 1.25, bottom: -0.25, top: 1.25 }

export function PlaygroundView() {
  const [setting, setSetting] = useState<Setting>(twoLayers)
  const [clicked, setClicked] = useState<readonly Point[]>([])
  const [brush, setBrush] = useState<'0' | '1'>('0')
  const [jobId, setJobId] = useState<string | null>(null)
  const [problem, setProblem] = useState<ApiError | null>(null)
  const [starting, setStarting] = useState(false)
  /** Of the next beginning: the first works out, and others may not. */
  const [seed, setSeed] = useState(1)
  const { shape, noise } = setting
  const points = useMemo(() => generatePoints(shape, noise, clicked), [shape, noise, clicked])
  const samples = useMemo(() => (shape === 'sine' ? sineSamples(noise) : []), [shape, noise])
  const run = useRun(jobId, 64)
  const playhead = usePlayhead(jobId, run.frames)
  const classes = new Set(points.map(({ which }) => which)).size
  const isRegression = shape === 'sine'
  const job = run.job
  const evaluation =
    useQuery(job?.modelId ?? null, () => get('/models/{id}', { id: job?.modelId ?? '' })).value?.evaluation ??
    null
  const active = job !== null && job.finishedAt === null

  /** Another question: what was learned before says nothing about it. */
  const change = (part: Partial<Setting>) => {
    if (part.shape !== undefined || part.noise !== undefined) setJobId(null)
    setSeed(1)
    setSetting((before) => ({ ...before, ...part }))
  }
  const addPoint = (x: number, y: number) => {
    setJobId(null)
    setClicked((before) => [...before, { x, y, which: Number(brush) }])
  }

  const stop = async () => {
    if (job === null || !active) return
    await post('/jobs/{id}/cancel', undefined, { id: job.id }).catch((error) => setProblem(toApiError(error)))
  }
  const train = async (what: Setting, seed: number) => {
    setStarting(true)
    // Nobody looks at the one before any more.
    void stop()
    try {
      const { id } = await post('/jobs', { ...requestFrom(what, clicked), seed })
      setJobId(id)
      setSeed(seed + 1)
      setProblem(null)
    } catch (error) {
      setProblem(toApiError(error))
    }
    setStarting(false)
  }

  const needs =
    shape === 'points' && classes < 2 ? 'Click some points of both classes into the square first.' : null
  return (
    <section class="playground">
      <div class="heading">
        <div>
          <Heading>Playground</Heading>
          <p class="under">Choose data, build a network, and watch it find the boundary.</p>
        </div>
      </div>
      <Lessons
        setting={setting}
        disabled={starting}
        onLesson={(lesson) => {
          setSetting(lesson)
          setJobId(null)
          void train(lesson, 1)
        }}
      />
      <ErrorNotice error={problem} />
      <div class="stage">
        <div class="card settings">
          <DataSettings
            setting={setting}
            change={change}
            clicked={clicked}
            brush={brush}
            onBrush={setBrush}
            onPoint={addPoint}
            onRemoveAll={() => setClicked([])}
          />
          <NetworkSettings setting={setting} change={change} classes={classes} />
          <TrainingSettings setting={setting} change={change} />
          {needs === null ? null : <p class="hint">{needs}</p>}
          <div class="actions">
            {active ? (
              <button type="button" onClick={() => void stop()}>
                <Icon name="stop" /> Stop
              </button>
            ) : null}
            <button
              type="button"
              class="primary large"
              disabled={starting || needs !== null}
              onClick={() => void train(setting, seed)}
            >
              <Icon name="play" /> {jobId === null ? 'Train' : 'Train again'}
            </button>
          </div>
        </div>
        <div class="card seen">
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
        <Told run={run} setting={setting} evaluation={evaluation} mark={run.frames[playhead.place]?.epoch} />
      </div>
    </section>
  )
}

interface LessonsProps {
  setting: Setting
  disabled: boolean
  onLesson(lesson: Setting): void
}

function Lessons({ setting, disabled, onLesson }: LessonsProps) {
  return (
    <fieldset class="lessons">
      <legend class="visually-hidden">Lessons that train at once</legend>
      {lessons.map(([name, lesson]) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-pressed={JSON.stringify(lesson) === JSON.stringify(setting)}
          disabled={disabled}
          onClick={() => onLesson(lesson)}
        >
          <Icon name="play" /> {name}
        </button>
      ))}
    </fieldset>
  )
}

interface ToldProps {
  run: Run
  setting: Setting
  evaluation: Evaluation | null
  /** The epoch that is looked at. */
  mark: number | undefined
}

function Told({ run, setting, evaluation, mark }: ToldProps) {
  const { job } = run
  return (
    <div class="card told">
      <h2>What happens</h2>
      {job === null ? (
        <p class="hint">
          Press <b>Train</b>: the network is trained by the service, and what it answers everywhere in the
          square comes back while it learns.
        </p>
      ) : (
        <>
          <p class="under">
            <StatusPill status={job.status} />
            <ConnectionNote connection={run.connection} />
          </p>
          <p class="verdict" role="status">
            {verdict(job, evaluation, run.history.seconds.at(-1) ?? null)}
            {setting.perceptron && setting.shape === 'xor' && evaluation !== null
              ? ' No straight line separates XOR: give it a hidden layer.'
              : ''}
          </p>
          {job.error === null ? null : <p class="notice bad">{job.error.message}</p>}
          <HistoryCurves
            history={run.history}
            metrics={['loss']}
            names={{ loss: 'Loss while training' }}
            version={run.version}
            height={190}
            mark={mark}
          />
          {run.history.has('accuracy') ? (
            <HistoryCurves
              history={run.history}
              metrics={['accuracy']}
              names={{ accuracy: 'Accuracy while training' }}
              version={run.version}
              height={150}
              mark={mark}
            />
          ) : null}
          {run.history.has('accuracy') ? (
            <p class="hint">
              The sentence above is about the trained network. The curve is measured during each epoch, while
              the weights still change.
            </p>
          ) : null}
          <p>
            <a href={link('runs', job.id)}>The whole run</a>
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
  const [roomX, roomY] = [(right - left) / 4, (top - bottom) / 4]
  return { left: left - roomX, right: right + roomX, bottom: bottom - roomY, top: top + roomY }
}

/** By what the trained network answers, not by what it answered while it was still changing. */
function verdict({ metrics }: Job, evaluation: Evaluation | null, seconds: number | null): string {
  if (evaluation === null) return ''
  const time = seconds === null ? '' : ` Trained in ${duration(1_000 * seconds)}; the replay is slower.`
  if (evaluation.type !== 'classification') return `The loss came down to ${short(metrics.loss)}.${time}`
  const { right, count } = evaluation
  if (right === count) return `Learned: every point is on its side.${time}`
  return `The trained network has ${right} of ${plural(count, 'point')} on their side.${time}`
}
