/** Inputs of the network that are computed from number columns. */
import { useState } from 'preact/hooks'
import { SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { type Derived, numberFeatures } from './job-form.js'
import type { TrainingProps } from './job-training.js'

/** `mass²`, `speed × mass` or `sin angle`. */
function derivedName(derived: Derived): string {
  switch (derived.type) {
    case 'square':
      return `${derived.of}²`
    case 'product':
      return derived.of.join(' × ')
    case 'sin':
      return `sin ${derived.of}`
    default:
      return derived satisfies never
  }
}

const kinds = [
  ['square', 'square'],
  ['product', 'product'],
  ['sin', 'sine'],
] as const satisfies readonly (readonly [Derived['type'], string])[]

export function DerivedFields({ form, dataset, change, errorAt }: TrainingProps) {
  const names = numberFeatures(dataset)
  const [type, setType] = useState<Derived['type']>('square')
  const [first, setFirst] = useState(names[0] ?? '')
  const [second, setSecond] = useState(names[1] ?? names[0] ?? '')
  const next: Derived = type === 'product' ? { type, of: [first, second] } : { type, of: first }
  const isListed = form.derived.some((each) => derivedName(each) === derivedName(next))
  const columns = names.map((name) => [name, name] as const)
  return (
    <fieldset class="augmentation">
      <legend>Derived features</legend>
      <p class="hint">Inputs that are computed from number columns, besides the columns themselves.</p>
      {form.derived.length === 0 ? null : (
        <div class="lessons">
          {form.derived.map((each) => (
            <button
              key={derivedName(each)}
              type="button"
              class="chip"
              aria-label={`Remove ${derivedName(each)}`}
              onClick={() => change({ derived: form.derived.filter((other) => other !== each) })}
            >
              {derivedName(each)} <Icon name="close" />
            </button>
          ))}
        </div>
      )}
      <div class="pair">
        <SelectField
          label="Computed"
          value={type}
          error={errorAt('/derivedFeatures')}
          onChange={setType}
          options={kinds}
        />
        <SelectField label="Of column" value={first} onChange={setFirst} options={columns} />
        {type === 'product' ? (
          <SelectField label="With column" value={second} onChange={setSecond} options={columns} />
        ) : null}
      </div>
      <button type="button" disabled={isListed} onClick={() => change({ derived: [...form.derived, next] })}>
        <Icon name="plus" /> Add {derivedName(next)}
      </button>
    </fieldset>
  )
}
