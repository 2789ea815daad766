/** The audit log with its filters. */
import { useState } from 'preact/hooks'
import type { AuditAction, AuditEntry } from '../api/types.js'
import { DateField, SelectField, TextField } from '../components/field.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { TableCard } from '../components/table-card.js'
import { readItems, useDebounced, useQuery } from '../components/use-query.js'
import { tenantLink } from './admin-link.js'
import { endOfDay, startOfDay } from './admin-times.js'

const actionNames: Record<AuditAction, string> = {
  'tenant.created': 'Tenant created',
  'tenant.suspended': 'Tenant suspended',
  'tenant.resumed': 'Tenant resumed',
  'tenant.deletionRequested': 'Tenant deletion began',
  'tenant.deleted': 'Tenant deleted',
  'limits.changed': 'Limits changed',
  'key.created': 'Key created',
  'key.changed': 'Key changed',
  'key.rotated': 'Key rotated',
  'key.revoked': 'Key revoked',
  'key.deleted': 'Key deleted',
  'webhook.created': 'Webhook created',
  'webhook.deleted': 'Webhook deleted',
  'webhook.enabled': 'Webhook enabled',
  'webhook.disabled': 'Webhook disabled',
  'webhook.secretRotated': 'Webhook secret rotated',
  'shareLink.created': 'Share link made',
  'shareLink.revoked': 'Share link revoked',
  'job.deleted': 'Job deleted',
  'jobs.deleted': 'Jobs deleted',
  'sweep.deleted': 'Sweep deleted',
  'model.deleted': 'Model deleted',
  'registeredModel.deleted': 'Name deleted',
  'dataset.deleted': 'Dataset deleted',
  'workshop.created': 'Workshop opened',
  'workshop.joined': 'Workshop joined',
  'workshop.paused': 'Workshop paused',
  'workshop.resumed': 'Workshop resumed',
  'workshop.reset': 'Workshop reset',
  'workshop.deleted': 'Workshop deleted',
}
const actions = Object.entries(actionNames) as [AuditAction, string][]

const pageSize = 50
const typingMilliseconds = 250

export function AdminAudit() {
  const [tenant, setTenant] = useState('')
  const [action, setAction] = useState<AuditAction | ''>('')
  const [first, setFirst] = useState('')
  const [last, setLast] = useState('')
  const [limit, setLimit] = useState(pageSize)
  const exact = useDebounced(tenant.trim(), typingMilliseconds)
  const query = {
    tenant: exact === '' ? undefined : exact,
    action: action === '' ? undefined : action,
    since: startOfDay(first),
    until: endOfDay(last) ?? undefined,
  }
  const list = useQuery(JSON.stringify([query, limit]), (client) =>
    readItems(client.admin.audit({ ...query, limit: pageSize + 1 }), limit),
  )
  const entries = list.latest?.data ?? []
  return (
    <>
      <div class="controls audit-filters">
        <TextField label="Tenant" value={tenant} onChange={setTenant} />
        <SelectField
          label="Action"
          value={action}
          onChange={setAction}
          options={[['', 'All actions'], ...actions]}
        />
        <DateField label="From" value={first} onChange={setFirst} />
        <DateField label="To" value={last} onChange={setLast} />
      </div>
      <ErrorNotice error={list.error} />
      {list.value !== null && entries.length === 0 ? (
        <Empty title="No entries">Nothing was changed within these filters.</Empty>
      ) : null}
      {entries.length === 0 ? null : (
        <TableCard heads={['Time', 'Action', 'Tenant', 'Object', 'Details', 'Actor', 'Address']}>
          {entries.map((entry) => (
            <Row key={entry.id} {...entry} />
          ))}
        </TableCard>
      )}
      <ShowMore hasMore={list.latest?.hasMore ?? false} onClick={() => setLimit(limit + pageSize)} />
    </>
  )
}

function Row({ at, action, tenantId, target, details, actor, address }: AuditEntry) {
  const text = JSON.stringify(details)
  return (
    <tr>
      <td>{new Date(at).toLocaleString()}</td>
      <td>{actionNames[action] ?? action}</td>
      <td>{tenantId === null ? '–' : <a href={tenantLink(tenantId)}>{tenantId}</a>}</td>
      <td class="cut" title={target ?? ''}>
        {target ?? '–'}
      </td>
      <td class="cut" title={text}>
        {text === '{}' ? '–' : text}
      </td>
      <td class="cut" title={actor.id ?? ''}>
        {actor.type} {actor.id ?? ''}
      </td>
      <td>{address ?? '–'}</td>
    </tr>
  )
}
