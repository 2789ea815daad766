/** How a finished run answers on rows whose answer is known. */
import { useState } from 'preact/hooks'
import type { Evaluation, Model } from '../api/types.js'
import { ConfusionMatrix } from '../draw/confusion-matrix.js'
import { TrueAgainstPredicted } from '../draw/true-against-predicted.js'
import { percent, plural, short, whole } from '../format.js'
import { SelectField } from '../components/field.js'
import { FigureList } from '../components/figure-list.js'
import { ClassFigures, ClassTable } from './class-figures.js'
import { ThresholdChoice } from './threshold.js'

interface Props {
  evaluation: Evaluation
  /** Whose threshold may be chosen. */
  model?: Pick<Model, 'id' | 'threshold'>
  /** After another threshold was kept. */
  onThreshold?: () => void
}

export function EvaluationCard({ evaluation, model, onThreshold }: Props) {
  return (
    <div class="card" id="evaluation">
      <h2>Evaluation</h2>
      <p class="hint">{describeRows(evaluation)}</p>
      {evaluation.notices.map(({ code, message }) => (
        <p key={code} class="notice warn" role="note">
          {message}
        </p>
      ))}
      <Body evaluation={evaluation} model={model ?? null} onThreshold={onThreshold} />
    </div>
  )
}

function describeRows({ rows, available, count, unanswered }: Evaluation): string {
  const some = count < available ? `${whole(count)} of ${whole(available)}` : `all ${whole(count)}`
  const missing = unanswered > 0 ? ` The network had no finite answer to ${plural(unanswered, 'row')}.` : ''
  return `${whichRows(rows, some)}.${missing}`
}

function whichRows(rows: Evaluation['rows'], some: string): string {
  switch (rows) {
    case 'validation':
      return `On ${some} validation rows`
    case 'folds':
      return `On ${some} rows, by folds: each row was answered by a network trained without it`
    case 'given':
      return `On ${some} rows given`
    case 'training':
      return `On ${some} training rows: this run kept none for validation, so it shows what was learned, not how it generalizes`
    default:
      return rows satisfies never
  }
}

interface BodyProps extends Pick<Props, 'evaluation'> {
  model: Pick<Model, 'id' | 'threshold'> | null
  onThreshold: (() => void) | undefined
}

function Body({ evaluation, model, onThreshold }: BodyProps) {
  switch (evaluation.type) {
    case 'classification': {
      const { classes, confusion, twoClasses, perClass, macro } = evaluation
      const negative = classes.find((name) => name !== twoClasses?.positive) ?? ''
      return (
        <>
          <ClassFigures evaluation={evaluation} />
          {confusion === null ? null : (
            <ConfusionMatrix classes={classes} confusion={confusion} caption="Rows by class and answer" />
          )}
          <ClassTable perClass={perClass} macro={macro} />
          {twoClasses === null ? null : (
            <ThresholdChoice
              key={model?.id}
              twoClasses={twoClasses}
              negative={negative}
              model={model?.threshold == null ? null : model}
              onKept={onThreshold}
            />
          )}
        </>
      )
    }
    case 'multiLabel':
      return <Labels labels={evaluation.labels} />
    case 'regression':
      return <Targets targets={evaluation.targets} />
    default:
      return evaluation satisfies never
  }
}

function Labels({ labels }: Pick<Extract<Evaluation, { type: 'multiLabel' }>, 'labels'>) {
  const [place, setPlace] = useState(0)
  const label = labels[place]
  if (label === undefined) return null
  const { name, confusion, precision, recall, f1 } = label
  return (
    <>
      <Choose names={labels.map((each) => each.name)} place={place} onChange={setPlace} label="Label" />
      <FigureList
        figures={[
          ['Precision', percent(precision)],
          ['Recall', percent(recall)],
          ['F1', percent(f1)],
        ]}
      />
      <ConfusionMatrix classes={['no', 'yes']} confusion={confusion} caption={name} />
    </>
  )
}

function Targets({ targets }: Pick<Extract<Evaluation, { type: 'regression' }>, 'targets'>) {
  const [place, setPlace] = useState(0)
  const target = targets[place]
  if (target === undefined) return null
  const { name, rmse, mae, r2, pairs } = target
  return (
    <>
      <Choose names={targets.map((each) => each.name)} place={place} onChange={setPlace} label="Target" />
      <FigureList
        figures={[
          ['RMSE', short(rmse)],
          ['MAE', short(mae)],
          ['R²', short(r2)],
        ]}
      />
      <p class="hint">
        RMSE and MAE are in the unit of {name}. {explainR2(r2)}
      </p>
      {pairs.length === 0 ? null : (
        <>
          <h3>Predicted against true</h3>
          <TrueAgainstPredicted pairs={pairs} name={name} />
        </>
      )}
    </>
  )
}

/** What R² says. */
function explainR2(r2: number | null): string {
  if (r2 === null) return 'R² says nothing here: the true values do not differ.'
  if (r2 < 0) return 'R² below 0: these predictions are worse than always answering with the mean.'
  return 'R² is 1 for perfect predictions, and 0 for always answering with the mean.'
}

function Choose(props: { names: string[]; place: number; label: string; onChange(place: number): void }) {
  const { names, place, label, onChange } = props
  if (names.length < 2) return null
  return (
    <SelectField
      label={label}
      value={String(place)}
      onChange={(value) => onChange(Number(value))}
      options={names.map((name, index) => [String(index), name])}
    />
  )
}
