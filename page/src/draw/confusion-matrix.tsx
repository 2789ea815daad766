/** A row for each class, a column for each answer; the more of a row a cell has, the darker it is. */
import { percent, whole } from '../format.js'

/** More classes are told by their most frequent mistakes. */
const maxClasses = 30
const maxMistakes = 30

interface Props {
  classes: readonly string[]
  confusion: readonly number[][]
  caption: string
}

export function ConfusionMatrix(props: Props) {
  return props.classes.length > maxClasses ? <Mistakes {...props} /> : <Matrix {...props} />
}

function Matrix({ classes, confusion, caption }: Props) {
  return (
    // A region that scrolls must be reached by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section class="scroll" tabIndex={0} aria-label={caption}>
      <table class="confusion">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">true ↓ taken for →</th>
            {classes.map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
            <th scope="col">found</th>
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, actual) => {
            const total = row.reduce((sum, count) => sum + count, 0)
            return (
              <tr key={classes[actual]}>
                <th scope="row">{classes[actual]}</th>
                {row.map((count, answer) => (
                  <td
                    key={classes[answer]}
                    class={count === 0 ? 'none' : answer === actual ? 'right' : 'wrong'}
                    style={{ '--share': total === 0 ? 0 : count / total }}
                  >
                    {whole(count)}
                  </td>
                ))}
                <td class="found">{total === 0 ? '–' : percent((row[actual] ?? 0) / total)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}

function Mistakes({ classes, confusion, caption }: Props) {
  const mistakes = confusion
    .flatMap((row, actual) => row.map((count, answer) => ({ actual, answer, count })))
    .filter(({ actual, answer, count }) => actual !== answer && count > 0)
    .sort((a, b) => b.count - a.count)
  return (
    <>
      <p class="hint">
        {caption}: {whole(classes.length)} classes, the most frequent of {whole(mistakes.length)} kinds of
        mistake.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keyboard */}
      <section class="scroll short" tabIndex={0} aria-label={caption}>
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">True</th>
              <th scope="col">Taken for</th>
              <th scope="col" class="number">
                Rows
              </th>
            </tr>
          </thead>
          <tbody>
            {mistakes.slice(0, maxMistakes).map(({ actual, answer, count }) => (
              <tr key={`${actual}-${answer}`}>
                <td>{classes[actual]}</td>
                <td>{classes[answer]}</td>
                <td class="number">{whole(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  )
}
