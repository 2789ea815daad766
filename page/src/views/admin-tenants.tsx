/** The tenants of the service, with their use against their limits. */
import { useState } from 'preact/hooks'
import type { Tenant } from '../api/types.js'
import { TextField } from '../components/field.js'
import { Meter } from '../components/meter.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { TableCard } from '../components/table-card.js'
import { readItems, useDebounced, useQuery } from '../components/use-query.js'
import { ago, bytes, whole } from '../format.js'
import { tenantLink } from './admin-link.js'

const pageSize = 50
const typingMilliseconds = 250

export function AdminTenants() {
  const [text, setText] = useState('')
  const [limit, setLimit] = useState(pageSize)
  const prefix = useDebounced(text.trim().toLowerCase(), typingMilliseconds)
  const list = useQuery(`${prefix} ${limit}`, (client) =>
    readItems(client.admin.tenants.list({ prefix, limit: pageSize + 1 }), limit),
  )
  const tenants = list.latest?.data ?? []
  return (
    <>
      <div class="controls">
        <TextField label="Tenants that begin with" value={text} placeholder="class-" onChange={setText} />
      </div>
      <ErrorNotice error={list.error} />
      {list.value !== null && tenants.length === 0 ? (
        <Empty title="No such tenants">The first key of a tenant creates it.</Empty>
      ) : null}
      {tenants.length === 0 ? null : (
        <TableCard
          heads={['Tenant', 'Queued jobs', 'Running jobs', 'Stored', 'Live keys', 'Last job']}
          numbers={['Live keys']}
        >
          {tenants.map((tenant) => (
            <Row key={tenant.id} {...tenant} />
          ))}
        </TableCard>
      )}
      <ShowMore hasMore={list.latest?.hasMore ?? false} onClick={() => setLimit(limit + pageSize)} />
    </>
  )
}

function Row({ id, use, limits, liveKeys, lastJobAt, suspendedAt }: Tenant) {
  return (
    <tr>
      <td class="name">
        <a href={tenantLink(id)}>{id}</a>{' '}
        {suspendedAt === null ? null : <span class="pill failed">suspended</span>}
      </td>
      <UseCell used={use.queuedJobs} allowed={limits.queuedJobs} format={whole} />
      <UseCell used={use.runningJobs} allowed={limits.runningJobs} format={whole} />
      <UseCell used={use.storedBytes} allowed={limits.storedBytes} format={bytes} />
      <td class="number">{whole(liveKeys)}</td>
      <td>{lastJobAt === null ? '–' : ago(lastJobAt)}</td>
    </tr>
  )
}

function UseCell(props: { used: number; allowed: number; format(value: number): string }) {
  const { used, allowed, format } = props
  return (
    <td class="use">
      {format(used)} of {format(allowed)}
      <Meter share={Math.min(1, used / allowed)} />
    </td>
  )
}
