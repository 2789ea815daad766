/** The position of a queued job. Streams do not report its changes, so it is polled. */
import { get } from '../api/client.js'
import type { Job } from '../api/types.js'
import { useQuery } from '../components/use-query.js'

const pollMilliseconds = 2_000

/** @param id of a queued job, or null */
function usePolledPosition(id: string | null): number | null | undefined {
  return useQuery(id, () => get('/jobs/{id}', { id: id ?? '' }), pollMilliseconds).value?.queuePosition
}

/** The job with its current position if it is queued. */
export function useQueued(job: Job): Job {
  const position = usePolledPosition(job.status === 'queued' ? job.id : null)
  return position === undefined || job.status !== 'queued' ? job : { ...job, queuePosition: position }
}

export function QueueNote({ id }: { id: string }) {
  const position = usePolledPosition(id)
  if (position === null || position === undefined) return null
  return <span class="hint">{position === 1 ? 'next in the queue' : `no. ${position} in the queue`}</span>
}
