/** One run: live curves, findings, boundary, evaluation, network, and the request to run it again. */
import { useMemo, useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Boundary, Job, LayerSummary, Model } from '../api/types.js'
import { DeleteButton } from '../components/delete-button.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { ConnectionNote, StatusPill } from '../components/status.js'
import { useQuery } from '../components/use-query.js'
import { BoundaryPanel } from '../draw/boundary-panel.js'
import { NetworkDrawing } from '../draw/network-drawing.js'
import { maxDrawnRows, pointsIn, samplesIn } from '../draw/rows.js'
import { type Playhead, usePlayhead } from '../draw/use-playhead.js'
import { bytes, whole } from '../format.js'
import { go, link } from '../router.js'
import { useEpochModel } from '../use-epoch-model.js'
import { type Run, useRun } from '../use-run.js'
import { CurveCards } from './curve-cards.js'
import { DiagnosisCard, firstMark, useDiagnosis } from './diagnosis.js'
import { EpochSlider } from './epoch-slider.js'
import { JobModelCards } from './job-model.js'
import { LayerStatisticsCard } from './layer-statistics.js'
import { QueueNote } from './queue-note.js'
import { hasRepeats, RepeatsCard } from './repeats.js'
import { RequestCard } from './request-card.js'
import { inputSize, metricsNote, RunFigures } from './run-figures.js'
import { datasetName, datasetNames } from './runs.js'
import { ShareButton } from './share-button.js'

const boundaryPoints = 64

export function RunView({ id }: { id: string }) {
  const first = useQuery(id, (client) => client.request('GET /jobs/{id}', { path: { id } }))
  const inputs = first.value === null ? null : inputSize(first.value)
  if (first.value === null || inputs === null) {
    return (
      <section>
        <Heading>Run</Heading>
        <ErrorNotice error={first.error} />
        {first.error === null ? <p class="waiting">Loading run …</p> : null}
      </section>
    )
  }
  return <LiveRun first={first.value} inputs={inputs} />
}

function LiveRun({ first, inputs }: { first: Job; inputs: number }) {
  const drawable = inputs <= 2
  const run = useRun(first.id, drawable ? boundaryPoints : undefined)
  const job = run.job ?? first
  const [problem, setProblem] = useState<Problem | null>(null)
  const names = useQuery('datasets', datasetNames).value ?? new Map<string, string>()
  const model = useQuery(job.modelId, (client) => client.models.get(job.modelId ?? ''))
  const diagnosis = useDiagnosis(job)
  const isDiagnosed = diagnosis !== null && diagnosis.findings.length > 0
  const [mark, setMark] = useState<number | undefined>(undefined)
  const playhead = usePlayhead(job.id, run.frames)
  const [chosen, choose] = useState<number | null>(null)
  const rebuilt = useEpochModel(job.id, chosen)
  const exact = useRun(rebuilt.value?.job.id ?? null, drawable ? boundaryPoints : undefined)
  const [isMoving, setMoving] = useState(false)
  const frame = isMoving ? undefined : exact.frames.find(({ epoch }) => epoch === chosen)
  /** The newest stored boundary up to the epoch. */
  const showEpoch = (epoch: number) => {
    setMoving(true)
    const index = run.frames.findLastIndex((each) => each.epoch <= epoch)
    if (index >= 0) playhead.seek(index)
  }
  const shown = chosen === null ? model.value && { job, model: model.value } : rebuilt.value
  const control = (verb: 'cancel' | 'pause' | 'resume') =>
    client.request(`POST /jobs/{id}/${verb}`, { path: { id: job.id } }).then(
      () => setProblem(null),
      (error) => setProblem(toProblem(error)),
    )
  const deleteRun = () =>
    client.jobs.delete(job.id).then(
      () => go('runs'),
      (error) => setProblem(toProblem(error)),
    )
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>{job.name ?? 'Untitled run'}</Heading>
          <p class="under">
            <StatusPill status={job.status} />
            <ConnectionNote connection={run.connection} />
            <QueueNote job={job} />
            <code>{job.id}</code>
          </p>
          <RunOrigin job={job} />
        </div>
        <div class="actions">
          {job.status === 'running' || job.status === 'queued' ? (
            <button type="button" onClick={() => control('pause')}>
              <Icon name="pause" /> Pause
            </button>
          ) : null}
          {job.status === 'paused' ? (
            <button type="button" onClick={() => control('resume')}>
              <Icon name="play" /> Resume
            </button>
          ) : null}
          {job.finishedAt === null ? (
            <button type="button" onClick={() => control('cancel')}>
              <Icon name="stop" /> Cancel
            </button>
          ) : (
            <DeleteButton onConfirm={deleteRun} />
          )}
          <ShareButton job={job.id} />
          <a class="button" href={link('new-sweep', job.id)}>
            Sweep around this
          </a>
          {job.modelId === null ? null : (
            <a class="button primary" href={link('models', job.modelId)}>
              Open model
            </a>
          )}
        </div>
      </div>
      <ErrorNotice error={problem} />
      {job.error === null ? null : (
        <p class="notice bad" role="alert">
          {job.error.message}
        </p>
      )}
      <progress
        class="wide"
        max={job.status === 'succeeded' ? job.epoch : job.epochs}
        value={job.epoch}
        aria-label={`${job.epoch} of ${job.epochs} epochs`}
      />
      <RunFigures job={job} dataset={datasetName(job, names)} />
      <p class="hint">{metricsNote(job)}</p>
      <div class={drawable || isDiagnosed ? 'columns wide-left' : ''}>
        <CurveCards
          run={run}
          job={job}
          mark={mark ?? (diagnosis === null ? undefined : firstMark(diagnosis))}
        />
        <div class="beside">
          {isDiagnosed ? <DiagnosisCard job={job} diagnosis={diagnosis} onMark={setMark} /> : null}
          {drawable ? (
            <BoundaryCard run={run} job={job} inputs={inputs} playhead={playhead} exact={frame} />
          ) : null}
        </div>
      </div>
      {hasRepeats(job) ? <RepeatsCard job={job} /> : null}
      {job.spec.watch === undefined ? null : <LayerStatisticsCard job={job} />}
      {job.epoch > 0 && job.finishedAt !== null ? (
        <EpochSlider
          job={job}
          chosen={chosen}
          found={rebuilt}
          onMove={showEpoch}
          onChoose={(epoch) => {
            setMoving(false)
            choose(epoch)
          }}
        />
      ) : null}
      {shown === null ? null : <JobModelCards key={shown.model.id} job={shown.job} model={shown.model} />}
      {model.value === null ? null : <NetworkCard layers={model.value.layers} model={model.value} />}
      <RequestCard job={job} />
    </section>
  )
}

