/** How a finished run answers on rows whose answer is known. */
import { useState } from 'preact/hooks'
import type { Evaluation } from '../api/types.js'
import { ConfusionMatrix } from '../draw/confusion-matrix.js'
import { TrueAgainstPredicted } from '../draw/true-against-predicted.js'
import { percent, plural, short, whole } from '../format.js'
import { SelectField } from '../parts/field.js'

export function EvaluationCard({ evaluation }: { evaluation: Evaluation }) {
  return (
    <div class="card" id="evaluation">
      <h2>{evaluation.type === 'regression' ? 'Predicted against true' : 'Confusion matrix'}</h2>
      <p class="hint">{rowsOf(evaluation)}</p>
      <Body evaluation={evaluation} />
    </div>
  )
}

function rowsOf({ rows, available, count, unanswered }: Evaluation): string {
  const some = count < available ? `${whole(count)} of ${whole(available)}` : `all ${whole(count)}`
  const which =
    rows === 'validation'
      ? `On ${some} validation rows`
      : `On ${some} training rows: this run kept none for validation, so it shows what was learned, not how it generalizes`
  return `${which}.${unanswered > 0 ? ` The network had no finite answer to ${plural(unanswered, 'row')}.` : ''}`
}

function Body({ evaluation }: { evaluation: Evaluation }) {
  switch (evaluation.type) {
    case 'classification': {
      const { classes, confusion, right, count, unanswered } = evaluation
      const answered = count - unanswered
      return (
        <>
          <p>
            {whole(right)} of {whole(answered)} right
            {answered === 0 ? '' : ` (${percent(right / answered)})`}
          </p>
          {confusion === null ? null : (
            <ConfusionMatrix classes={classes} confusion={confusion} caption="Rows by class and answer" />
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
  return (
    <>
      <Choose names={labels.map(({ name }) => name)} place={place} onChange={setPlace} label="Label" />
      <ConfusionMatrix classes={['no', 'yes']} confusion={label.confusion} caption={label.name} />
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
      <dl class="figures">
        {(
          [
            ['RMSE', rmse],
            ['MAE', mae],
            ['R²', r2],
          ] as const
        ).map(([figure, value]) => (
          <div key={figure}>
            <dt>{figure}</dt>
            <dd>{short(value)}</dd>
          </div>
        ))}
      </dl>
      {pairs.length === 0 ? null : <TrueAgainstPredicted pairs={pairs} name={name} />}
    </>
  )
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
