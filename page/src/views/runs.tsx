/** All runs, live: what they are doing, how far they are, and which of them to compare. */
import type { VNode } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { get, post, type ApiError } from '../api/client.js'
import type { Job, JobStatus } from '../api/types.js'
import { Sparkline } from '../draw/sparkline.js'
import { bestEpochName, type Headline, headline, scaleName } from '../figures.js'
import { ago, duration, short, whole } from '../format.js'
import { toApiError, useQuery, useDebounced } from '../components/use-query.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { StatusPill } from '../components/status.js'
import { useVisible } from '../components/use-visible.js'
import { go, link } from '../router.js'
import { useRunList } from '../use-run-list.js'

const statuses = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const
const debounceMilliseconds = 250
const firstRows = 50

export function RunsView() {
  const [status, setStatus] = useState<JobStatus | 'all'>('all')
  const [name, setName] = useState('')
  const [limit, setLimit] = useState(firstRows)
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [problem, setProblem] = useState<ApiError | null>(null)
  const wanted = useDebounced(name.trim(), debounceMilliseconds)
  const filter = {
    ...(status === 'all' ? {} : { status }),
    ...(wanted === '' ? {} : { name: wanted }),
  }
  const list = useRunList(filter, limit)
  const { jobs, update } = list
  const names = useQuery('datasets', datasetNames).value ?? noNames

  const steer = useCallback(async (job: Job, verb: 'cancel' | 'pause' | 'resume') => {
    try {
      update(await post(`/jobs/{id}/${verb}`, undefined, { id: job.id }))
      setProblem(null)
    } catch (error) {
      setProblem(toApiError(error))
    }
  }, [])
  const choose = useCallback(
    (id: string, on: boolean) =>
      setChosen((before) => (on ? [...before, id] : before.filter((each) => each !== id))),
    [],
  )

  const isFiltered = status !== 'all' || wanted !== ''
  return (
    <section>
      <div class="heading">
        <Heading>Runs</Heading>
        <Filters name={name} status={status} onName={setName} onStatus={setStatus} />
      </div>
      <ErrorNotice error={problem ?? list.error} />
      {jobs === null ? (
        list.error === null ? (
          <p class="waiting">Looking for runs …</p>
        ) : null
      ) : jobs.length === 0 ? (
        <NoRun isFiltered={isFiltered} />
      ) : (
        <RunsTable jobs={jobs} names={names} chosen={chosen} choose={choose} steer={steer} />
      )}
      {list.hasMore ? (
        <p class="more">
          <button type="button" onClick={() => setLimit(2 * limit)}>
            Show more
          </button>
        </p>
      ) : null}
      <Tray chosen={chosen} onClear={() => setChosen([])} />
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
            onStatus(statuses.find((each) => each === value) ?? 'all')
          }
        >
          <option value="all">all</option>
          {statuses.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </div>
    </div>
  )
}

function NoRun({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No run fits">No run of this status has such a name or id.</Empty>
  return (
    <Empty title="Nothing has been trained here yet">
      See a network learn in the <a href={link('playground')}>playground</a>, take a demonstration of the{' '}
      <a href={link('lecture')}>lecture</a>, or start a <a href={link('new')}>job of your own</a>.
    </Empty>
  )
}

interface TableProps extends Pick<RowProps, 'choose' | 'steer'> {
  jobs: readonly Job[]
  names: ReadonlyMap<string, string>
  chosen: readonly string[]
}

function RunsTable({ jobs, names, chosen, choose, steer }: TableProps) {
  const renderRow = useRows()
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
            steer,
          }),
        )}
      </tbody>
    </table>
  )
}

