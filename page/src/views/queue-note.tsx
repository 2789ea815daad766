/** The place of a queued job and its estimated start. */
import { useEffect, useState } from 'preact/hooks'
import type { Job } from '../api/types.js'
import { useQuery } from '../components/use-query.js'
import { roughDuration } from '../format.js'

const pollMilliseconds = 2_000
const tickMilliseconds = 1_000

type Queued = Pick<Job, 'queuePosition' | 'estimatedStartAt'>

/** Such as "in about 20 s", or nothing if the start is unknown or due. */
export function startText({ estimatedStartAt }: Queued, before = ''): string {
  const milliseconds = estimatedStartAt === null ? 0 : Date.parse(estimatedStartAt) - Date.now()
  return milliseconds < tickMilliseconds ? '' : `${before}in about ${roughDuration(milliseconds)}`
}

/** Nothing for a job that is not queued. */
export function QueueNote({ job }: { job: Queued }) {
  const [, tick] = useState(0)
  const { queuePosition: position } = job
  const isQueued = position !== null
  useEffect(() => {
    if (!isQueued) return
    const timer = setInterval(() => tick((count) => count + 1), tickMilliseconds)
    return () => clearInterval(timer)
  }, [isQueued])
  if (!isQueued) return null
  const place = position === 1 ? 'next in the queue' : `no. ${position} in the queue`
  return (
    <span class="hint">
      {place}
      {startText(job, ', starts ')}
    </span>
  )
}

/** For a view without a stream of the job. */
export function PolledQueueNote({ id }: { id: string }) {
  const job = useQuery(
    id,
    (client) => client.request('GET /jobs/{id}', { path: { id } }),
    pollMilliseconds,
  ).latest
  return job === null ? null : <QueueNote job={job} />
}
