/** Trains a small network on two-dimensional data and shows how it learns, epoch by epoch. */
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { BoundaryCanvas } from '../draw/boundary-canvas.js'
import type { Point, View } from '../draw/plane.js'
import { isTruthTable } from '../playground/data.js'
import { examples, type Settings } from '../playground/settings.js'
import { type Playground, usePlayground } from '../playground/use-playground.js'
import { DataSettings } from './playground-data.js'
import { NetworkSettings } from './playground-network.js'
import { ProgressCard } from './playground-progress.js'
import { TimeControls } from './playground-time.js'
import { Toolbar } from './playground-toolbar.js'
import { TrainingSettings } from './playground-training.js'

/** Axes for custom points. */
const square: View = { left: -1, right: 1, bottom: -1, top: 1 }
/** Axes for truth tables. */
const unit: View = { left: -0.25, right: 1.25, bottom: -0.25, top: 1.25 }

/** @param argument the settings in the address */
export function PlaygroundView({ argument }: { argument: string }) {
  const playground = usePlayground(argument)
  const { settings, change, ignored, note } = playground
  return (
    <section class="playground">
      <div class="heading">
        <div>
          <Heading>Playground</Heading>
          <p class="under">Choose data, build a network, and watch it learn, epoch by epoch.</p>
        </div>
        <Examples settings={settings} disabled={playground.isStarting} onSelect={playground.start} />
      </div>
      <Toolbar playground={playground} />
      <ErrorNotice error={playground.problem} />
      {ignored.length === 0 ? null : (
        <p class="notice warn" role="status">
          The address has values that the playground does not know, and ignores: {ignored.join(', ')}
        </p>
      )}
      {note === null ? null : (
        <p class="notice warn" role="status">
          {note}
        </p>
      )}
      <div class="stage">
        <div class="card settings">
          <DataSettings playground={playground} />
          <NetworkSettings settings={settings} change={change} classes={playground.rows.classes} />
          <TrainingSettings settings={settings} change={change} />
        </div>
        <PlotCard playground={playground} />
        <ProgressCard playground={playground} />
      </div>
    </section>
  )
}

function PlotCard({ playground }: { playground: Playground }) {
  const { settings, rows, addPoint, run, time } = playground
  const { shape } = settings
  return (
    <div class="card plot-card">
      <figure class="boundary">
        <BoundaryCanvas
          frame={time.frame}
          job={run.job}
          points={rows.points}
          samples={rows.samples}
          view={isTruthTable(shape) ? unit : shape === 'points' ? square : viewAround(rows.points)}
          inputs={shape === 'sine' ? 1 : 2}
          onPoint={shape === 'points' ? addPoint : undefined}
        />
        <TimeControls playground={playground} />
      </figure>
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

function viewAround(points: readonly Point[]): View {
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const [marginX, marginY] = [(right - left) / 4, (top - bottom) / 4]
  return { left: left - marginX, right: right + marginX, bottom: bottom - marginY, top: top + marginY }
}
