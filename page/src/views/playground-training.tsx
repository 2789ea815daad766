/** The training of the playground: optimizer, batches, penalty, epochs and seed. */
import { NumberField, SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { isTruthTable } from '../playground/data.js'
import type { OptimizerType, Penalty, Settings } from '../playground/settings.js'

interface Props {
  settings: Settings
  change(part: Partial<Settings>): void
}

export function TrainingSettings({ settings, change }: Props) {
  const { perceptron, learningRate, epochs, seed } = settings
  return (
    <>
      <h2>Training</h2>
      {perceptron ? null : <OptimizerFields settings={settings} change={change} />}
      <div class="pair">
        <NumberField
          label="Learning rate"
          value={learningRate}
          min={0}
          onChange={(learningRate) => change({ learningRate })}
        />
        <NumberField
          label="Epochs"
          value={epochs}
          min={1}
          step={1}
          onChange={(epochs) => change({ epochs })}
        />
        {perceptron ? null : <BatchField settings={settings} change={change} />}
        <NumberField label="Seed" value={seed} min={0} step={1} onChange={(seed) => change({ seed })} />
      </div>
      <button type="button" onClick={() => change({ seed: seed + 1 })}>
        <Icon name="reset" /> Next seed
      </button>
      {perceptron ? null : <PenaltyFields settings={settings} change={change} />}
    </>
  )
}

const optimizerNames: Record<OptimizerType, string> = {
  adam: 'Adam',
  adamw: 'AdamW',
  sgd: 'SGD',
  rmsprop: 'RMSprop',
  adagrad: 'Adagrad',
}

type Parameter = 'momentum' | 'beta1' | 'beta2' | 'rho'

const parameters: Record<OptimizerType, readonly (readonly [Parameter, string])[]> = {
  sgd: [['momentum', 'Momentum']],
  adam: [
    ['beta1', 'β₁'],
    ['beta2', 'β₂'],
  ],
  adamw: [
    ['beta1', 'β₁'],
    ['beta2', 'β₂'],
  ],
  rmsprop: [['rho', 'ρ']],
  adagrad: [],
}

function OptimizerFields({ settings, change }: Props) {
  const { optimizer, momentum, nesterov } = settings
  return (
    <>
      <SelectField
        label="Optimizer"
        value={optimizer}
        onChange={(optimizer) => change({ optimizer })}
        options={(Object.keys(optimizerNames) as OptimizerType[]).map((type) => [type, optimizerNames[type]])}
      />
      <div class="pair">
        {parameters[optimizer].map(([parameter, label]) => (
          <NumberField
            key={parameter}
            label={label}
            value={settings[parameter]}
            min={0}
            max={0.9999}
            onChange={(value) => change({ [parameter]: value })}
          />
        ))}
      </div>
      {optimizer === 'sgd' && momentum > 0 ? (
        <label class="check">
          <input
            type="checkbox"
            checked={nesterov}
            onChange={(event) => change({ nesterov: event.currentTarget.checked })}
          />
          Nesterov
        </label>
      ) : null}
    </>
  )
}

const batchSizes = ['1', '4', '10', '32', '64', '128', 'full'] as const

function BatchField({ settings: { batchSize, shape }, change }: Props) {
  const value = String(batchSize ?? 'full')
  const known = batchSizes.find((size) => size === value)
  const options = [...batchSizes, ...(known === undefined ? [value] : [])]
  return (
    <SelectField
      label="Batch size"
      value={value}
      hint={isTruthTable(shape) ? 'at most the 4 rows' : undefined}
      onChange={(size) => change({ batchSize: size === 'full' ? null : Number(size) })}
      options={options.map((size) => [size, size === 'full' ? 'all rows' : size])}
    />
  )
}

const penaltyNames: Record<Penalty, string> = {
  none: 'none',
  l1: 'L1',
  l2: 'L2, weight decay',
}

function PenaltyFields({ settings: { penalty, penaltyRate, optimizer }, change }: Props) {
  return (
    <div class="pair">
      <SelectField
        label="Regularization"
        value={penalty}
        hint={optimizer === 'adamw' && penalty === 'l2' ? 'apart from the gradient' : undefined}
        onChange={(penalty) => change({ penalty })}
        options={(Object.keys(penaltyNames) as Penalty[]).map((name) => [name, penaltyNames[name]])}
      />
      {penalty === 'none' ? null : (
        <NumberField
          label="Strength"
          value={penaltyRate}
          min={0}
          onChange={(penaltyRate) => change({ penaltyRate })}
        />
      )}
    </div>
  )
}
