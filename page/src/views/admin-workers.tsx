/** The worker processes, with their load. */
import { useState } from 'preact/hooks'
import type { Worker } from '../api/types.js'
import { Meter } from '../components/meter.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { TableCard } from '../components/table-card.js'
import { readItems, useQuery } from '../components/use-query.js'
import { ago, plural, whole } from '../format.js'

const pageSize = 50
const pollMilliseconds = 2_000

export function AdminWorkers() {
  const [limit, setLimit] = useState(pageSize)
  const list = useQuery(
    String(limit),
    (client) => readItems(client.admin.workers({ limit: pageSize + 1 }), limit),
    pollMilliseconds,
  )
  const workers = list.latest?.data ?? []
  return (
    <>
      <ErrorNotice error={list.error} />
      {list.value !== null && workers.length === 0 ? (
        <Empty title="No workers">Jobs wait until a worker process starts.</Empty>
      ) : null}
      {workers.length === 0 ? null : (
        <TableCard heads={['Worker', 'Host', 'Busy threads', 'Running jobs', 'Backend', 'Since', 'Seen']}>
          {workers.map((worker) => (
            <Row key={worker.id} {...worker} />
          ))}
        </TableCard>
      )}
      <ShowMore hasMore={list.latest?.hasMore ?? false} onClick={() => setLimit(limit + pageSize)} />
    </>
  )
}

function Row(worker: Worker) {
  const { id, host, processId, threads, busyThreads, runningJobs, runningTenants, backend } = worker
  return (
    <tr>
      <td class="name">{id}</td>
      <td>{host === null ? '–' : `${host}, process ${processId ?? '–'}`}</td>
      <td class="use">
        {whole(busyThreads)} of {whole(threads)}
        <Meter share={Math.min(1, busyThreads / Math.max(1, threads))} />
      </td>
      <td>
        {whole(runningJobs)}
        {runningJobs === 0 ? '' : ` of ${plural(runningTenants, 'tenant')}`}
      </td>
      <td>{backend}</td>
      <td>{ago(worker.startedAt)}</td>
      <td>{ago(worker.seenAt)}</td>
    </tr>
  )
}
