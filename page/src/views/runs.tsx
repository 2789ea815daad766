/** The live table of all runs, with filters and a selection to compare. */
import type { VNode } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Descent } from '../../../sdk/src/index.js'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Job, JobStatus } from '../api/types.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { StatusPill } from '../components/status.js'
import { useDebounced, useQuery } from '../components/use-query.js'
import { useVisible } from '../components/use-visible.js'
import { Sparkline } from '../draw/sparkline.js'
import { bestEpochName, type Headline, headline, scaleName } from '../figures.js'
import { ago, duration, short, whole } from '../format.js'
import { go, link } from '../router.js'
import { useRunList } from '../use-run-list.js'
import { startText } from './queue-note.js'

const statuses = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const
const debounceMilliseconds = 250
const firstRows = 50

export function RunsView() {
  const [status, setStatus] = useState<JobStatus | 'all'>('all')
  const [name, setName] = useState('')
  const [limit, setLimit] = useState(firstRows)
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [problem, setProblem] = useState<Problem | null>(null)
  const nameFilter = useDebounced(name.trim(), debounceMilliseconds)
  const filter = {
    ...(status === 'all' ? {} : { status }),
    ...(nameFilter === '' ? {} : { name: nameFilter }),
  }
  const list = useRunList(filter, limit)
  const { jobs, update } = list
  const names = useQuery('datasets', datasetNames).value ?? noNames

  const control = useCallback(async (job: Job, verb: 'cancel' | 'pause' | 'resume') => {
    try {
      update(await client.request(`POST /jobs/{id}/${verb}`, { path: { id: job.id } }))
      setProblem(null)
    } catch (error) {
      setProblem(toProblem(error))
    }
  }, [])
  const choose = useCallback(
    (id: string, on: boolean) =>
      setChosen((before) => (on ? [...before, id] : before.filter((other) => other !== id))),
    [],
  )

  const isFiltered = status !== 'all' || nameFilter !== ''
  return (
    <section>
      <div class="heading">
        <Heading>Runs</Heading>
        <Filters name={name} status={status} onName={setName} onStatus={setStatus} />
      </div>
      <ErrorNotice error={problem ?? list.error} />
      {jobs === null ? (
        list.error === null ? (
          <p class="waiting">Loading runs …</p>
        ) : null
      ) : jobs.length === 0 ? (
        <NoRuns isFiltered={isFiltered} />
      ) : (
        <RunsTable jobs={jobs} names={names} chosen={chosen} choose={choose} control={control} />
      )}
      <ShowMore hasMore={list.hasMore} onClick={() => setLimit(2 * limit)} />
      <Selection chosen={chosen} onClear={() => setChosen([])} />
    </section>
  )
}

const noNames: ReadonlyMap<string, string> = new Map()

interface FiltersProps {
  name: string
  status: JobStatus | 'all'
  onName(name: string): void
  onStatus(status: JobStatus | 'all'): void
}

function Filters({ name, status, onName, onStatus }: FiltersProps) {
  return (
    <div class="filters">
      <div class="field inline">
        <label for="filter-name">Name</label>
        <input
          id="filter-name"
          type="search"
          placeholder="name or id"
          value={name}
          onInput={(event) => onName(event.currentTarget.value)}
        />
      </div>
      <div class="field inline">
        <label for="filter-status">Status</label>
        <select
          id="filter-status"
          value={status}
          onChange={({ currentTarget: { value } }) =>
            onStatus(statuses.find((known) => known === value) ?? 'all')
          }
        >
          <option value="all">all</option>
          {statuses.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      </div>
    </div>
  )
}

function NoRuns({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No matching runs">No run matches this name or id and status.</Empty>
  return (
    <Empty title="No runs yet">
      Train a network in the <a href={link('playground')}>playground</a>, run a demonstration of the{' '}
      <a href={link('lecture')}>lecture</a>, or start a <a href={link('new')}>new job</a>.
    </Empty>
  )
}

interface TableProps extends Pick<RowProps, 'choose' | 'control'> {
  jobs: readonly Job[]
  names: ReadonlyMap<string, string>
  chosen: readonly string[]
}

function RunsTable({ jobs, names, chosen, choose, control }: TableProps) {
  const renderRow = useCachedRows()
  return (
    <table class="runs">
      <thead>
        <tr>
          <th scope="col">
            <span class="visually-hidden">Compare</span>
          </th>
          <th scope="col">Run</th>
          <th scope="col">Status</th>
          <th scope="col">Epochs</th>
          <th scope="col">Loss</th>
          <th scope="col" class="number">
            Accuracy
          </th>
          <th scope="col" class="number">
            Time
          </th>
          <th scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) =>
          renderRow({
            job,
            dataset: datasetName(job, names),
            chosen: chosen.includes(job.id),
            choose,
            control,
          }),
        )}
      </tbody>
    </table>
  )
}

