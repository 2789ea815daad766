/** The training of recorded classes, and the live predictions of its model. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Model } from '../api/types.js'
import { type Camera, useFrames } from '../components/camera.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { percent } from '../format.js'
import { link } from '../router.js'
import { useRun } from '../use-run.js'
import { cameraJob, type RecordedClass, side, toArchive } from './camera-classes.js'
import { PredictionResult } from './prediction-result.js'
import { usePrediction } from './use-prediction.js'

/** Uploads the pictures, trains, and reads the model. */
export function useTraining(classes: readonly RecordedClass[]) {
  const [jobId, setJobId] = useState<string | null>(null)
  const [isSending, setSending] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const run = useRun(jobId)
  const modelId = run.job?.modelId ?? null
  const model = useQuery(modelId, (client) => client.models.get(modelId ?? '')).value
  const start = async () => {
    setSending(true)
    setProblem(null)
    setJobId(null)
    try {
      const archive = await toArchive(classes)
      const size = { width: side, height: side, channels: 3 } as const
      const dataset = await client.datasets.upload([archive], { name: 'Pictures of the camera', ...size })
      setJobId((await client.jobs.create(cameraJob(dataset.id, classes))).id)
    } catch (error) {
      setProblem(toProblem(error))
    }
    setSending(false)
  }
  return { run, model, isSending, problem, start }
}

export function TrainingPart(props: {
  training: ReturnType<typeof useTraining>
  /** Why it cannot start. */
  reason: string | null
  camera: Camera
  isRecording: boolean
}) {
  const { training, reason, camera, isRecording } = props
  const { run, model, isSending, problem, start } = training
  const { job } = run
  const isTraining = isSending || (job !== null && job.finishedAt === null)
  return (
    <>
      <div class="actions">
        <button
          type="button"
          class="primary large"
          disabled={reason !== null || isTraining || isRecording}
          onClick={() => void start()}
        >
          <Icon name="play" /> {isSending ? 'Uploading …' : isTraining ? 'Training …' : 'Train'}
        </button>
      </div>
      <p class="hint" role="status">
        {reason ?? (job === null ? 'Ready to train.' : trainingText(job))}
      </p>
      <ErrorNotice error={problem} />
      {job === null ? null : (
        <p class="hint">
          <a href={link('runs', job.id)}>Training run</a>
          {model === null ? null : (
            <>
              {' · '}
              <a href={link('models', model.id)}>Model</a>
            </>
          )}
        </p>
      )}
      {model === null ? null : (
        <LivePrediction model={model} camera={camera} isPaused={isRecording || isTraining} />
      )}
    </>
  )
}

function trainingText({
  status,
  epoch,
  epochs,
  metrics,
  error,
}: NonNullable<ReturnType<typeof useRun>['job']>) {
  if (error !== null) return error.message
  if (status === 'queued') return 'Waiting for a worker.'
  const accuracy =
    metrics.valAccuracy === null ? '' : `, accuracy ${percent(metrics.valAccuracy)} (validation)`
  return `${status}: epoch ${epoch} of ${epochs}${accuracy}`
}

function LivePrediction({ model, camera, isPaused }: { model: Model; camera: Camera; isPaused: boolean }) {
  const { prediction, problem, predictNow } = usePrediction(model, null)
  useFrames(camera, model.coding.image, !isPaused, predictNow)
  return (
    <section class="prediction" aria-label="Live prediction">
      <h3>Live prediction</h3>
      <ErrorNotice error={problem} />
      {camera.state.type !== 'on' ? (
        <p class="hint">Start the camera to see predictions.</p>
      ) : prediction === null ? (
        <p class="hint">Waiting for the first frame …</p>
      ) : (
        <PredictionResult prediction={prediction} model={model} />
      )}
    </section>
  )
}
