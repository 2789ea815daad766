/** Trains a small network on two-dimensional data and shows its decision boundary live. */
import type { Evaluation, Job } from '../api/types.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { ConnectionNote, StatusPill } from '../components/status.js'
import { BoundaryPanel } from '../draw/boundary-panel.js'
import { HistoryCurves } from '../draw/history-curves.js'
import type { Point, View } from '../draw/plane.js'
import { duration, plural, short } from '../format.js'
import { link } from '../router.js'
import type { Run } from '../use-run.js'
import { isTruthTable } from './playground-data.js'
import { examples, type Settings } from './playground-request.js'
import { DataSettings, NetworkSettings, TrainingSettings } from './playground-settings.js'
import { QueueNote } from './queue-note.js'
import { type Playground, usePlayground } from './use-playground.js'

/** Axes for custom points. */
const square: View = { left: -1, right: 1, bottom: -1, top: 1 }
/** Axes for truth tables. */
const unit: View = { left: -0.25, right: 1.25, bottom: -0.25, top: 1.25 }

export function PlaygroundView() {
  const playground = usePlayground()
  const { settings, points, samples, addPoint, run, playhead } = playground
  const { shape } = settings
  return (
    <section class="playground">
      <div class="heading">
        <div>
          <Heading>Playground</Heading>
          <p class="under">Choose data, build a network, and watch its decision boundary while it trains.</p>
        </div>
      </div>
      <Examples settings={settings} disabled={playground.isStarting} onSelect={playground.start} />
      <ErrorNotice error={playground.problem} />
      <div class="stage">
        <SettingsCard playground={playground} />
        <div class="card plot-card">
          <BoundaryPanel
            frames={run.frames}
            playhead={playhead}
            job={run.job}
            points={points}
            samples={samples}
            view={isTruthTable(shape) ? unit : shape === 'points' ? square : viewAround(points)}
            inputs={shape === 'sine' ? 1 : 2}
            {...(shape === 'points' ? { onPoint: addPoint } : {})}
          />
        </div>
        <Progress
          run={run}
          settings={settings}
          evaluation={playground.evaluation}
          mark={run.frames[playhead.index]?.epoch}
        />
      </div>
    </section>
  )
}

function SettingsCard({ playground }: { playground: Playground }) {
  const { settings, change, classes, isActive } = playground
  const isMissingPoints = settings.shape === 'points' && classes < 2
  return (
    <div class="card settings">
      <DataSettings
        settings={settings}
        change={change}
        clicked={playground.clicked}
        brush={playground.brush}
        onBrush={playground.setBrush}
        onPoint={playground.addPoint}
        onRemoveAll={playground.removePoints}
      />
      <NetworkSettings settings={settings} change={change} classes={classes} />
      <TrainingSettings settings={settings} change={change} />
      {isMissingPoints ? <p class="hint">Add points of both classes first.</p> : null}
      <div class="actions">
        {isActive ? (
          <button type="button" onClick={() => void playground.stop()}>
            <Icon name="stop" /> Stop
          </button>
        ) : null}
        <button
          type="button"
          class="primary large"
          disabled={playground.isStarting || isMissingPoints}
          onClick={() => void playground.train()}
        >
          <Icon name="play" /> {playground.hasTrained ? 'Train again' : 'Train'}
        </button>
      </div>
    </div>
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
            <QueueNote job={job} />
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
