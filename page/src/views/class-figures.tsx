/** Metrics of a classification: accuracy with its baseline, and the metrics of each class. */
import type { Evaluation } from '../api/types.js'
import { FigureList } from '../components/figure-list.js'
import { percent, short, whole } from '../format.js'

type Classification = Extract<Evaluation, { type: 'classification' }>

export function ClassFigures({ evaluation }: { evaluation: Classification }) {
  const { right, count, unanswered, accuracy, baseline, macro, twoClasses } = evaluation
  const predicted = count - unanswered
  const value = accuracy ?? (predicted === 0 ? null : right / predicted)
  const figures: [string, string | null][] = [
    ['Accuracy', value === null ? null : percent(value)],
    [
      `Baseline accuracy (always “${baseline?.class}”)`,
      baseline === null ? null : percent(baseline.accuracy),
    ],
    ['F1 (macro average)', macro === null ? null : percent(macro.f1)],
    ['ROC AUC', optional(twoClasses?.rocAuc)],
    ['Average precision', optional(twoClasses?.averagePrecision)],
  ]
  return (
    <>
      <FigureList figures={figures} />
      <p>
        {whole(right)} of {whole(predicted)} correct
        {value === null ? '' : ` (${percent(value)})`}
        {twoClasses === null
          ? ''
          : `, with threshold ${short(twoClasses.threshold)} for “${twoClasses.positive}”`}
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
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus
    <section class="scroll" tabIndex={0} aria-label="Metrics of each class">
      <table class="plain small">
        <caption class="visually-hidden">Precision, recall, F1 and support of each class</caption>
        <thead>
          <tr>
            <th scope="col">Class</th>
            {['Precision', 'Recall', 'F1', 'Support'].map((head) => (
              <th key={head} scope="col" class="number">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {perClass.slice(0, maxClasses).map((scores) => (
            <tr key={scores.class}>
              <th scope="row">{scores.class}</th>
              <Scores {...scores} />
              <td class="number">{whole(scores.support)}</td>
            </tr>
          ))}
          {macro === null ? null : (
            <tr class="sum">
              <th scope="row">Macro average</th>
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
      {[precision, recall, f1].map((score, index) => (
        <td key={index} class="number">
          {percent(score)}
        </td>
      ))}
    </>
  )
}
