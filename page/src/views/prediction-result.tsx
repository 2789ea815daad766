/** A prediction: the value or the class, and the probabilities. */
import type { Model, Prediction } from '../api/types.js'
import { FigureList } from '../components/figure-list.js'
import { Meter } from '../components/meter.js'
import { percent, short, whole } from '../format.js'

export function PredictionResult({ prediction, model }: { prediction: Prediction; model: Model }) {
  const { threshold, coding } = model
  const classes =
    coding.target.type === 'binary' || coding.target.type === 'oneHot' ? coding.target.classes : []
  return (
    <>
      <PredictedValue prediction={prediction} model={model} />
      {threshold === null || classes[1] === undefined ? null : (
        <p class="hint">
          The threshold for “{classes[1]}” is {short(threshold)}.
        </p>
      )}
      {(prediction.warnings ?? []).map((warning) => (
        <p key={warning} class="notice warn">
          {warning}
        </p>
      ))}
    </>
  )
}

function PredictedValue({ prediction, model }: { prediction: Prediction; model: Model }) {
  const { label, labels, probabilities, output } = prediction
  const { target } = model.coding
  if (target.type === 'multiLabel') {
    const entries = target.names.map((name, index): [string, number] => [name, output[index] ?? 0])
    return (
      <>
        <p class="large">{labels === undefined || labels.length === 0 ? 'none' : labels.join(', ')}</p>
        <Probabilities entries={entries} />
      </>
    )
  }
  if (target.type === 'number' && target.names.length > 1) {
    return <FigureList figures={target.names.map((name, index) => [name, short(output[index])])} />
  }
  if (probabilities === undefined) {
    return <p class="large figure">{label ?? output.map((value) => short(value)).join(', ')}</p>
  }
  return (
    <>
      <p class="large">{label}</p>
      <Probabilities entries={Object.entries(probabilities).sort(([, a], [, b]) => b - a)} />
    </>
  )
}

const maxProbabilities = 12

function Probabilities({ entries }: { entries: readonly [string, number][] }) {
  return (
    <>
      <div class="bars">
        {entries.slice(0, maxProbabilities).map(([name, probability]) => (
          <div key={name}>
            <span>{name}</span>
            <Meter share={probability} />
            <span class="figure">{percent(probability)}</span>
          </div>
        ))}
      </div>
      {entries.length > maxProbabilities ? (
        <p class="hint">and {whole(entries.length - maxProbabilities)} more</p>
      ) : null}
    </>
  )
}
