/** Trains a small network on two-dimensional data and shows how it learns, epoch by epoch. */
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { examples, type Settings } from '../playground/settings.js'
import { usePlayground } from '../playground/use-playground.js'
import { DataSettings } from './playground-data.js'
import { DrawingCard } from './playground-drawing.js'
import { NetworkSettings } from './playground-network.js'
import { PlotCard } from './playground-plot.js'
import { ProgressCard } from './playground-progress.js'
import { SurfaceCard } from './playground-surface.js'
import { Toolbar } from './playground-toolbar.js'
import { TrainingSettings } from './playground-training.js'

/** @param argument the settings in the address */
export function PlaygroundView({ argument }: { argument: string }) {
  const playground = usePlayground(argument)
  const { settings, change, ignored, note } = playground
  return (
    <section class="playground">
      <div class="heading">
        <Heading>Playground</Heading>
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
          <NetworkSettings settings={settings} change={change} rows={playground.rows} />
          <TrainingSettings settings={settings} change={change} />
        </div>
        <div class="beside">
          <DrawingCard playground={playground} />
          <ProgressCard playground={playground} />
        </div>
        <div class="beside plots">
          <PlotCard playground={playground} />
          <SurfaceCard playground={playground} />
        </div>
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
