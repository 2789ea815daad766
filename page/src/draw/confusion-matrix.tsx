/** A row for each true class, a column for each predicted class. A darker cell holds more of its row. */
import { percent, whole } from '../format.js'

/** Above this many classes, only the most frequent errors are listed. */
const maxClasses = 30
const maxErrors = 30

/** The names of a true and a predicted class. */
export type Cell = readonly [truth: string, predicted: string]

export interface CellSelection {
  cell: Cell | null
  onSelect(cell: Cell): void
}

interface Props {
  classes: readonly string[]
  confusion: readonly number[][]
  caption: string
  /** Makes the counts buttons. */
  selection?: CellSelection | undefined
}

export function ConfusionMatrix(props: Props) {
  return props.classes.length > maxClasses ? <FrequentErrors {...props} /> : <Matrix {...props} />
}

function Matrix({ classes, confusion, caption, selection }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus
    <section class="scroll" tabIndex={0} aria-label={caption}>
      <table class="confusion">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">true ↓ predicted →</th>
            {classes.map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
            <th scope="col">recall</th>
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, actual) => {
            const total = row.reduce((sum, count) => sum + count, 0)
            return (
              <tr key={classes[actual]}>
                <th scope="row">{classes[actual]}</th>
                {row.map((count, predicted) => (
                  <td
                    key={classes[predicted]}
                    class={count === 0 ? 'none' : predicted === actual ? 'right' : 'wrong'}
                    style={{ '--share': total === 0 ? 0 : count / total }}
                  >
                    <Count
                      count={count}
                      cell={[classes[actual] ?? '', classes[predicted] ?? '']}
                      selection={selection}
                    />
                  </td>
                ))}
                <td class="recall">{total === 0 ? '–' : percent((row[actual] ?? 0) / total)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}

function Count({ count, cell, selection }: { count: number; cell: Cell } & Pick<Props, 'selection'>) {
  if (selection === undefined || count === 0) return <>{whole(count)}</>
  const [truth, predicted] = cell
  const isSelected = selection.cell?.[0] === truth && selection.cell[1] === predicted
  return (
    <button
      type="button"
      class="plain"
      aria-pressed={isSelected}
      aria-label={`Show the ${whole(count)} rows of ${truth} predicted as ${predicted}`}
      onClick={() => selection.onSelect(cell)}
    >
      {whole(count)}
    </button>
  )
}

function FrequentErrors({ classes, confusion, caption, selection }: Props) {
  const errors = confusion
    .flatMap((row, actual) => row.map((count, predicted) => ({ actual, predicted, count })))
    .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
    .sort((a, b) => b.count - a.count)
  return (
    <>
      <p class="hint">
        {caption}: {whole(classes.length)} classes. The most frequent of {whole(errors.length)} kinds of
        error:
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus */}
      <section class="scroll short" tabIndex={0} aria-label={caption}>
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">True</th>
              <th scope="col">Predicted</th>
              <th scope="col" class="number">
                Rows
              </th>
            </tr>
          </thead>
          <tbody>
            {errors.slice(0, maxErrors).map(({ actual, predicted, count }) => (
              <tr key={`${actual}-${predicted}`}>
                <td>{classes[actual]}</td>
                <td>{classes[predicted]}</td>
                <td class="number">
                  <Count
                    count={count}
                    cell={[classes[actual] ?? '', classes[predicted] ?? '']}
                    selection={selection}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  )
}
