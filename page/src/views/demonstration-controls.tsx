/** What a reader changes in a demonstration. */
import type { Control, Controls, Settings } from '../../../examples/lecture/demonstration.js'

/** Controls with more values are truth tables, one bit for each combination of inputs. */
const maximumChoices = 10

interface Props {
  controls: Controls
  settings: Settings
  onChange(settings: Settings): void
}

export function DemonstrationControls({ controls, settings, onChange }: Props) {
  const entries = Object.entries(controls)
  if (entries.length === 0) return null
  return (
    <div class="lecture-controls">
      <h3>Change something</h3>
      {entries.map(([name, control]) => {
        const props = {
          control,
          value: settings[name] ?? control.initial,
          onChange: (value: number) => onChange({ ...settings, [name]: value }),
        }
        return control.values.length > maximumChoices ? (
          <TruthTable key={name} {...props} />
        ) : (
          <Choice key={name} {...props} />
        )
      })}
    </div>
  )
}

interface ControlProps {
  control: Control
  value: number
  onChange(value: number): void
}

function Choice({ control, value, onChange }: ControlProps) {
  return (
    <fieldset class="truth">
      <legend>{control.label}</legend>
      {control.values.map((each) => (
        <button
          key={each}
          type="button"
          class="chip"
          aria-pressed={each === value}
          onClick={() => onChange(each)}
        >
          {String(each).replace('-', '−')}
        </button>
      ))}
    </fieldset>
  )
}

/** Buttons to choose for which combinations of the inputs a function is true. */
function TruthTable({ control, value, onChange }: ControlProps) {
  const rows = Math.log2(control.values.length)
  const inputs = Math.log2(rows)
  return (
    <fieldset class="truth">
      <legend>True where the inputs are</legend>
      {Array.from({ length: rows }, (_, row) => {
        const bit = 1 << (rows - 1 - row)
        return (
          <button
            key={row}
            type="button"
            class="chip"
            aria-pressed={(value & bit) !== 0}
            onClick={() => onChange(value ^ bit)}
          >
            {[...row.toString(2).padStart(inputs, '0')].join(' ')}
          </button>
        )
      })}
    </fieldset>
  )
}
