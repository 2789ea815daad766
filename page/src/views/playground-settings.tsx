/** The settings of the playground: data, network and training. */
import { useState } from 'preact/hooks'
import { Choice, NumberField, SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { NetworkEditor } from '../components/network-editor.js'
import type { Point } from '../draw/plane.js'
import { plural } from '../format.js'
import { isTruthTable, shapeNames, shapes } from './playground-data.js'
import { outputLayer, type Settings, twoLayers } from './playground-request.js'

interface Props {
  settings: Settings
  change(part: Partial<Settings>): void
}

interface DataProps extends Props {
  clicked: readonly Point[]
  /** Class of the next point. */
  brush: '0' | '1'
  onBrush(brush: '0' | '1'): void
  onPoint(x: number, y: number): void
  onRemoveAll(): void
}

export function DataSettings({ settings, change, clicked, brush, onBrush, onPoint, onRemoveAll }: DataProps) {
  const { shape, noise } = settings
  return (
    <>
      <h2>Data</h2>
      <SelectField
        label="Dataset"
        value={shape}
        onChange={(shape) => change({ shape, perceptron: settings.perceptron && isTruthTable(shape) })}
        options={shapes.map((each) => [each, shapeNames[each]] as const)}
      />
      {shape === 'points' ? (
        <>
          <Choice
            label="Class of the next point"
            value={brush}
            onChange={onBrush}
            options={[
              ['0', '● first'],
              ['1', '■ second'],
            ]}
          />
          <PointFields onPoint={onPoint} />
          <p class="hint">
            Or click in the plot. {plural(clicked.length, 'point')} so far.{' '}
            <button type="button" class="plain" disabled={clicked.length === 0} onClick={onRemoveAll}>
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
    </>
  )
}

/** @param classes number of classes of the points */
export function NetworkSettings({ settings, change, classes }: Props & { classes: number }) {
  const { shape } = settings
  return (
    <>
      <h2>Network</h2>
      {settings.perceptron ? (
        <p class="hint">
          One threshold unit, trained by the perceptron rule on one point at a time.{' '}
          <button
            type="button"
            class="plain"
            onClick={() => change({ ...twoLayers, shape, hidden: [{ units: 4, activation: 'tanh' }] })}
          >
            Add a hidden layer
          </button>
        </p>
      ) : (
        <NetworkEditor
          inputs={shape === 'sine' ? '1 number' : '2 numbers'}
          hidden={settings.hidden}
          output={outputLayer(settings, classes)}
          onChange={(hidden) => change({ hidden })}
        />
      )}
    </>
  )
}

export function TrainingSettings({ settings, change }: Props) {
  return (
    <>
      <h2>Training</h2>
      <div class="pair">
        {settings.perceptron ? null : (
          <SelectField
            label="Optimizer"
            value={settings.optimizer}
            onChange={(optimizer) => change({ optimizer })}
            options={[
              ['adam', 'Adam'],
              ['sgd', 'SGD'],
              ['momentum', 'SGD, momentum 0.9'],
            ]}
          />
        )}
        <NumberField
          label="Learning rate"
          value={settings.learningRate}
          min={0}
          onChange={(learningRate) => change({ learningRate })}
        />
        <NumberField
          label="Epochs"
          value={settings.epochs}
          min={1}
          step={1}
          onChange={(epochs) => change({ epochs })}
        />
      </div>
    </>
  )
}

/** Adds a point by its coordinates, for readers who do not use a pointer. */
function PointFields({ onPoint }: { onPoint(x: number, y: number): void }) {
  const [at, setAt] = useState({ x: 0, y: 0 })
  const rangeError = (value: number) =>
    value >= -1 && value <= 1 ? undefined : 'Enter a number from −1 to 1.'
  return (
    <>
      <div class="pair">
        <NumberField
          label="x"
          value={at.x}
          min={-1}
          max={1}
          step={0.1}
          error={rangeError(at.x)}
          onChange={(x) => setAt({ ...at, x })}
        />
        <NumberField
          label="y"
          value={at.y}
          min={-1}
          max={1}
          step={0.1}
          error={rangeError(at.y)}
          onChange={(y) => setAt({ ...at, y })}
        />
      </div>
      <button
        type="button"
        disabled={(rangeError(at.x) ?? rangeError(at.y)) !== undefined}
        onClick={() => onPoint(at.x, at.y)}
      >
        <Icon name="plus" /> Add point
      </button>
    </>
  )
}
