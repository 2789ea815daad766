/** What tenants used in a month: a row for each tenant, or for each day of one tenant. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import type { Usage } from '../api/types.js'
import { SelectField, TextField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { saveFile } from '../components/save-file.js'
import { ShowMore } from '../components/show-more.js'
import { TableCard } from '../components/table-card.js'
import { readItems, useDebounced, useQuery } from '../components/use-query.js'
import { short, whole } from '../format.js'
import { useChange } from '../use-change.js'
import { daysOfMonth, lastMonths } from './admin-months.js'

const pageSize = 50
const typingMilliseconds = 250
const shownMonths = 13
const numbers = ['Succeeded', 'Failed', 'Cancelled', 'Thread seconds', 'Epochs']

export function AdminUsage() {
  const months = lastMonths(shownMonths)
  const [month, setMonth] = useState(months[0]?.id ?? '')
  const [text, setText] = useState('')
  const [limit, setLimit] = useState(pageSize)
  const download = useChange(() => {})
  const exact = useDebounced(text.trim(), typingMilliseconds)
  const tenant = exact === '' ? undefined : exact
  const days = { ...daysOfMonth(month), tenant }
  const list = useQuery(JSON.stringify([days, limit]), (client) =>
    readItems(client.admin.usage({ ...days, totals: tenant === undefined, limit: pageSize + 1 }), limit),
  )
  const save = () =>
    void download.run(async () => {
      const response = await client.admin.usageCsv(days)
      saveFile(`usage-${month}.csv`, 'text/csv', await response.blob())
    })
  const rows = list.latest?.data ?? []
  return (
    <>
      <div class="controls">
        <SelectField
          label="Month"
          value={month}
          onChange={setMonth}
          options={months.map(({ id, name }) => [id, name] as const)}
        />
        <TextField label="Tenant" value={text} placeholder="all tenants" onChange={setText} />
        <button type="button" disabled={download.isSending} onClick={save}>
          <Icon name="download" /> Save days as CSV
        </button>
      </div>
      <ErrorNotice error={download.problem ?? list.error} />
      {list.value !== null && rows.length === 0 ? (
        <Empty title="No usage">No job ended in this month. Days are in UTC.</Empty>
      ) : null}
      {rows.length === 0 ? null : (
        <TableCard heads={[tenant === undefined ? 'Tenant' : 'Day (UTC)', ...numbers]} numbers={numbers}>
          {rows.map((usage) => (
            <Row key={`${usage.tenantId} ${usage.day}`} {...usage} onTenant={setText} />
          ))}
        </TableCard>
      )}
      <ShowMore hasMore={list.latest?.hasMore ?? false} onClick={() => setLimit(limit + pageSize)} />
    </>
  )
}

function Row({
  tenantId,
  day,
  jobs,
  threadSeconds,
  epochs,
  onTenant,
}: Usage & { onTenant(id: string): void }) {
  return (
    <tr>
      <td class="name">
        {day ?? (
          <button type="button" class="plain" title="Show its days" onClick={() => onTenant(tenantId)}>
            {tenantId}
          </button>
        )}
      </td>
      <td class="number">{whole(jobs.succeeded)}</td>
      <td class="number">{whole(jobs.failed)}</td>
      <td class="number">{whole(jobs.cancelled)}</td>
      <td class="number">{short(threadSeconds)}</td>
      <td class="number">{whole(epochs)}</td>
    </tr>
  )
}
