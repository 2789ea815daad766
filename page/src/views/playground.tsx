/** A network built by clicks, data in the plane, and the boundary between its classes while it learns. */
import { useMemo, useState } from 'preact/hooks'
import { get, post, type Refusal } from '../api/client.js'
import type { Evaluation, Job, JobRequest } from '../api/types.js'
import { BoundaryPanel, usePlayhead } from '../draw/boundary-panel.js'
import { HistoryCurves } from '../draw/history-curves.js'
import type { Point, View } from '../draw/plane.js'
import { duration, plural, short } from '../format.js'
import { toRefusal, useAsked } from '../parts/asking.js'
import { Choice, NumberField, SelectField } from '../parts/field.js'
import { Heading } from '../parts/heading.js'
import { Icon } from '../parts/icon.js'
import { type HiddenLayer, NetworkEditor } from '../parts/network-editor.js'
import { RefusalNotice } from '../parts/notice.js'
import { ConnectionNote, StatusPill } from '../parts/status.js'
import { link } from '../router.js'
import { useRun } from '../watching.js'
import { isTruthTable, pointsOf, type Shape, samplesOf, shapeNames, shapes } from './playground-data.js'

type OptimizerName = 'adam' | 'sgd' | 'momentum'

interface Setting {
  shape: Shape
  noise: number
  hidden: HiddenLayer[]
  optimizer: OptimizerName
  learningRate: number
  epochs: number
  /** One threshold unit by Rosenblatt's rule, as the lecture begins. */
  perceptron: boolean
}

const twoLayers: Setting = {
  shape: 'xor',
  noise: 0.1,
  hidden: [{ units: 4, activation: 'tanh' }],
  optimizer: 'adam',
  learningRate: 0.05,
  epochs: 500,
  perceptron: false,
}
const perceptron = { ...twoLayers, hidden: [], perceptron: true, epochs: 12, learningRate: 1 }
const wide = { hidden: [{ units: 8, activation: 'tanh' as const }], learningRate: 0.02, epochs: 400 }

const lessons: readonly [string, Setting][] = [
  ['Perceptron on AND', { ...perceptron, shape: 'and' }],
  ['Perceptron on XOR', perceptron],
  ['Two layers on XOR', twoLayers],
  ['Moons', { ...twoLayers, ...wide, shape: 'moons' }],
  [
    'Spirals',
    {
      ...twoLayers,
      shape: 'spirals',
      noise: 0.05,
      learningRate: 0.01,
      epochs: 1_500,
      hidden: [
        { units: 16, activation: 'tanh' },
        { units: 16, activation: 'tanh' },
      ],
    },
  ],
  ['Sine', { ...twoLayers, ...wide, shape: 'sine', epochs: 1_500 }],
]

/** Of both axes, while the reader clicks points in. */
const square: View = { left: -1, right: 1, bottom: -1, top: 1 }
const unit: View = { left: -0.25, right: 1.25, bottom: -0.25, top: 1.25 }

export function PlaygroundView() {
  const [setting, setSetting] = useState<Setting>(twoLayers)
  const [clicked, setClicked] = useState<readonly Point[]>([])
  const [brush, setBrush] = useState<'0' | '1'>('0')
  const [jobId, setJobId] = useState<string | null>(null)
  const [problem, setProblem] = useState<Refusal | null>(null)
  const [starting, setStarting] = useState(false)
  /** Of the next beginning: the first works out, and others may not. */
  const [seed, setSeed] = useState(1)
  const { shape, noise } = setting
  const points = useMemo(() => pointsOf(shape, noise, clicked), [shape, noise, clicked])
  const samples = useMemo(() => (shape === 'sine' ? samplesOf(noise) : []), [shape, noise])
  const run = useRun(jobId, 64)
  const playhead = usePlayhead(jobId, run.frames)
  const classes = new Set(points.map(({ which }) => which)).size
  const isRegression = shape === 'sine'
  const job = run.job
  const evaluation =
    useAsked(job?.modelId ?? null, () => get('/models/{id}', { id: job?.modelId ?? '' })).value?.evaluation ??
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
    await post('/jobs/{id}/cancel', undefined, { id: job.id }).catch((error) => setProblem(toRefusal(error)))
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
      setProblem(toRefusal(error))
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
      <fieldset class="lessons">
        <legend class="unseen">Lessons that train at once</legend>
        {lessons.map(([name, lesson]) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={JSON.stringify(lesson) === JSON.stringify(setting)}
            disabled={starting}
            onClick={() => {
              setSetting(lesson)
              setJobId(null)
              void train(lesson, 1)
            }}
          >
            <Icon name="play" /> {name}
          </button>
        ))}
      </fieldset>
      <RefusalNotice refusal={problem} />
      <div class="stage">
        <div class="card settings">
          <h2>Data</h2>
          <SelectField
            label="Dataset"
            value={shape}
            onChange={(shape) => change({ shape, perceptron: setting.perceptron && isTruthTable(shape) })}
            options={shapes.map((each) => [each, shapeNames[each]] as const)}
          />
          {shape === 'points' ? (
            <>
              <Choice
                label="Class of the next point"
                value={brush}
                onChange={setBrush}
                options={[
                  ['0', '● first'],
                  ['1', '■ second'],
                ]}
              />
              <PlacePoint onPoint={addPoint} />
              <p class="hint">
                Or click into the square. {plural(clicked.length, 'point')} so far.{' '}
                <button
                  type="button"
                  class="plain"
                  disabled={clicked.length === 0}
                  onClick={() => setClicked([])}
                >
                  Remove all
                </button>
              </p>
            </>
          ) : isTruthTable(shape) ? null : (
            <div class="field">
              <label for="noise">Noise: {noise.toFixed(2)}</label>
              <input
                id="noise"
                type="range"
                min={0}
                max={0.4}
                step={0.01}
                value={noise}
                onInput={(event) => change({ noise: event.currentTarget.valueAsNumber })}
              />
            </div>
          )}
          <h2>Network</h2>
          {setting.perceptron ? (
            <p class="hint">
              One threshold unit, trained by Rosenblatt’s rule, one point after the other.{' '}
              <button
                type="button"
                class="plain"
                onClick={() => change({ ...twoLayers, shape, hidden: [{ units: 4, activation: 'tanh' }] })}
              >
                Give it a hidden layer
              </button>
            </p>
          ) : (
            <NetworkEditor
              inputs={isRegression ? '1 number' : '2 numbers'}
              hidden={setting.hidden}
              output={outputOf(setting, classes)}
              onChange={(hidden) => change({ hidden })}
            />
          )}
          <h2>Training</h2>
          <div class="pair">
            {setting.perceptron ? null : (
              <SelectField
                label="Optimizer"
                value={setting.optimizer}
                onChange={(optimizer) => change({ optimizer })}
                options={[
                  ['adam', 'Adam'],
                  ['sgd', 'plain descent'],
                  ['momentum', 'momentum 0.9'],
                ]}
              />
            )}
            <NumberField
              label="Learning rate"
              value={setting.learningRate}
              min={0}
              onChange={(learningRate) => change({ learningRate })}
            />
            <NumberField
              label="Epochs"
              value={setting.epochs}
              min={1}
              step={1}
              onChange={(epochs) => change({ epochs })}
            />
          </div>
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
                {setting.perceptron && shape === 'xor' && evaluation !== null
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
                mark={run.frames[playhead.place]?.epoch}
              />
              {run.history.has('accuracy') ? (
                <HistoryCurves
                  history={run.history}
                  metrics={['accuracy']}
                  names={{ accuracy: 'Accuracy while training' }}
                  version={run.version}
                  height={150}
                  mark={run.frames[playhead.place]?.epoch}
                />
              ) : null}
              {run.history.has('accuracy') ? (
                <p class="hint">
                  The sentence above is about the trained network. The curve is measured during each epoch,
                  while the weights still change.
                </p>
              ) : null}
              <p>
                <a href={link('runs', job.id)}>The whole run</a>
              </p>
            </>
          )}
        </div>
      </div>
    </section>
  )
}

