/** Chooses the threshold of a binary classifier on its ROC and precision–recall curves. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Model } from '../api/types.js'
import { NumberField } from '../components/field.js'
import { FigureList } from '../components/figure-list.js'
import { ErrorNotice } from '../components/notice.js'
import { ThresholdCurve } from '../draw/threshold-curve.js'
import { percent, short, whole } from '../format.js'
import {
  type Counts,
  computeMetrics,
  countsAt,
  positiveFraction,
  precisionRecallPoints,
  rocPoints,
  type TwoClasses,
  thresholdIndex,
} from '../thresholds.js'

interface Props {
  twoClasses: TwoClasses
  /** The class that is not the positive one. */
  negative: string
  /** The model whose threshold is set. Null if it cannot be saved. */
  model: Pick<Model, 'id' | 'threshold'> | null
  onSaved: (() => void) | undefined
}

export function ThresholdChoice({ twoClasses, negative, model, onSaved }: Props) {
  const { thresholds, positive } = twoClasses
  const [saved, setSaved] = useState(model?.threshold ?? twoClasses.threshold)
  const [threshold, setThreshold] = useState(saved)
  const counts = countsAt(thresholds, threshold)
  if (thresholds.length === 0) return null
  return (
    <section class="threshold" aria-labelledby="threshold-title">
      <h3 id="threshold-title">Threshold</h3>
      <p class="hint">
        A row is predicted “{positive}” if its probability is at least the threshold. A lower threshold raises
        recall. It also predicts more rows of “{negative}” as “{positive}”, which usually lowers precision.
      </p>
      <TwoCurves twoClasses={twoClasses} counts={counts} />
      <Slider thresholds={thresholds} threshold={threshold} onChange={setThreshold} />
      <CountsTable counts={counts} positive={positive} negative={negative} />
      {saved === twoClasses.threshold ? null : (
        <p class="hint" data-threshold={saved}>
          The model uses threshold {short(saved)}. The metrics above the curves are for threshold{' '}
          {short(twoClasses.threshold)}.
        </p>
      )}
      {model === null ? null : (
        <SaveButton
          id={model.id}
          threshold={threshold}
          saved={saved}
          onSaved={(threshold) => {
            setSaved(threshold)
            onSaved?.()
          }}
        />
      )}
    </section>
  )
}

function TwoCurves({ twoClasses, counts }: { twoClasses: TwoClasses; counts: Counts }) {
  const { thresholds, rocAuc, averagePrecision } = twoClasses
  const { recall, precision, falsePositiveRate } = computeMetrics(counts)
  const baseRate = positiveFraction(thresholds)
  return (
    <div class="two-curves">
      <ThresholdCurve
        title={rocAuc === null ? 'ROC curve' : `ROC curve, area ${short(rocAuc)}`}
        x="false positive rate"
        y="recall"
        points={rocPoints(thresholds)}
        line="straight"
        chance={[
          [0, 0],
          [1, 1],
        ]}
        current={[falsePositiveRate, recall]}
      />
      <ThresholdCurve
        title={
          averagePrecision === null
            ? 'Precision–recall curve'
            : `Precision–recall curve, average precision ${short(averagePrecision)}`
        }
        x="recall"
        y="precision"
        points={precisionRecallPoints(thresholds)}
        line="steps"
        chance={[
          [0, baseRate],
          [1, baseRate],
        ]}
        current={counts.truePositives + counts.falsePositives === 0 ? null : [recall, precision]}
      />
    </div>
  )
}

/** A slider over the listed thresholds in ascending order, and a field for any other value. */
function Slider(props: {
  thresholds: TwoClasses['thresholds']
  threshold: number
  onChange(threshold: number): void
}) {
  const { thresholds, threshold, onChange } = props
  const last = thresholds.length - 1
  const isOutside = !(threshold >= 0 && threshold <= 1)
  return (
    <div class="threshold-choice">
      <div class="field">
        <label for="threshold-slider">Threshold</label>
        <input
          id="threshold-slider"
          type="range"
          min={0}
          max={last + 1}
          step={1}
          value={last - thresholdIndex(thresholds, threshold)}
          aria-valuetext={percent(threshold)}
          onInput={(event) => {
            const index = last - event.currentTarget.valueAsNumber
            onChange(thresholds[index]?.threshold ?? 1)
          }}
        />
      </div>
      <NumberField
        label="Threshold value"
        value={threshold}
        min={0}
        max={1}
        error={isOutside ? 'Enter a number from 0 to 1.' : undefined}
        onChange={onChange}
      />
    </div>
  )
}

function CountsTable(props: { counts: Counts; positive: string; negative: string }) {
  const { counts, positive, negative } = props
  const { precision, recall, f1, accuracy } = computeMetrics(counts)
  const figures: [string, string][] = [
    [`True positives: “${positive}” predicted “${positive}”`, whole(counts.truePositives)],
    [`False positives: “${negative}” predicted “${positive}”`, whole(counts.falsePositives)],
    [`True negatives: “${negative}” predicted “${negative}”`, whole(counts.trueNegatives)],
    [`False negatives: “${positive}” predicted “${negative}”`, whole(counts.falseNegatives)],
    ['Precision', percent(precision)],
    ['Recall', percent(recall)],
    ['F1', percent(f1)],
    ['Accuracy', percent(accuracy)],
  ]
  return <FigureList figures={figures} small liveLabel="Metrics at this threshold" />
}

function SaveButton(props: {
  id: string
  threshold: number
  saved: number
  onSaved(threshold: number): void
}) {
  const { id, threshold, saved, onSaved } = props
  const [problem, setProblem] = useState<Problem | null>(null)
  const save = () =>
    client.request('PATCH /models/{id}', { path: { id }, body: { threshold } }).then(
      (model) => {
        onSaved(model.threshold ?? threshold)
        setProblem(null)
      },
      (error) => setProblem(toProblem(error)),
    )
  return (
    <>
      <div class="actions">
        <button
          type="button"
          disabled={threshold === saved || !(threshold >= 0 && threshold <= 1)}
          onClick={() => void save()}
        >
          Use this threshold
        </button>
        <span class="hint" role="status">
          The model uses threshold {short(saved)}.
        </span>
      </div>
      <ErrorNotice error={problem} />
    </>
  )
}