/** Caches rows by their properties, so that Preact skips unchanged rows. */
function useCachedRows(): (props: RowProps) => VNode {
  const known = useRef(new Map<string, { props: RowProps; row: VNode }>()).current
  return (props) => {
    const { id } = props.job
    const before = known.get(id)
    if (before !== undefined && isSame(before.props, props)) return before.row
    const row = <Row key={id} {...props} />
    known.set(id, { props, row })
    return row
  }
}

const isSame = (one: RowProps, other: RowProps) =>
  one.job === other.job &&
  one.dataset === other.dataset &&
  one.chosen === other.chosen &&
  one.choose === other.choose &&
  one.control === other.control

function Selection({ chosen, onClear }: { chosen: readonly string[]; onClear(): void }) {
  if (chosen.length === 0) return null
  return (
    <section class="tray" aria-label="Comparison">
      <span>{chosen.length === 1 ? '1 run selected' : `${chosen.length} runs selected`}</span>
      <button type="button" onClick={onClear}>
        Clear
      </button>
      <button
        type="button"
        class="primary"
        disabled={chosen.length < 2}
        onClick={() => go('compare', chosen.join(','))}
      >
        Compare
      </button>
    </section>
  )
}

interface RowProps {
  job: Job
  dataset: string
  chosen: boolean
  choose(id: string, on: boolean): void
  control(job: Job, verb: 'cancel' | 'pause' | 'resume'): void
}

function Row({ job, dataset, chosen, choose, control }: RowProps) {
  const { id, name, status, epoch, epochs, metrics, spec } = job
  const { rows, loss, accuracy } = headline(metrics)
  const scale = scaleName(spec.targetScaling)
  const title = name ?? 'Untitled'
  return (
    <tr class={chosen ? 'chosen' : ''}>
      <td class="choose">
        <input
          type="checkbox"
          checked={chosen}
          aria-label={`Compare ${title}`}
          onChange={(event) => choose(id, event.currentTarget.checked)}
        />
      </td>
      <td class="name">
        <a href={link('runs', id)}>{title}</a>
        <small>
          {dataset} · {ago(job.createdAt)}
        </small>
      </td>
      <td class="status">
        <StatusPill status={status} />
        {job.error === null ? null : <small>{job.error.code}</small>}
      </td>
      <td class="progress">
        <progress
          max={status === 'succeeded' ? epoch : epochs}
          value={epoch}
          aria-label={`${epoch} of ${epochs} epochs`}
        />
        <small>{bestEpochName(job) ?? `${whole(epoch)} / ${whole(epochs)}`}</small>
      </td>
      <td class="loss">
        <LossSpark job={job} rows={rows} />
        <span class="figure">
          {loss}
          <small>{loss === '–' ? '' : scale === null ? rows : `${rows}, ${scale}`}</small>
        </span>
      </td>
      <td class="number accuracy">
        {accuracy ?? '–'}
        {accuracy === null ? null : <small>{rows}</small>}
      </td>
      <td class="number time">{timeText(job)}</td>
      <td class="control">
        <JobControls job={job} title={title} control={control} />
      </td>
    </tr>
  )
}

