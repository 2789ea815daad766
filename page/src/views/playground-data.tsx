/** The data of the playground: a shape with noise, or points that are clicked or entered. */
import { useId, useState } from 'preact/hooks'
import { Choice, NumberField, SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { plural } from '../format.js'
import { isGenerated, isTruthTable, shapeNames, shapes } from '../playground/data.js'
import { maximumPoints } from '../playground/points.js'
import type { Playground } from '../playground/use-playground.js'
import { FileSettings } from './playground-file.js'

export function DataSettings({ playground }: { playground: Playground }) {
  const { shape } = playground.settings
  return (
    <>
      <h2>Data</h2>
      <SelectField
        label="Dataset"
        value={shape}
        onChange={playground.changeShape}
        options={shapes.map((each) => [each, shapeNames[each]] as const)}
      />
      {shape === 'file' ? <FileSettings playground={playground} /> : null}
      {shape === 'points' ? <DrawnPoints playground={playground} /> : null}
      {isGenerated(shape) ? <Noise playground={playground} /> : null}
      {isTruthTable(shape) ? null : <HeldOut playground={playground} />}
    </>
  )
}

function DrawnPoints({ playground }: { playground: Playground }) {
  const { clicked, brush, addPoint } = playground
  return (
    <>
      <Choice
        label="Class of the next point"
        value={brush}
        onChange={playground.setBrush}
        options={[
          ['0', '● first'],
          ['1', '■ second'],
        ]}
      />
      <PointFields onPoint={addPoint} />
      <p class="hint">
        Or click in the plot. {plural(clicked.length, 'point')} so far
        {clicked.length === maximumPoints ? ', which is the limit' : ''}. This browser keeps them.{' '}
        <button type="button" class="plain" disabled={clicked.length === 0} onClick={playground.removePoints}>
          Remove all
        </button>
      </p>
    </>
  )
}

function Noise({ playground: { settings, change } }: { playground: Playground }) {
  const { noise, dataSeed } = settings
  const id = useId()
  return (
    <div class="field">
      <label for={id}>Noise: {noise.toFixed(2)}</label>
      <div class="slider">
        <input
          id={id}
          type="range"
          min={0}
          max={0.5}
          step={0.01}
          value={noise}
          onInput={(event) => change({ noise: event.currentTarget.valueAsNumber })}
        />
        <button type="button" onClick={() => change({ dataSeed: dataSeed + 1 })}>
          <Icon name="reset" /> Draw again
        </button>
      </div>
    </div>
  )
}

const shares = ['0', '0.1', '0.2', '0.3', '0.5'] as const
const shareOptions = shares.map(
  (share) => [share, share === '0' ? 'none' : `${100 * Number(share)} %`] as const,
)
const shareText = (value: number) => shares.find((share) => Number(share) === value) ?? '0'

function HeldOut({ playground: { settings, change } }: { playground: Playground }) {
  const { validationSplit, testSplit } = settings
  return (
    <div class="pair">
      <SelectField
        label="Validation rows"
        value={shareText(validationSplit)}
        onChange={(share) => change({ validationSplit: Number(share) })}
        options={shareOptions}
      />
      <SelectField
        label="Test rows"
        value={shareText(testSplit)}
        onChange={(share) => change({ testSplit: Number(share) })}
        options={shareOptions}
      />
    </div>
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
        {(['x', 'y'] as const).map((axis) => (
          <NumberField
            key={axis}
            label={axis}
            value={at[axis]}
            min={-1}
            max={1}
            step={0.1}
            error={rangeError(at[axis])}
            onChange={(value) => setAt({ ...at, [axis]: value })}
          />
        ))}
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
