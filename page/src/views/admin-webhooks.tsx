/** The webhooks of all tenants, which operators disable and enable. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { ConfirmButton } from '../components/confirm-button.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { TableCard } from '../components/table-card.js'
import { readItems, useQuery } from '../components/use-query.js'
import { ago } from '../format.js'
import { useChange } from '../use-change.js'
import { tenantLink } from './admin-link.js'

const pageSize = 50
const reason = 'disabled by an operator'

export function AdminWebhooks() {
  const [limit, setLimit] = useState(pageSize)
  const list = useQuery(String(limit), (client) =>
    readItems(client.admin.webhooks.list({ limit: pageSize + 1 }), limit),
  )
  const change = useChange(list.refetch)
  const webhooks = list.latest?.data ?? []
  const disable = (id: string) => void change.run(() => client.admin.webhooks.disable(id, reason))
  const enable = (id: string) => void change.run(() => client.admin.webhooks.enable(id))
  return (
    <>
      <ErrorNotice error={change.problem ?? list.error} />
      {list.value !== null && webhooks.length === 0 ? (
        <Empty title="No webhooks">Tenants register them over the API.</Empty>
      ) : null}
      {webhooks.length === 0 ? null : (
        <TableCard heads={['Tenant', 'Host', 'State', 'Failing since', 'Actions']}>
          {webhooks.map(({ id, tenantId, host, status, failingSince, disabledReason }) => (
            <tr key={id} aria-label={id}>
              <td>
                <a href={tenantLink(tenantId)}>{tenantId}</a>
              </td>
              <td class="name">{host}</td>
              <td>{disabledReason ?? status}</td>
              <td>{failingSince === null ? '–' : ago(failingSince)}</td>
              <td>
                {status === 'active' ? (
                  <ConfirmButton
                    icon="stop"
                    label="Disable"
                    question="Send nothing more?"
                    onConfirm={() => disable(id)}
                  />
                ) : (
                  <button type="button" onClick={() => enable(id)}>
                    Enable
                  </button>
                )}
              </td>
            </tr>
          ))}
        </TableCard>
      )}
      <ShowMore hasMore={list.latest?.hasMore ?? false} onClick={() => setLimit(limit + pageSize)} />
    </>
  )
}
