/** Keys, newest first, with their rotation, change and revocation. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import type { ApiKey, RotatedApiKey } from '../api/types.js'
import { Code } from '../components/code.js'
import { ConfirmButton } from '../components/confirm-button.js'
import { DateField, TextField } from '../components/field.js'
import { ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { TableCard } from '../components/table-card.js'
import { readItems, useQuery } from '../components/use-query.js'
import { ago } from '../format.js'
import { type Change, useChange } from '../use-change.js'
import { tenantLink } from './admin-link.js'
import { endOfDay, toDay } from './admin-times.js'

const pageSize = 50

/** @param tenant of all tenants without it */
export function KeyTable({ tenant }: { tenant?: string }) {
  const [limit, setLimit] = useState(pageSize)
  const [rotated, setRotated] = useState<RotatedApiKey | null>(null)
  const [edited, setEdited] = useState<ApiKey | null>(null)
  const list = useQuery(String(limit), (client) =>
    readItems(client.admin.keys.list({ tenant, limit: pageSize + 1 }), limit),
  )
  const change = useChange(list.refetch)
  const keys = list.latest?.data ?? []
  const rotate = ({ id }: ApiKey) =>
    void change.run(async () => setRotated(await client.admin.keys.rotate(id)))
  const revoke = ({ id }: ApiKey) => void change.run(() => client.admin.keys.revoke(id))
  return (
    <>
      <ErrorNotice error={change.problem ?? list.error} />
      {rotated === null ? null : <Rotated rotated={rotated} />}
      {edited === null ? null : (
        <EditKey key={edited.id} edited={edited} change={change} onClose={() => setEdited(null)} />
      )}
      <TableCard heads={['Tenant', 'Name', 'Scopes', 'State', 'Created', 'Actions']}>
        {keys.map((key) => (
          <tr key={key.id} aria-label={key.id}>
            <td>
              <a href={tenantLink(key.tenantId)}>{key.tenantId}</a>
            </td>
            <td class="name">{key.name ?? <code>{key.id.slice(0, 12)}…</code>}</td>
            <td class="cut" title={key.scopes.join(', ')}>
              {key.scopes.join(', ')}
            </td>
            <td>{stateOf(key)}</td>
            <td>{ago(key.createdAt)}</td>
            <td class="row-actions">
              {key.status !== 'live' ? null : (
                <>
                  <button type="button" onClick={() => setEdited(key)}>
                    Edit
                  </button>
                  {key.replacedBy !== null ? null : (
                    <ConfirmButton
                      icon="reset"
                      label="Rotate"
                      question="Replace in 24 h?"
                      onConfirm={() => rotate(key)}
                    />
                  )}
                  <ConfirmButton
                    icon="trash"
                    label="Revoke"
                    question="Revoke at once?"
                    onConfirm={() => revoke(key)}
                  />
                </>
              )}
            </td>
          </tr>
        ))}
      </TableCard>
      <ShowMore hasMore={list.latest?.hasMore ?? false} onClick={() => setLimit(limit + pageSize)} />
    </>
  )
}

function stateOf({ status, expiresAt, replacedBy }: ApiKey): string {
  if (status !== 'live') return status
  if (expiresAt === null) return 'live'
  return `${replacedBy === null ? 'live' : 'replaced, live'} until ${new Date(expiresAt).toLocaleString()}`
}

function Rotated({ rotated: { tenantId, secret, previous } }: { rotated: RotatedApiKey }) {
  return (
    <div class="card">
      <h2>The new key of {tenantId}</h2>
      <Code text={secret} label="New key" />
      <p class="hint">
        Copy the key now: it is not shown again. The old one ends{' '}
        {previous.expiresAt === null ? 'now' : new Date(previous.expiresAt).toLocaleString()}.
      </p>
    </div>
  )
}

function EditKey(props: { edited: ApiKey; change: Change; onClose(): void }) {
  const { edited, change, onClose } = props
  const [name, setName] = useState(edited.name ?? '')
  const [date, setDate] = useState(toDay(edited.expiresAt))
  const save = (event: Event) => {
    event.preventDefault()
    const isMoved = date !== toDay(edited.expiresAt)
    const changes = {
      name: name.trim() === '' ? null : name.trim(),
      ...(isMoved ? { expiresAt: endOfDay(date) } : {}),
    }
    void change.run(async () => {
      await client.admin.keys.change(edited.id, changes)
      onClose()
    })
  }
  return (
    <form class="card" onSubmit={save} noValidate>
      <h2>Edit the key of {edited.tenantId}</h2>
      <div class="controls">
        <TextField label="Name" value={name} onChange={setName} />
        <DateField label="Last day" value={date} hint="Empty: the key does not expire." onChange={setDate} />
      </div>
      <div class="actions">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="primary" disabled={change.isSending}>
          Save key
        </button>
      </div>
    </form>
  )
}
