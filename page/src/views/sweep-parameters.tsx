/** The parameters in the form of a new sweep. */
import { Icon } from '../components/icon.js'
import { emptyRow, type ParameterRow, type SweepForm, withRow } from '../sweeps/form.js'
import { ParameterFields } from './sweep-parameter.js'

interface Props {
  form: Pick<SweepForm, 'rows' | 'search'>
  /** Rows for places that are often varied. */
  common: readonly ParameterRow[]
  change(part: Pick<SweepForm, 'rows'>): void
  /** @param field a JSON pointer into the request */
  errorAt(field: string): string | undefined
}

const parameterFields = ['values', 'min', 'max', 'steps', 'when'] as const

export function ParameterRows({ form, common, change, errorAt }: Props) {
  const { rows } = form
  const changeRow = (index: number, part: Partial<ParameterRow>) => {
    const suggested = common.find(({ path }) => path === part.path)
    change({ rows: rows.map((row, at) => (at === index ? { ...row, ...suggested, ...part } : row)) })
  }
  const next = common.find(({ path }) => rows.every((row) => row.path !== path)) ?? emptyRow
  return (
    <div class="card">
      <h2>Parameters</h2>
      {rows.map((row, index) => (
        <ParameterFields
          key={index}
          number={index + 1}
          row={row}
          search={form.search}
          places={common.map(({ path }) => path)}
          earlier={rows.slice(0, index).flatMap(({ path }) => (path === '' ? [] : [path]))}
          onChange={(part) => changeRow(index, part)}
          onRemove={() => change({ rows: rows.filter((_, at) => at !== index) })}
          errorAt={(field) => {
            const pointer = `/parameters/${index}`
            const own = errorAt(`${pointer}/${field}`)
            // Errors of the whole parameter are shown at its path.
            const isElsewhere = parameterFields.some((each) => errorAt(`${pointer}/${each}`) !== undefined)
            return own ?? (field === 'path' && !isElsewhere ? errorAt(pointer) : undefined)
          }}
        />
      ))}
      {errorAt('/parameters') === undefined || rows.length > 0 ? null : (
        <small class="wrong" role="alert">
          {errorAt('/parameters')}
        </small>
      )}
      <div class="actions">
        <button type="button" onClick={() => change({ rows: withRow(rows, next) })}>
          <Icon name="plus" /> Add parameter
        </button>
      </div>
    </div>
  )
}
