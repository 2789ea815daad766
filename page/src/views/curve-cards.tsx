/** The curves of a run: losses, and accuracies if it has any. */
import { useState } from 'preact/hooks'
import type { Job } from '../api/types.js'
import { Choice } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { saveFile } from '../components/save-file.js'
import { HistoryCurves } from '../draw/history-curves.js'
import { lossName } from '../figures.js'
import type { Run } from '../use-run.js'
import { Smoothing } from './compare.js'

/** @param mark an epoch to highlight */
export function CurveCards({ run, job, mark }: { run: Run; job: Job; mark: number | undefined }) {
  const [scale, setScale] = useState<'log' | 'linear'>('log')
  const [smoothing, setSmoothing] = useState(0)
  const { history, version } = run
  const bestEpoch = job.bestEpoch ?? undefined
  const hasAccuracy = history.has('accuracy') || history.has('valAccuracy')
  return (
    <div class="card" id="curves">
      <div class="controls">
        <h2>Curves</h2>
        <Choice
          label="Loss scale"
          value={scale}
          onChange={setScale}
          options={[
            ['log', 'log'],
            ['linear', 'linear'],
          ]}
        />
        <Smoothing value={smoothing} onChange={setSmoothing} />
        <button
          type="button"
          class="icon"
          aria-label="Save the curves as CSV"
          disabled={history.length === 0}
          onClick={() => saveFile(`${job.id}.csv`, 'text/csv', history.toCsv())}
        >
          <Icon name="download" />
        </button>
      </div>
      {history.length === 0 ? (
        <p class="waiting">Waiting for the first epoch …</p>
      ) : (
        <>
          <HistoryCurves
            history={history}
            metrics={['loss', 'valLoss']}
            version={version}
            logarithmic={scale === 'log'}
            smoothing={smoothing}
            bestEpoch={bestEpoch}
            mark={mark}
            lossName={lossName(job.spec.targetScaling)}
          />
          {hasAccuracy ? (
            <HistoryCurves
              history={history}
              metrics={['accuracy', 'valAccuracy']}
              version={version}
              smoothing={smoothing}
              bestEpoch={bestEpoch}
              mark={mark}
              height={190}
            />
          ) : null}
        </>
      )}
    </div>
  )
}
