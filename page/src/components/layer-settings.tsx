/** The numbers and names that a layer has. */
import type { LayerRequest } from '../api/types.js'
import type { LayerSetting } from './layer-kinds.js'

interface Props {
  layer: LayerRequest
  /** Of the layer, from 1. */
  number: number
  settings: readonly LayerSetting[]
  onChange(layer: LayerRequest): void
}

export function LayerSettings({ layer, number, settings, onChange }: Props) {
  const values: Readonly<Record<string, unknown>> = { ...layer }
  const change = (field: string, value: number | string) =>
    onChange({ ...layer, [field]: value } as LayerRequest)
  return (
    <>
      {settings.map((setting) => {
        const { field, title } = setting
        const label = `${title} of layer ${number}`
        return (
          <span key={field} class="setting">
            <span aria-hidden="true">{title}</span>
            {'choices' in setting ? (
              <select
                aria-label={label}
                value={chosen(setting.choices, values[field])}
                onChange={({ currentTarget: { value } }) => change(field, value)}
              >
                {setting.choices.map((choice) => (
                  <option
                    key={choice}
                    value={choice}
                    selected={choice === chosen(setting.choices, values[field])}
                  >
                    {choice}
                  </option>
                ))}
              </select>
            ) : (
              <input
                type="number"
                aria-label={label}
                value={firstNumber(values[field])}
                min={setting.least}
                max={setting.most}
                step={setting.step}
                onChange={({ currentTarget }) => {
                  const { valueAsNumber: value } = currentTarget
                  if (Number.isNaN(value)) return
                  change(field, Math.min(setting.most, Math.max(setting.least, value)))
                }}
              />
            )}
          </span>
        )
      })}
    </>
  )
}

/** The padding of an added layer is absent: its first choice is the default. */
const chosen = (choices: readonly string[], value: unknown) =>
  choices.find((choice) => choice === value) ?? choices[0] ?? ''

/** Sizes of pictures may have one number for both dimensions, or two. */
const firstNumber = (value: unknown) => Number(Array.isArray(value) ? value[0] : (value ?? 2))