/** Where the run comes from, if it was not trained from its first epoch for itself. */
function RunOrigin({ job: { id, reusedFrom, forkOf, verifies, continuedFrom } }: { job: Job }) {
  const other = forkOf?.job ?? verifies
  if (other !== null && other !== undefined) {
    return (
      <p class="hint">
        {forkOf === null ? 'Repeats' : `Equal up to epoch ${whole(forkOf.epoch)} to`}{' '}
        <a href={link('runs', other)}>{other}</a>.{' '}
        <a href={link('compare', `${other},${id}`)}>Compare both</a>
      </p>
    )
  }
  if (continuedFrom !== null) {
    return (
      <p class="hint">
        The first {whole(continuedFrom.epoch)} epochs are those of another trial,{' '}
        <a href={link('runs', continuedFrom.job)}>{continuedFrom.job}</a>.
      </p>
    )
  }
  if (reusedFrom === null) return null
  return (
    <p class="hint">
      Answered from an equal run, <a href={link('runs', reusedFrom)}>{reusedFrom}</a>.
    </p>
  )
}

const emptyView = { left: 0, right: 1, bottom: 0, top: 1 }

function BoundaryCard(props: {
  run: Run
  job: Job
  inputs: number
  playhead: Playhead
  /** The frame of a recomputed epoch, shown instead of the stored ones. */
  exact: Boundary | undefined
}) {
  const { run, job, inputs, playhead, exact } = props
  const rows = useQuery(job.id, (client) =>
    client.request('GET /jobs/{id}/rows', { path: { id: job.id }, query: { limit: maxDrawnRows } }),
  ).value
  const axes = run.frames[0]?.axes
  const [points, samples] = useMemo(
    () => (rows === null || axes === undefined ? [[], []] : [pointsIn(rows, axes), samplesIn(rows, axes)]),
    [rows, axes],
  )
  return (
    <div class="card">
      <h2>{inputs === 1 ? 'Fitted curve' : 'Decision boundary'}</h2>
      <BoundaryPanel
        frames={exact === undefined ? run.frames : [exact]}
        playhead={exact === undefined ? playhead : { ...playhead, index: 0, playing: false }}
        job={job}
        points={points}
        samples={samples}
        view={emptyView}
        inputs={inputs}
      />
    </div>
  )
}

export function NetworkCard({ layers, model }: { layers: readonly LayerSummary[]; model?: Model }) {
  return (
    <div class="card">
      <h2>Network</h2>
      <div class="columns">
        <div class="scroll">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">Layer</th>
                <th scope="col">Activation</th>
                <th scope="col">Output</th>
                <th scope="col" class="number">
                  Parameters
                </th>
              </tr>
            </thead>
            <tbody>
              {layers.map(({ index, type, activation, outputShape, parameters }) => (
                <tr key={index}>
                  <td>{type}</td>
                  <td>{activation ?? '–'}</td>
                  <td>{outputShape.join(' × ')}</td>
                  <td class="number">{whole(parameters)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {model === undefined ? null : (
            <p class="hint">
              {whole(model.parameters)} parameters, {bytes(model.weightBytes)} of weights
            </p>
          )}
        </div>
        <NetworkDrawing layers={layers} />
      </div>
    </div>
  )
}