/** For those who do not click: a point by its numbers. */
function PlacePoint({ onPoint }: { onPoint(x: number, y: number): void }) {
  const [at, setAt] = useState({ x: 0, y: 0 })
  const wrong = (value: number) => (value >= -1 && value <= 1 ? undefined : 'from −1 to 1')
  return (
    <>
      <div class="pair">
        <NumberField
          label="Across"
          value={at.x}
          min={-1}
          max={1}
          step={0.1}
          error={wrong(at.x)}
          onChange={(x) => setAt({ ...at, x })}
        />
        <NumberField
          label="Up"
          value={at.y}
          min={-1}
          max={1}
          step={0.1}
          error={wrong(at.y)}
          onChange={(y) => setAt({ ...at, y })}
        />
      </div>
      <button
        type="button"
        disabled={(wrong(at.x) ?? wrong(at.y)) !== undefined}
        onClick={() => onPoint(at.x, at.y)}
      >
        <Icon name="plus" /> Place the point
      </button>
    </>
  )
}

function viewAround(points: readonly Point[]): View {
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const [roomX, roomY] = [(right - left) / 4, (top - bottom) / 4]
  return { left: left - roomX, right: right + roomX, bottom: bottom - roomY, top: top + roomY }
}

function outputOf(
  { shape, perceptron }: Setting,
  classes: number,
): { units: number; activation: 'linear' | 'softmax' | 'sigmoid' | 'step' } {
  if (shape === 'sine') return { units: 1, activation: 'linear' }
  if (classes > 2) return { units: classes, activation: 'softmax' }
  return { units: 1, activation: perceptron ? 'step' : 'sigmoid' }
}

function requestFrom(setting: Setting, clicked: readonly Point[]): JobRequest {
  const { shape, noise, hidden, optimizer, learningRate, epochs, perceptron } = setting
  const points = pointsOf(shape, noise, clicked)
  const samples = samplesOf(noise)
  const output = outputOf(setting, new Set(points.map(({ which }) => which)).size)
  const dataset = isTruthTable(shape)
    ? shape
    : shape === 'sine'
      ? { x: samples.map(({ x }) => x), y: samples.map(({ y }) => y) }
      : { x: points.map(({ x, y }) => [x, y]), y: points.map(({ which }) => which) }
  const losses = {
    linear: 'meanSquaredError',
    softmax: 'categoricalCrossentropy',
    sigmoid: 'binaryCrossentropy',
    step: 'perceptron',
  } as const
  const dense = [...hidden, output].map((layer) => ({
    type: 'dense' as const,
    ...layer,
    // From nothing, as the lecture does it by hand.
    ...(perceptron ? { kernelInitializer: 'zeros' as const } : {}),
  }))
  return {
    name: `Playground: ${shapeNames[shape]}`,
    dataset,
    network: { layers: dense },
    loss: losses[output.activation],
    optimizer:
      perceptron || optimizer === 'sgd'
        ? { type: 'sgd', learningRate }
        : optimizer === 'momentum'
          ? { type: 'sgd', learningRate, momentum: 0.9 }
          : { type: 'adam', learningRate },
    epochs,
    ...(perceptron ? { batchSize: 1, sampling: 'sequential' as const } : {}),
  } as JobRequest
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