/** Gives the same row for the same properties, which Preact then leaves as it is: most rows of a long table do not change. */
function useRows(): (props: RowProps) => VNode {
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
  one.steer === other.steer

function Tray({ chosen, onClear }: { chosen: readonly string[]; onClear(): void }) {
  if (chosen.length === 0) return null
  return (
    <section class="tray" aria-label="Comparison">
      <span>{chosen.length === 1 ? '1 run chosen' : `${chosen.length} runs chosen`}</span>
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
  steer(job: Job, verb: 'cancel' | 'pause' | 'resume'): void
}

function Row({ job, dataset, chosen, choose, steer }: RowProps) {
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
      <td class="steer">
        <Steer job={job} title={title} steer={steer} />
      </td>
    </tr>
  )
}

function Steer({ job, title, steer }: Pick<RowProps, 'job' | 'steer'> & { title: string }) {
  const { status } = job
  return (
    <>
      {status === 'running' || status === 'queued' ? (
        <button type="button" class="icon" aria-label={`Pause ${title}`} onClick={() => steer(job, 'pause')}>
          <Icon name="pause" />
        </button>
      ) : null}
      {status === 'paused' ? (
        <button
          type="button"
          class="icon"
          aria-label={`Resume ${title}`}
          onClick={() => steer(job, 'resume')}
        >
          <Icon name="play" />
        </button>
      ) : null}
      {job.finishedAt === null ? (
        <button
          type="button"
          class="icon"
          aria-label={`Cancel ${title}`}
          onClick={() => steer(job, 'cancel')}
        >
          <Icon name="stop" />
        </button>
      ) : null}
    </>
  )
}

/** Of the newest uploads; without leave to see them, none. */
export async function datasetNames(): Promise<Map<string, string>> {
  const list = await get('/datasets', { query: { limit: 100 } }).catch(() => null)
  return new Map(list?.data.flatMap(({ id, name }) => (name === null ? [] : [[id, name]])))
}

/** Rows that came inside the job have no name. */
export function datasetName({ spec: { dataset } }: Job, names: ReadonlyMap<string, string>): string {
  if (typeof dataset !== 'string') return dataset.name
  return names.get(dataset) ?? (dataset.startsWith('ds_') ? `${dataset.slice(0, 9)}…` : dataset)
}

/** What is left while it runs, what it took when it is over. */
export function timeText({ status, startedAt, finishedAt, estimatedFinishAt, queuePosition }: Job): string {
  if (status === 'queued') return queuePosition === null ? 'waits' : `no. ${queuePosition} in line`
  if (status === 'running' && estimatedFinishAt !== null) {
    return `${duration(Math.max(0, Date.parse(estimatedFinishAt) - Date.now()))} left`
  }
  if (startedAt === null || finishedAt === null) return '–'
  return duration(Date.parse(finishedAt) - Date.parse(startedAt))
}

/** Of ended jobs the curve is asked for once. */
const growthsPerDoubling = 24
const sparks = new Map<string, (number | null)[]>()
let waiting = Promise.resolve()

function LossSpark({ job, rows }: { job: Job; rows: Headline['rows'] }) {
  const known = sparks.get(job.id) ?? []
  const [values, setValues] = useState(known)
  const place = useRef<HTMLSpanElement>(null)
  const isVisible = useVisible(place)
  const isOver = job.finishedAt !== null
  // While it runs, the curve is drawn anew when it has grown by some per cent.
  const moment = isOver ? 'over' : Math.floor(growthsPerDoubling * Math.log2(job.epoch + 1))
  useEffect(() => {
    if (!isVisible || job.epoch < 2 || (isOver && sparks.has(job.id))) return
    let gone = false
    // One after the other: a long table must not be a flood of requests.
    waiting = waiting.then(async () => {
      if (gone) return
      const points = await get('/jobs/{id}/epochs', { id: job.id, query: { points: 32 } }).catch(() => null)
      if (points === null) return
      const losses = points.data.map(({ loss, valLoss }) => (rows === 'validation' ? valLoss : loss))
      if (isOver) sparks.set(job.id, losses)
      if (!gone) setValues(losses)
    })
    return () => {
      gone = true
    }
  }, [job.id, moment, isVisible])
  return (
    <span ref={place}>
      <Sparkline
        values={values}
        label={`Loss (${rows}) of ${job.name ?? 'the run'}, from ${short(values[0])} to ${short(values.at(-1))}`}
      />
    </span>
  )
}
