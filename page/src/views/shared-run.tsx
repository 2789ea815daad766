/** One run as the visitors of a share link see it: without a key, without other views, and without changes. */
import { useRef } from 'preact/hooks'
import type { Problem } from '../api/problem.js'
import type { Job } from '../api/types.js'
import { Heading } from '../components/heading.js'
import { ConnectionNote, StatusPill } from '../components/status.js'
import { ThemeButton } from '../components/theme-button.js'
import { useQuery } from '../components/use-query.js'
import { BoundaryPanel } from '../draw/boundary-panel.js'
import { usePlayhead } from '../draw/use-playhead.js'
import { type Run, useRun } from '../use-run.js'
import { CurveCards } from './curve-cards.js'
import { QueueNote } from './queue-note.js'
import { inputSize, metricsNote, RunFigures } from './run-figures.js'
import { datasetName } from './runs.js'

const boundaryPoints = 64

/** The token of a share link begins with the id of its job. */
function jobOf(token: string): string | null {
  const [, digits] = /^share_([0-9a-f]{32})[0-9a-f]{72}$/.exec(token) ?? []
  return digits === undefined ? null : `job_${digits}`
}

export function SharedRunView({ token }: { token: string }) {
  const main = useRef<HTMLElement>(null)
  const id = jobOf(token)
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header class="bar">
        <span class="brand">
          <img src="/icon.svg" alt="" width={28} height={28} />
          <span>Descent</span>
        </span>
        <div class="tools">
          <ThemeButton />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {id === null ? (
          <Refusal text="This link is not complete. Copy the whole address." />
        ) : (
          <SharedRun key={token} id={id} token={token} />
        )}
      </main>
    </>
  )
}

function Refusal({ text }: { text: string }) {
  return (
    <section>
      <Heading>Shared run</Heading>
      <p class="notice bad" role="alert">
        {text}
      </p>
    </section>
  )
}

const ended = 'This link no longer works: it was revoked, or its run was deleted.'

const refusalText = ({ status, message }: Problem) => (status === 401 ? ended : message)

function SharedRun({ id, token }: { id: string; token: string }) {
  const first = useQuery(token, (client) =>
    client.withOptions({ key: token }).request('GET /jobs/{id}', { path: { id } }),
  )
  if (first.value !== null) return <LiveSharedRun first={first.value} token={token} />
  if (first.error !== null) return <Refusal text={refusalText(first.error)} />
  return (
    <section>
      <Heading>Shared run</Heading>
      <p class="waiting">Loading run …</p>
    </section>
  )
}

function LiveSharedRun({ first, token }: { first: Job; token: string }) {
  const inputs = inputSize(first)
  const drawable = inputs <= 2
  const run = useRun(first.id, drawable ? boundaryPoints : undefined, token)
  const job = run.job ?? first
  const problem = run.connection === 'rejected' ? ended : job.error?.message
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>{job.name ?? 'Untitled run'}</Heading>
          <p class="under">
            <StatusPill status={job.status} />
            <ConnectionNote connection={run.connection} />
            <QueueNote job={job} />
          </p>
        </div>
      </div>
      {problem === undefined ? null : (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
      <progress
        class="wide"
        max={job.status === 'succeeded' ? job.epoch : job.epochs}
        value={job.epoch}
        aria-label={`${job.epoch} of ${job.epochs} epochs`}
      />
      <RunFigures job={job} dataset={datasetName(job, new Map())} />
      <p class="hint">{metricsNote(job)}</p>
      {job.notes === null ? null : <p class="shared-notes">{job.notes}</p>}
      <div class={drawable ? 'columns wide-left' : ''}>
        <CurveCards run={run} job={job} mark={undefined} />
        {drawable ? <BoundaryCard run={run} job={job} inputs={inputs} /> : null}
      </div>
      <details class="card">
        <summary>
          <h2>Spec</h2>
        </summary>
        <textarea
          class="code"
          readOnly
          rows={16}
          wrap="off"
          aria-label="Spec of the run"
          value={JSON.stringify(job.spec, null, 2)}
        />
      </details>
    </section>
  )
}

const view = { left: 0, right: 1, bottom: 0, top: 1 }

/** Without the rows of the data, which visitors do not read. */
function BoundaryCard({ run, job, inputs }: { run: Run; job: Job; inputs: number }) {
  const playhead = usePlayhead(job.id, run.frames)
  return (
    <div class="card">
      <h2>{inputs === 1 ? 'Fitted curve' : 'Decision boundary'}</h2>
      <BoundaryPanel
        frames={run.frames}
        playhead={playhead}
        job={job}
        points={[]}
        samples={[]}
        view={view}
        inputs={inputs}
      />
    </div>
  )
}
