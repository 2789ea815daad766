/** The progress and the result of the training in the playground. */
import type { Evaluation, Job } from '../api/types.js'
import { ConnectionNote, StatusPill } from '../components/status.js'
import { HistoryCurves } from '../draw/history-curves.js'
import { duration, plural, short } from '../format.js'
import type { Playground } from '../playground/use-playground.js'
import { link } from '../router.js'
import { useDiagnosis } from './diagnosis.js'
import { QueueNote } from './queue-note.js'

const lossNames = { loss: 'Training loss', valLoss: 'Validation loss' }
const accuracyNames = { accuracy: 'Training accuracy', valAccuracy: 'Validation accuracy' }

export function ProgressCard({ playground }: { playground: Playground }) {
  const { run, settings, model, time } = playground
  const evaluation = model?.evaluation ?? null
  const { job, history, version } = run
  const curves = { history, version, mark: time.frame?.epoch }
  return (
    <div class="card progress-card">
      <h2>Progress</h2>
      {job === null ? (
        <p class="hint">
          Choose data, build a network, and press <b>Train</b>. The service trains the network and streams
          what it learns.
        </p>
      ) : (
        <>
          <p class="under">
            <StatusPill status={job.status} />
            <ConnectionNote connection={run.connection} />
            <QueueNote job={job} />
          </p>
          <p class="verdict" role="status">
            {verdict(job, evaluation, history.seconds.at(-1) ?? null)}
            {settings.perceptron &&
            settings.shape === 'xor' &&
            settings.features.length === 0 &&
            evaluation !== null
              ? ' No straight line separates XOR. Add a hidden layer.'
              : ''}
          </p>
          {job.error === null ? null : <p class="notice bad">{job.error.message}</p>}
          {job.finishedAt === null ? null : <Finding job={job} />}
          <Weights playground={playground} />
          <HistoryCurves {...curves} metrics={['loss', 'valLoss']} names={lossNames} height={190} />
          {history.has('accuracy') ? (
            <>
              <HistoryCurves
                {...curves}
                metrics={['accuracy', 'valAccuracy']}
                names={accuracyNames}
                height={150}
              />
              <p class="hint">
                The result above is that of the trained network. The curve of the training rows is measured
                during each epoch, while the weights still change.
              </p>
            </>
          ) : null}
          <p>
            <a href={link('runs', job.id)}>Open run</a>
          </p>
        </>
      )}
    </div>
  )
}

/** The most severe finding of the diagnosis. */
function Finding({ job }: { job: Job }) {
  const finding = useDiagnosis(job)?.findings.find(({ severity }) => severity !== 'note')
  if (finding === undefined) return null
  const { title, seen, advice } = finding
  return (
    <div class="notice warn" role="status">
      <p>
        <b>{title}.</b> {seen.sentence} {advice}
      </p>
    </div>
  )
}

/** That the same seed gives the same bytes. */
function Weights({ playground: { model, repeat } }: { playground: Playground }) {
  if (model === null) return null
  return (
    <p class="hint">
      The SHA-256 of the weights begins with <code>{model.weightSha256.slice(0, 16)}</code>
      {repeat === null
        ? '. Train again with the same seed to get the same bytes.'
        : repeat.isEqual
          ? ', the same bytes as in the earlier run with these settings.'
          : ', other bytes than in the earlier run with these settings.'}
    </p>
  )
}

/** The result of the trained network, from its evaluation. */
function verdict({ metrics }: Job, evaluation: Evaluation | null, seconds: number | null): string {
  if (evaluation === null) return ''
  const time = seconds === null ? '' : ` Trained in ${duration(1_000 * seconds)}. The replay is slower.`
  if (evaluation.type !== 'classification') return `Final loss: ${short(metrics.loss)}.${time}`
  const { right, count } = evaluation
  const points = evaluation.rows === 'validation' ? 'held-out point' : 'point'
  if (right === count) return `All ${points}s are classified correctly.${time}`
  return `The trained network classifies ${right} of ${plural(count, points)} correctly.${time}`
}
