/** Edits the hidden layers of a dense network. The task determines the output layer. */
import { activations, type HiddenLayer } from './hidden-layer.js'
import { Icon } from './icon.js'

interface Props {
  inputs: string
  hidden: readonly HiddenLayer[]
  output: { units: number; activation: string }
  onChange(hidden: HiddenLayer[]): void
  errors?: (layer: number) => string | undefined
}

const maxUnits = 512

export function NetworkEditor({ inputs, hidden, output, onChange, errors = () => undefined }: Props) {
  const change = (layerIndex: number, layer: Partial<HiddenLayer>) =>
    onChange(hidden.map((current, index) => (index === layerIndex ? { ...current, ...layer } : current)))
  const resize = (layerIndex: number, units: number) => {
    if (Number.isInteger(units)) change(layerIndex, { units: Math.min(maxUnits, Math.max(1, units)) })
  }
  return (
    <ol class="layers" aria-label="Layers of the network">
      <li class="layer end">
        <span class="kind">Input</span>
        <span>{inputs}</span>
      </li>
      {hidden.map((layer, layerIndex) => (
        <li class="layer" key={layerIndex}>
          <span class="kind">Layer {layerIndex + 1}</span>
          <span class="stepper">
            <button
              type="button"
              class="icon"
              aria-label={`Fewer units in layer ${layerIndex + 1}`}
              onClick={() => resize(layerIndex, layer.units - 1)}
            >
              <Icon name="minus" />
            </button>
            <input
              type="number"
              min={1}
              max={maxUnits}
              value={layer.units}
              aria-label={`Units of layer ${layerIndex + 1}`}
              onChange={(event) => resize(layerIndex, event.currentTarget.valueAsNumber)}
            />
            <button
              type="button"
              class="icon"
              aria-label={`More units in layer ${layerIndex + 1}`}
              onClick={() => resize(layerIndex, layer.units + 1)}
            >
              <Icon name="plus" />
            </button>
          </span>
          <select
            aria-label={`Activation of layer ${layerIndex + 1}`}
            value={layer.activation}
            onChange={(event) => {
              const activation = activations.find((name) => name === event.currentTarget.value)
              if (activation !== undefined) change(layerIndex, { activation })
            }}
          >
            {activations.map((name) => (
              <option key={name} selected={name === layer.activation}>
                {name}
              </option>
            ))}
          </select>
          <button
            type="button"
            class="icon"
            aria-label={`Remove layer ${layerIndex + 1}`}
            onClick={() => onChange(hidden.filter((_, index) => index !== layerIndex))}
          >
            <Icon name="close" />
          </button>
          {errors(layerIndex) === undefined ? null : (
            <small class="wrong" role="alert">
              {errors(layerIndex)}
            </small>
          )}
        </li>
      ))}
      <li class="add">
        <button
          type="button"
          disabled={hidden.length >= 8}
          onClick={() => onChange([...hidden, { units: 4, activation: hidden.at(-1)?.activation ?? 'tanh' }])}
        >
          <Icon name="plus" /> Add layer
        </button>
      </li>
      <li class="layer end">
        <span class="kind">Output</span>
        <span>
          {output.units} × {output.activation}
        </span>
        {errors(hidden.length) === undefined ? null : (
          <small class="wrong" role="alert">
            {errors(hidden.length)}
          </small>
        )}
      </li>
    </ol>
  )
}
