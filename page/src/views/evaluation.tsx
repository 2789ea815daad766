/** The evaluation of a model on rows with known targets. */
import { useState } from 'preact/hooks'
import type { Evaluation, Model } from '../api/types.js'
import { SelectField } from '../components/field.js'
import { FigureList } from '../components/figure-list.js'
import { type CellSelection, ConfusionMatrix } from '../draw/confusion-matrix.js'
import { TrueAgainstPredicted } from '../draw/true-against-predicted.js'
import { percent, plural, short, whole } from '../format.js'
import { ClassFigures, ClassTable } from './class-figures.js'
import { ThresholdChoice } from './threshold.js'

interface Props {
  evaluation: Evaluation
  /** The model whose threshold can be changed. */
  model?: Pick<Model, 'id' | 'threshold'>
  /** Called when the threshold was saved. */
  onThreshold?: () => void
  /** The selected cell of the confusion matrix, whose counts are buttons then. */
  selection?: CellSelection
}

export function EvaluationCard({ evaluation, model, onThreshold, selection }: Props) {
  return (
    <div class="card" id="evaluation">
      <h2>Evaluation</h2>
      <p class="hint">{describeRows(evaluation)}</p>
      {evaluation.notices.map(({ code, message }) => (
        <p key={code} class="notice warn" role="note">
          {message}
        </p>
      ))}
      <Body evaluation={evaluation} model={model ?? null} onThreshold={onThreshold} selection={selection} />
    </div>
  )
}

function describeRows({ rows, available, count, unanswered }: Evaluation): string {
  const amount = count < available ? `${whole(count)} of ${whole(available)}` : `all ${whole(count)}`
  const missing = unanswered > 0 ? ` The output for ${plural(unanswered, 'row')} was not finite.` : ''
  return `${rowsText(rows, amount)}.${missing}`
}

function rowsText(rows: Evaluation['rows'], amount: string): string {
  switch (rows) {
    case 'validation':
      return `On ${amount} validation rows`
    case 'folds':
      return `On ${amount} rows by cross-validation: each row was predicted by a network trained without it`
    case 'given':
      return `On ${amount} supplied rows`
    case 'training':
      return `On ${amount} training rows: this run has no validation rows, so the metrics do not show how the model generalizes`
    default:
      return rows satisfies never
  }
}

/** The metrics of test rows. They have no choice of a threshold, which must not depend on these rows. */
export const TestFigures = ({ evaluation }: Pick<Props, 'evaluation'>) => (
  <Body evaluation={evaluation} model={null} onThreshold={undefined} selection={undefined} isTest />
)

interface BodyProps extends Pick<Props, 'evaluation'> {
  model: Pick<Model, 'id' | 'threshold'> | null
  onThreshold: (() => void) | undefined
  selection: CellSelection | undefined
  isTest?: boolean
}

function Body({ evaluation, model, onThreshold, selection, isTest = false }: BodyProps) {
  switch (evaluation.type) {
    case 'classification': {
      const { classes, confusion, twoClasses, perClass, macro } = evaluation
      const negative = classes.find((name) => name !== twoClasses?.positive) ?? ''
      return (
        <>
          <ClassFigures evaluation={evaluation} />
          {confusion === null ? null : (
            <ConfusionMatrix
              classes={classes}
              confusion={confusion}
              caption="Confusion matrix"
              selection={selection}
            />
          )}
          <ClassTable perClass={perClass} macro={macro} />
          {twoClasses === null || isTest ? null : (
            <ThresholdChoice
              key={model?.id}
              twoClasses={twoClasses}
              negative={negative}
              model={model?.threshold == null ? null : model}
              onSaved={onThreshold}
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
  const [selected, setSelected] = useState(0)
  const label = labels[selected]
  if (label === undefined) return null
  const { name, confusion, precision, recall, f1 } = label
  return (
    <>
      <Selector
        names={labels.map(({ name }) => name)}
        selected={selected}
        onChange={setSelected}
        label="Label"
      />
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
  const [selected, setSelected] = useState(0)
  const target = targets[selected]
  if (target === undefined) return null
  const { name, rmse, mae, r2, pairs } = target
  return (
    <>
      <Selector
        names={targets.map(({ name }) => name)}
        selected={selected}
        onChange={setSelected}
        label="Target"
      />
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

/** Explains the value of R². */
function explainR2(r2: number | null): string {
  if (r2 === null) return 'R² is undefined because all true values are equal.'
  if (r2 < 0) return 'R² is below 0: the predictions are worse than always predicting the mean.'
  return 'R² is 1 for perfect predictions and 0 for always predicting the mean.'
}

function Selector(props: {
  names: string[]
  selected: number
  label: string
  onChange(selected: number): void
}) {
  const { names, selected, label, onChange } = props
  if (names.length < 2) return null
  return (
    <SelectField
      label={label}
      value={String(selected)}
      onChange={(value) => onChange(Number(value))}
      options={names.map((name, index) => [String(index), name])}
    />
  )
}
