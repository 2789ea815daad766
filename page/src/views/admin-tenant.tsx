/** A tenant: its limits, its suspension and its keys. */
import { useEffect, useState } from 'preact/hooks'
import type { Descent } from '../../../sdk/src/index.js'
import { client } from '../api/client.js'
import type { Limits, Tenant } from '../api/types.js'
import { NumberField, TextField } from '../components/field.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { bytes, whole } from '../format.js'
import { useChange } from '../use-change.js'
import { KeyTable } from './admin-key-table.js'

const limitLabels: Record<keyof Limits, string> = {
  requestsPerMinute: 'Requests a minute',
  sockets: 'Open streams',
  queuedJobs: 'Queued jobs',
  runningJobs: 'Running jobs',
  arenaBytes: 'Memory of a training, bytes',
  jobFlops: 'Operations of a training',
  epochs: 'Epochs of a training',
  datasetBytes: 'Upload, bytes',
  storedBytes: 'Stored bytes',
  jobDays: 'Days of finished jobs',
}
const limitNames = Object.keys(limitLabels) as (keyof Limits)[]

/** Between two requests for a tenant that is being deleted. */
const pollMilliseconds = 2_000

export function AdminTenant({ id }: { id: string }) {
  const [isDeleting, setIsDeleting] = useState(false)
  const load = (client: Descent) => client.admin.tenants.get(id)
  const { latest, error, refetch } = useQuery(id, load, isDeleting ? pollMilliseconds : undefined)
  useEffect(() => setIsDeleting(latest?.status === 'deleting'), [latest])
  if (isDeleting && error?.code === 'not-found')
    return <Empty title={`${id} is deleted`}>Its usage and the audit log stay.</Empty>
  return (
    <>
      <h2>{id}</h2>
      <ErrorNotice error={error} />
      {latest === null ? null : (
        <>
          <p class="under">
            {whole(latest.use.queuedJobs)} queued and {whole(latest.use.runningJobs)} running jobs,{' '}
            {bytes(latest.use.storedBytes)} stored
          </p>
          <Suspension tenant={latest} onChanged={refetch} />
          <LimitForm key={JSON.stringify(latest.ownLimits)} tenant={latest} onChanged={refetch} />
          <Deletion tenant={latest} onChanged={refetch} />
        </>
      )}
      <KeyTable tenant={id} />
    </>
  )
}

interface Props {
  tenant: Tenant
  onChanged(): void
}

/** An empty field follows the setting. */
function LimitForm({ tenant: { id, ownLimits, limits }, onChanged }: Props) {
  const [values, setValues] = useState<Partial<Record<keyof Limits, number>>>({ ...ownLimits })
  const change = useChange(onChanged)
  const save = (event: Event) => {
    event.preventDefault()
    const changes = Object.fromEntries(limitNames.map((name) => [name, values[name] ?? null]))
    void change.run(() => client.admin.tenants.changeLimits(id, changes))
  }
  const errorAt = (name: string) =>
    change.problem?.errors.find(({ pointer }) => pointer === `/${name}`)?.message
  return (
    <form class="card" onSubmit={save} noValidate>
      <h2>Limits</h2>
      <p class="hint">An empty field follows the setting of the service.</p>
      <div class="limit-fields">
        {limitNames.map((name) => (
          <NumberField
            key={name}
            label={limitLabels[name]}
            value={values[name] ?? Number.NaN}
            hint={ownLimits[name] === undefined ? `setting: ${whole(limits[name])}` : 'own limit'}
            error={errorAt(name)}
            onChange={(value) => setValues({ ...values, [name]: Number.isNaN(value) ? undefined : value })}
          />
        ))}
      </div>
      <ErrorNotice error={change.problem} />
      <div class="actions">
        <button type="submit" class="primary" disabled={change.isSending}>
          Save limits
        </button>
      </div>
    </form>
  )
}

function Deletion({ tenant: { id, status }, onChanged }: Props) {
  const [typed, setTyped] = useState('')
  const change = useChange(onChanged)
  const remove = (event: Event) => {
    event.preventDefault()
    void change.run(() => client.admin.tenants.delete(id, { confirm: typed.trim() }))
  }
  return (
    <form class="card" onSubmit={remove} noValidate>
      <h2>Deletion</h2>
      <ErrorNotice error={change.problem} />
      {status === 'deleting' ? (
        <p class="notice warn">All data of the tenant is being deleted.</p>
      ) : (
        <div class="controls">
          <TextField
            label="The id of the tenant, to confirm"
            value={typed}
            hint="Deletes keys, jobs, models, datasets and workshops. Usage and the audit log stay."
            onChange={setTyped}
          />
          <button type="submit" class="danger" disabled={change.isSending || typed.trim() !== id}>
            Delete
          </button>
        </div>
      )}
    </form>
  )
}

function Suspension({ tenant: { id, suspendedReason }, onChanged }: Props) {
  const [reason, setReason] = useState('')
  const change = useChange(onChanged)
  const suspend = (event: Event) => {
    event.preventDefault()
    void change.run(() => client.admin.tenants.suspend(id, reason.trim()))
  }
  return (
    <form class="card" onSubmit={suspend} noValidate>
      <h2>Suspension</h2>
      <ErrorNotice error={change.problem} />
      {suspendedReason === null ? (
        <div class="controls">
          <TextField
            label="Reason that the tenant sees"
            value={reason}
            hint="Keys are refused and jobs wait. Nothing is deleted."
            onChange={setReason}
          />
          <button type="submit" class="danger" disabled={change.isSending || reason.trim() === ''}>
            Suspend
          </button>
        </div>
      ) : (
        <div class="controls">
          <p class="notice warn">Suspended: {suspendedReason}</p>
          <button
            type="button"
            disabled={change.isSending}
            onClick={() => void change.run(() => client.admin.tenants.resume(id))}
          >
            Resume
          </button>
        </div>
      )}
    </form>
  )
}
