/** Of two classes: the ROC and the precision–recall curve, and the threshold between the answers. */
import { useState } from 'preact/hooks'
import { patch, type ApiError } from '../api/client.js'
import type { Model } from '../api/types.js'
import { ThresholdCurve } from '../draw/threshold-curve.js'
import { percent, short, whole } from '../format.js'
import { toApiError } from '../components/use-query.js'
import { NumberField } from '../components/field.js'
import { FigureList } from '../components/figure-list.js'
import { ErrorNotice } from '../components/notice.js'
import {
  type Counts,
  countsAt,
  computeMetrics,
  placeAt,
  positiveShare,
  precisionRecallSpots,
  rocSpots,
  type TwoClasses,
} from '../thresholds.js'

interface Props {
  twoClasses: TwoClasses
  /** The class that is not the positive one. */
  negative: string
  /** Whose threshold is chosen; null where it cannot be kept. */
  model: Pick<Model, 'id' | 'threshold'> | null
  onKept: (() => void) | undefined
}

export function ThresholdChoice({ twoClasses, negative, model, onKept }: Props) {
  const { thresholds, positive } = twoClasses
  const [kept, setKept] = useState(model?.threshold ?? twoClasses.threshold)
  const [threshold, setThreshold] = useState(kept)
  const counts = countsAt(thresholds, threshold)
  if (thresholds.length === 0) return null
  return (
    <section class="threshold" aria-labelledby="threshold-title">
      <h3 id="threshold-title">Threshold</h3>
      <p class="hint">
        From which probability of “{positive}” on a row is answered with it. A lower threshold finds more of
        them (recall), and takes more rows of “{negative}” for them (precision falls).
      </p>
      <TwoCurves twoClasses={twoClasses} counts={counts} />
      <Slider thresholds={thresholds} threshold={threshold} onChange={setThreshold} />
      <CountsTable counts={counts} positive={positive} negative={negative} />
      {kept === twoClasses.threshold ? null : (
        <p class="hint" data-threshold={kept}>
          The model answers by threshold {short(kept)}; the figures above the curves are by{' '}
          {short(twoClasses.threshold)}.
        </p>
      )}
      {model === null ? null : (
        <Keep
          id={model.id}
          threshold={threshold}
          kept={kept}
          onKept={(threshold) => {
            setKept(threshold)
            onKept?.()
          }}
        />
      )}
    </section>
  )
}

function TwoCurves({ twoClasses, counts }: { twoClasses: TwoClasses; counts: Counts }) {
  const { thresholds, rocAuc, averagePrecision } = twoClasses
  const { recall, precision, falsePositiveRate } = computeMetrics(counts)
  const share = positiveShare(thresholds)
  return (
    <div class="two-curves">
      <ThresholdCurve
        title={rocAuc === null ? 'ROC curve' : `ROC curve, area ${short(rocAuc)}`}
        x="false positive rate"
        y="recall"
        spots={rocSpots(thresholds)}
        joined="straight"
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
        spots={precisionRecallSpots(thresholds)}
        joined="steps"
        chance={[
          [0, share],
          [1, share],
        ]}
        current={counts.truePositives + counts.falsePositives === 0 ? null : [recall, precision]}
      />
    </div>
  )
}

/** Over the listed thresholds, rising to the right; beside it any other number. */
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
          value={last - placeAt(thresholds, threshold)}
          aria-valuetext={`from ${percent(threshold)} on`}
          onInput={(event) => {
            const place = last - event.currentTarget.valueAsNumber
            onChange(thresholds[place]?.threshold ?? 1)
          }}
        />
      </div>
      <NumberField
        label="Threshold as a number"
        value={threshold}
        min={0}
        max={1}
        error={isOutside ? 'from 0 to 1' : undefined}
        onChange={onChange}
      />
    </div>
  )
}

function CountsTable(props: { counts: Counts; positive: string; negative: string }) {
  const { counts, positive, negative } = props
  const { precision, recall, f1, accuracy } = computeMetrics(counts)
  const figures: [string, string][] = [
    [`True positives: “${positive}”, found`, whole(counts.truePositives)],
    [`False positives: “${negative}”, taken for “${positive}”`, whole(counts.falsePositives)],
    [`True negatives: “${negative}”, recognized`, whole(counts.trueNegatives)],
    [`False negatives: “${positive}”, missed`, whole(counts.falseNegatives)],
    ['Precision', percent(precision)],
    ['Recall', percent(recall)],
    ['F1', percent(f1)],
    ['Accuracy', percent(accuracy)],
  ]
  return <FigureList figures={figures} small liveLabel="At this threshold" />
}

function Keep(props: { id: string; threshold: number; kept: number; onKept(threshold: number): void }) {
  const { id, threshold, kept, onKept } = props
  const [problem, setProblem] = useState<ApiError | null>(null)
  const keep = () =>
    patch('/models/{id}', { threshold }, { id }).then(
      (model) => {
        onKept(model.threshold ?? threshold)
        setProblem(null)
      },
      (error) => setProblem(toApiError(error)),
    )
  return (
    <>
      <div class="actions">
        <button
          type="button"
          disabled={threshold === kept || !(threshold >= 0 && threshold <= 1)}
          onClick={() => void keep()}
        >
          Use this threshold
        </button>
        <span class="hint" role="status">
          The model answers by threshold {short(kept)}.
        </span>
      </div>
      <ErrorNotice error={problem} />
    </>
  )
}
