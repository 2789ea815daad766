/** Labelled inputs. Screen readers announce an error or hint with its field. */
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface FieldProps {
  label: string
  error?: string | undefined
  hint?: string | undefined
}

function Field(
  props: FieldProps & {
    children: (ids: { id: string; describedBy: string | undefined }) => ComponentChildren
  },
) {
  const { label, error, hint, children } = props
  const id = useId()
  const note = error ?? hint
  return (
    <div class={`field ${error === undefined ? '' : 'wrong'}`}>
      <label for={id}>{label}</label>
      {children({ id, describedBy: note === undefined ? undefined : `${id}-note` })}
      {note === undefined ? null : (
        <small id={`${id}-note`} role={error === undefined ? undefined : 'alert'}>
          {note}
        </small>
      )}
    </div>
  )
}

export function TextField(
  props: FieldProps & {
    value: string
    onChange(value: string): void
    placeholder?: string
    suggestions?: readonly string[]
  },
) {
  const { value, onChange, placeholder, suggestions = [], ...field } = props
  return (
    <Field {...field}>
      {({ id, describedBy }) => (
        <>
          <input
            id={id}
            type="text"
            value={value}
            placeholder={placeholder}
            autocomplete="off"
            list={suggestions.length === 0 ? undefined : `${id}-list`}
            aria-describedby={describedBy}
            aria-invalid={field.error !== undefined}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
          {suggestions.length === 0 ? null : (
            <datalist id={`${id}-list`}>
              {suggestions.map((suggestion) => (
                <option key={suggestion} value={suggestion} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  )
}

export function TextAreaField(
  props: FieldProps & { value: string; onChange(value: string): void; rows: number; placeholder?: string },
) {
  const { value, onChange, rows, placeholder, ...field } = props
  return (
    <Field {...field}>
      {({ id, describedBy }) => (
        <textarea
          id={id}
          rows={rows}
          value={value}
          placeholder={placeholder}
          spellcheck={false}
          aria-describedby={describedBy}
          aria-invalid={field.error !== undefined}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  )
}

export function DateField(props: FieldProps & { value: string; onChange(value: string): void }) {
  const { value, onChange, ...field } = props
  return (
    <Field {...field}>
      {({ id, describedBy }) => (
        <input
          id={id}
          type="date"
          value={value}
          aria-describedby={describedBy}
          aria-invalid={field.error !== undefined}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  )
}

export function NumberField(
  props: FieldProps & {
    value: number
    onChange(value: number): void
    min?: number
    max?: number
    step?: number | 'any'
  },
) {
  const { value, onChange, min, max, step = 'any', ...field } = props
  return (
    <Field {...field}>
      {({ id, describedBy }) => (
        <input
          id={id}
          type="number"
          value={Number.isNaN(value) ? '' : value}
          min={min}
          max={max}
          step={step}
          aria-describedby={describedBy}
          aria-invalid={field.error !== undefined}
          onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
        />
      )}
    </Field>
  )
}

export function SelectField<T extends string>(
  props: FieldProps & {
    value: T
    onChange(value: NoInfer<T>): void
    options: readonly (readonly [NoInfer<T>, string])[]
  },
) {
  const { value, onChange, options, ...field } = props
  return (
    <Field {...field}>
      {({ id, describedBy }) => (
        <select
          id={id}
          value={value}
          aria-describedby={describedBy}
          onChange={(event) => {
            const chosen = options.find(([option]) => option === event.currentTarget.value)
            if (chosen !== undefined) onChange(chosen[0])
          }}
        >
          {options.map(([option, name]) => (
            <option key={option} value={option} selected={option === value}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** A row of buttons of which one is selected. */
export function Choice<T extends string>(props: {
  label: string
  value: T
  onChange(value: NoInfer<T>): void
  options: readonly (readonly [NoInfer<T>, string])[]
}) {
  const { label, value, onChange, options } = props
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      {options.map(([option, name]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {name}
        </button>
      ))}
    </fieldset>
  )
}
