/** Creates a key for each of many tenants. Their texts are shown once, and can be saved as a table. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import type { KeyBatch, Scope } from '../api/types.js'
import { Code } from '../components/code.js'
import { DateField, TextAreaField, TextField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { saveFile } from '../components/save-file.js'
import { plural } from '../format.js'
import { useChange } from '../use-change.js'
import { endOfDay } from './admin-times.js'

/** Whether a new key has the scope unless it is changed. */
const scopeDefaults: Record<Scope, boolean> = {
  'jobs:read': false,
  'jobs:write': true,
  'models:predict': false,
  'models:read': false,
  'models:write': true,
  'datasets:read': false,
  'datasets:write': true,
  'webhooks:read': false,
  'webhooks:write': false,
  'metrics:read': false,
  'workshops:read': false,
  'workshops:write': false,
  admin: false,
}
const scopeNames = Object.keys(scopeDefaults) as Scope[]
const maximumKeys = 1_000

export function NewKeys({ onCreated }: { onCreated(): void }) {
  const [tenants, setTenants] = useState('')
  const [name, setName] = useState('')
  const [day, setDay] = useState('')
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(
    new Set(scopeNames.filter((scope) => scopeDefaults[scope])),
  )
  const [batch, setBatch] = useState<KeyBatch | null>(null)
  const change = useChange(() => {})
  const ids = tenants.split(/[\s,;]+/).filter(Boolean)
  const create = (event: Event) => {
    event.preventDefault()
    const shared = {
      name: name.trim() === '' ? null : name.trim(),
      scopes: [...scopes],
      expiresAt: endOfDay(day),
    }
    void change.run(async () => {
      setBatch(await client.admin.keys.createAll(ids.map((tenantId) => ({ tenantId, ...shared }))))
      onCreated()
    })
  }
  const toggle = (scope: Scope) => {
    const next = new Set(scopes)
    if (!next.delete(scope)) next.add(scope)
    setScopes(next)
  }
  const isComplete = ids.length > 0 && ids.length <= maximumKeys && scopes.size > 0
  return (
    <form class="card" onSubmit={create} noValidate>
      <h2>New keys</h2>
      <TextAreaField
        label="Tenants, one a line"
        rows={3}
        value={tenants}
        placeholder={'class-1\nclass-2'}
        hint={`A key for each of ${plural(ids.length, 'tenant')}; at most 1,000. New tenants are created.`}
        onChange={setTenants}
      />
      <fieldset class="scopes">
        <legend>Scopes</legend>
        {scopeNames.map((scope) => (
          <label key={scope} class="check">
            <input type="checkbox" checked={scopes.has(scope)} onChange={() => toggle(scope)} />
            {scope}
          </label>
        ))}
      </fieldset>
      <div class="controls">
        <TextField
          label="Name (optional)"
          value={name}
          placeholder="Neural networks, Monday"
          onChange={setName}
        />
        <DateField label="Last day (optional)" value={day} onChange={setDay} />
        <button type="submit" class="primary" disabled={change.isSending || !isComplete}>
          {ids.length === 1 ? 'Create the key' : `Create ${plural(ids.length, 'key')}`}
        </button>
      </div>
      <ErrorNotice error={change.problem} />
      {batch === null ? null : <Created tenants={ids} batch={batch} />}
    </form>
  )
}

function Created({ tenants, batch: { created, results } }: { tenants: readonly string[]; batch: KeyBatch }) {
  const keys = results.flatMap(({ key }) => key ?? [])
  const refused = results.flatMap(({ problem }, index) =>
    problem === null ? [] : [`${tenants[index] ?? ''}: ${problem.detail}`],
  )
  const [first] = keys
  return (
    <div role="status">
      <p>
        <b>{plural(created, 'key')} created.</b>{' '}
        {created === 0
          ? null
          : keys.some(({ secret }) => secret === null)
            ? 'The response with their texts was lost: rotate them.'
            : 'Save them now: they are not shown again.'}
      </p>
      {keys.length === 1 && first?.secret ? <Code text={first.secret} label="New key" /> : null}
      {keys.length === 0 ? null : (
        <button type="button" onClick={() => saveFile('keys.csv', 'text/csv', toCsv(keys))}>
          <Icon name="download" /> Save keys.csv
        </button>
      )}
      {refused.length === 0 ? null : (
        <ul class="notice bad">
          {refused.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </div>
  )
}

type CreatedKey = NonNullable<KeyBatch['results'][number]['key']>

function toCsv(keys: readonly CreatedKey[]): string {
  const rows = keys.map(({ tenantId, name, id, secret, expiresAt }) => [
    tenantId,
    name,
    id,
    secret,
    expiresAt,
  ])
  return [['tenant', 'name', 'id', 'key', 'expires'], ...rows]
    .map((row) => row.map(cell).join(','))
    .join('\r\n')
}

/** Quoted. A text that spreadsheets would take for a formula begins with an apostrophe. */
function cell(value: string | null): string {
  const text = value ?? ''
  return `"${(/^[=+\-@\t]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}
