/** One parameter in the form of a new sweep: a place of the spec, and its values or range. */
import { Choice, NumberField, SelectField, TextField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import type { ParameterRow, SweepForm } from '../sweeps/form.js'

interface Props {
  number: number
  row: ParameterRow
  search: SweepForm['search']
  /** Paths that are often varied. */
  places: readonly string[]
  /** Paths of the parameters before this one, which a condition may name. */
  earlier: readonly string[]
  onChange(part: Partial<ParameterRow>): void
  onRemove(): void
  /** @param field `path`, `values` and so on */
  errorAt(field: string): string | undefined
}

export function ParameterFields(props: Props) {
  const { number, row, places, earlier, onChange, onRemove, errorAt } = props
  return (
    <fieldset class="sweep-parameter">
      <legend>Parameter {number}</legend>
      <TextField
        label="Place in the spec"
        value={row.path}
        placeholder="/optimizer/learningRate"
        suggestions={places}
        error={errorAt('path')}
        onChange={(path) => onChange({ path })}
      />
      <div class="controls">
        <Choice
          label="Given as"
          value={row.kind}
          onChange={(kind) => onChange({ kind })}
          options={[
            ['values', 'values'],
            ['range', 'range'],
          ]}
        />
        <button type="button" class="icon" aria-label={`Remove parameter ${number}`} onClick={onRemove}>
          <Icon name="close" />
        </button>
      </div>
      {row.kind === 'values' ? (
        <TextField
          label="Values"
          value={row.values}
          hint="separated by commas"
          error={errorAt('values')}
          onChange={(values) => onChange({ values })}
        />
      ) : (
        <RangeFields {...props} />
      )}
      {earlier.length === 0 && row.when.path === '' ? null : <ConditionFields {...props} />}
    </fieldset>
  )
}

function RangeFields({ row, search, onChange, errorAt }: Props) {
  return (
    <div class="pair">
      <NumberField
        label="From"
        value={row.min}
        error={errorAt('min')}
        onChange={(min) => onChange({ min })}
      />
      <NumberField label="To" value={row.max} error={errorAt('max')} onChange={(max) => onChange({ max })} />
      <SelectField
        label="Scale"
        value={row.scale}
        onChange={(scale) => onChange({ scale })}
        options={[
          ['linear', 'linear'],
          ['log', 'log'],
        ]}
      />
      <SelectField
        label="Numbers"
        value={row.numbers}
        onChange={(numbers) => onChange({ numbers })}
        options={[
          ['any', 'any'],
          ['whole', 'whole'],
        ]}
      />
      {search === 'grid' ? (
        <NumberField
          label="Steps"
          value={row.steps}
          min={2}
          step={1}
          error={errorAt('steps')}
          onChange={(steps) => onChange({ steps })}
        />
      ) : null}
    </div>
  )
}

function ConditionFields({ row: { when }, earlier, onChange, errorAt }: Props) {
  const paths = when.path === '' || earlier.includes(when.path) ? earlier : [...earlier, when.path]
  return (
    <div class="pair">
      <SelectField
        label="Varied"
        value={when.path}
        error={when.path === '' ? errorAt('when') : errorAt('when/path')}
        onChange={(path) => onChange({ when: { ...when, path } })}
        options={[['', 'always'], ...paths.map((path) => [path, `only if ${path}`] as const)]}
      />
      {when.path === '' ? null : (
        <TextField
          label="is one of"
          value={when.values}
          hint="separated by commas"
          error={errorAt('when/in')}
          onChange={(values) => onChange({ when: { ...when, values } })}
        />
      )}
    </div>
  )
}