function JobControls({ job, title, control }: Pick<RowProps, 'job' | 'control'> & { title: string }) {
  const { status } = job
  return (
    <>
      {status === 'running' || status === 'queued' ? (
        <button
          type="button"
          class="icon"
          aria-label={`Pause ${title}`}
          onClick={() => control(job, 'pause')}
        >
          <Icon name="pause" />
        </button>
      ) : null}
      {status === 'paused' ? (
        <button
          type="button"
          class="icon"
          aria-label={`Resume ${title}`}
          onClick={() => control(job, 'resume')}
        >
          <Icon name="play" />
        </button>
      ) : null}
      {job.finishedAt === null ? (
        <button
          type="button"
          class="icon"
          aria-label={`Cancel ${title}`}
          onClick={() => control(job, 'cancel')}
        >
          <Icon name="stop" />
        </button>
      ) : null}
    </>
  )
}

/** Names of the latest datasets by id. Empty if the key may not read datasets. */
export async function datasetNames(client: Descent): Promise<Map<string, string>> {
  const list = await client.request('GET /datasets', { query: { limit: 100 } }).catch(() => null)
  return new Map(list?.data.flatMap(({ id, name }) => (name === null ? [] : [[id, name]])))
}

/** The name of a dataset, or its shortened id. */
export function datasetName({ spec: { dataset } }: Job, names: ReadonlyMap<string, string>): string {
  if (typeof dataset !== 'string') return dataset.name
  return names.get(dataset) ?? (dataset.startsWith('ds_') ? `${dataset.slice(0, 9)}…` : dataset)
}

/** The place in the queue, the remaining time, or the duration. */
export function timeText(job: Job): string {
  const { status, startedAt, finishedAt, estimatedFinishAt, queuePosition } = job
  if (status === 'queued') {
    return queuePosition === null ? 'queued' : `no. ${queuePosition} in queue${startText(job, ', ')}`
  }
  if (status === 'running' && estimatedFinishAt !== null) {
    return `${duration(Math.max(0, Date.parse(estimatedFinishAt) - Date.now()))} left`
  }
  if (startedAt === null || finishedAt === null) return '–'
  return duration(Date.parse(finishedAt) - Date.parse(startedAt))
}

/** Number of updates of a curve while its number of epochs doubles. */
const updatesPerDoubling = 24
/** Curves of ended jobs, which no longer change. */
const sparks = new Map<string, (number | null)[]>()
let pending = Promise.resolve()

function LossSpark({ job, rows }: { job: Job; rows: Headline['rows'] }) {
  const known = sparks.get(job.id) ?? []
  const [values, setValues] = useState(known)
  const element = useRef<HTMLSpanElement>(null)
  const isVisible = useVisible(element)
  const hasEnded = job.finishedAt !== null
  // While the job runs, update when the number of epochs has grown by a few percent.
  const revision = hasEnded ? 'ended' : Math.floor(updatesPerDoubling * Math.log2(job.epoch + 1))
  useEffect(() => {
    if (!isVisible || job.epoch < 2 || (hasEnded && sparks.has(job.id))) return
    let isCancelled = false
    // Sequential, so that a long table does not send many requests at once.
    pending = pending.then(async () => {
      if (isCancelled) return
      const points = await client
        .request('GET /jobs/{id}/epochs', { path: { id: job.id }, query: { points: 32 } })
        .catch(() => null)
      if (points === null) return
      const losses = points.data.map(({ loss, valLoss }) => (rows === 'validation' ? valLoss : loss))
      if (hasEnded) sparks.set(job.id, losses)
      if (!isCancelled) setValues(losses)
    })
    return () => {
      isCancelled = true
    }
  }, [job.id, revision, isVisible])
  return (
    <span ref={element}>
      <Sparkline
        values={values}
        label={`Loss (${rows}) of ${job.name ?? 'the run'}, from ${short(values[0])} to ${short(values.at(-1))}`}
      />
    </span>
  )
}
