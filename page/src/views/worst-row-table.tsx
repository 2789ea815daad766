/** A table of rows with their loss, of which some can be marked. */
import type { Model, WorstRows } from '../api/types.js'
import { RowPicture } from '../draw/row-picture.js'
import { day, plural, short } from '../format.js'

const maxColumns = 8

type Coding = Model['coding']
type WorstRow = WorstRows['rows'][number]

interface Props {
  worst: WorstRows
  coding: Coding
  /** Null if rows cannot be marked. */
  marking: { marked: ReadonlySet<number>; onToggle(row: number): void } | null
}

export function WorstRowTable({ worst, coding, marking }: Props) {
  const { columns, rows } = worst
  if (rows.length === 0) return null
  const isPicture = coding.image !== undefined
  const features = new Map(coding.features.map((feature) => [feature.name, feature.type]))
  const shown = isPicture
    ? []
    : columns.flatMap((name, index) => (features.has(name) ? [{ name, index }] : [])).slice(0, maxColumns)
  const omitted = features.size - shown.length
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus
    <section class="scroll" tabIndex={0} aria-label="Worst rows">
      <table class="plain small">
        <caption class="visually-hidden">Rows with the largest loss, with their values</caption>
        <thead>
          <tr>
            {marking === null ? null : <th scope="col">Exclude</th>}
            <th scope="col" class="number">
              Row
            </th>
            {isPicture ? <th scope="col">Picture</th> : null}
            <th scope="col" class="number">
              Loss
            </th>
            <th scope="col">True</th>
            <th scope="col">Predicted</th>
            {shown.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((each) => (
            <tr key={each.row}>
              {marking === null ? null : (
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Exclude row ${each.row}`}
                    checked={marking.marked.has(each.row)}
                    onChange={() => marking.onToggle(each.row)}
                  />
                </td>
              )}
              <th scope="row" class="number">
                {each.row}
              </th>
              {isPicture ? (
                <td>
                  <RowPicture row={each.row} values={each.values} columns={columns} coding={coding} />
                </td>
              ) : null}
              <td class="number">{short(each.loss)}</td>
              <td>{truthText(each.truth)}</td>
              <td>{predictionText(each.prediction)}</td>
              {shown.map(({ name, index }) => (
                <td key={name} class="cut">
                  {valueText(each.values[index], features.get(name) === 'date')}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {isPicture || omitted === 0 ? null : <p class="hint">and {plural(omitted, 'more column')}</p>}
    </section>
  )
}

function truthText({ label, labels, output }: WorstRow['truth']): string {
  return label ?? listText(labels) ?? (output ?? []).map((value) => short(value)).join(', ')
}

function predictionText({ label, labels, output, probabilities }: WorstRow['prediction']): string {
  const probability = label === undefined ? undefined : probabilities?.[label]
  if (label !== undefined) {
    return probability === undefined ? label : `${label} (${(100 * probability).toFixed(1)} %)`
  }
  return listText(labels) ?? output.map((value) => short(value)).join(', ')
}

const listText = (labels: readonly string[] | undefined) =>
  labels === undefined ? undefined : labels.length === 0 ? 'none' : labels.join(', ')

function valueText(value: WorstRow['values'][number] | undefined, isDate: boolean): string {
  if (value === null || value === undefined) return '–'
  if (typeof value !== 'number') return String(value)
  return isDate ? day(value) : short(value)
}
