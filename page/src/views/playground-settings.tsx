/** The playground's settings: data, points that are placed, the network, and the steps of its training. */
import { useState } from 'preact/hooks'
import type { Point } from '../draw/plane.js'
import { plural } from '../format.js'
import { Choice, NumberField, SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { NetworkEditor } from '../components/network-editor.js'
import { isTruthTable, shapeNames, shapes } from './playground-data.js'
import { outputLayer, type Setting, twoLayers } from './playground-request.js'

interface Props {
  setting: Setting
  change(part: Partial<Setting>): void
}

interface DataProps extends Props {
  clicked: readonly Point[]
  /** Class of the next point. */
  brush: '0' | '1'
  onBrush(brush: '0' | '1'): void
  onPoint(x: number, y: number): void
  onRemoveAll(): void
}

export function DataSettings({ setting, change, clicked, brush, onBrush, onPoint, onRemoveAll }: DataProps) {
  const { shape, noise } = setting
  return (
    <>
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
            onChange={onBrush}
            options={[
              ['0', '● first'],
              ['1', '■ second'],
            ]}
          />
          <PlacePoint onPoint={onPoint} />
          <p class="hint">
            Or click into the square. {plural(clicked.length, 'point')} so far.{' '}
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

/** @param classes how many the points have */
export function NetworkSettings({ setting, change, classes }: Props & { classes: number }) {
  const { shape } = setting
  return (
    <>
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
          inputs={shape === 'sine' ? '1 number' : '2 numbers'}
          hidden={setting.hidden}
          output={outputLayer(setting, classes)}
          onChange={(hidden) => change({ hidden })}
        />
      )}
    </>
  )
}

export function TrainingSettings({ setting, change }: Props) {
  return (
    <>
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
    </>
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
