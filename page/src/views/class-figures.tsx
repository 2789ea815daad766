/** Of a classification: accuracy beside the baseline, and the figures of each class. */
import type { Evaluation } from '../api/types.js'
import { percent, short, whole } from '../format.js'
import { FigureList } from '../components/figure-list.js'

type Classification = Extract<Evaluation, { type: 'classification' }>

export function ClassFigures({ evaluation }: { evaluation: Classification }) {
  const { right, count, unanswered, accuracy, baseline, macro, twoClasses } = evaluation
  const answered = count - unanswered
  const share = accuracy ?? (answered === 0 ? null : right / answered)
  const figures: [string, string | null][] = [
    ['Accuracy', share === null ? null : percent(share)],
    [
      `Accuracy of always “${baseline?.class}”, the most frequent class`,
      baseline === null ? null : percent(baseline.accuracy),
    ],
    ['F1, mean of the classes', macro === null ? null : percent(macro.f1)],
    ['Area under the ROC curve', optional(twoClasses?.rocAuc)],
    ['Average precision', optional(twoClasses?.averagePrecision)],
  ]
  return (
    <>
      <FigureList figures={figures} />
      <p>
        {whole(right)} of {whole(answered)} right
        {share === null ? '' : ` (${percent(share)})`}
        {twoClasses === null
          ? ''
          : `, where “${twoClasses.positive}” is answered from a probability of ${short(twoClasses.threshold)} on`}
      </p>
    </>
  )
}

const optional = (value: number | null | undefined) =>
  value === null || value === undefined ? null : short(value)

const maxClasses = 60

export function ClassTable({ perClass, macro }: Pick<Classification, 'perClass' | 'macro'>) {
  if (perClass.length === 0) return null
  return (
    // A region that scrolls must be reached by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section class="scroll" tabIndex={0} aria-label="Figures of each class">
      <table class="plain small">
        <caption class="visually-hidden">Precision, recall, F1 and rows of each class</caption>
        <thead>
          <tr>
            <th scope="col">Class</th>
            {['Precision', 'Recall', 'F1', 'Rows'].map((head) => (
              <th key={head} scope="col" class="number">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {perClass.slice(0, maxClasses).map((each) => (
            <tr key={each.class}>
              <th scope="row">{each.class}</th>
              <Scores {...each} />
              <td class="number">{whole(each.support)}</td>
            </tr>
          ))}
          {macro === null ? null : (
            <tr class="sum">
              <th scope="row">Mean</th>
              <Scores {...macro} />
              <td class="number">{whole(perClass.reduce((sum, { support }) => sum + support, 0))}</td>
            </tr>
          )}
        </tbody>
      </table>
      {perClass.length > maxClasses ? (
        <p class="hint">and {whole(perClass.length - maxClasses)} more classes</p>
      ) : null}
    </section>
  )
}

function Scores({ precision, recall, f1 }: { precision: number; recall: number; f1: number }) {
  return (
    <>
      {[precision, recall, f1].map((score, place) => (
        <td key={place} class="number">
          {percent(score)}
        </td>
      ))}
    </>
  )
}
