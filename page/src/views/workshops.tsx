/** The workshops of the key, and a form to open one. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Workshop } from '../api/types.js'
import { NumberField, TextField } from '../components/field.js'
import { Heading } from '../components/heading.js'
import { Empty, ErrorNotice, ProblemNotice } from '../components/notice.js'
import { TableCard } from '../components/table-card.js'
import { useQuery } from '../components/use-query.js'
import { ago, whole } from '../format.js'
import { go, link } from '../router.js'
import { endText } from './workshop-times.js'

const defaultHours = 12
const maximumHours = 72

export function WorkshopsView() {
  const { value, error } = useQuery('workshops', (client) => client.request('GET /workshops'))
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>Workshops</Heading>
          <p class="under">
            Participants join by a code and a nickname. They need no key, and take turns in the queue.
          </p>
        </div>
      </div>
      <OpenForm />
      <ErrorNotice error={error} />
      {value === null ? (
        error === null ? (
          <p class="waiting">Loading workshops …</p>
        ) : null
      ) : value.data.length === 0 ? (
        <Empty title="No workshops yet">Open one, and show its code to the room.</Empty>
      ) : (
        <WorkshopTable workshops={value.data} />
      )}
    </section>
  )
}

function OpenForm() {
  const [name, setName] = useState('')
  const [hours, setHours] = useState(defaultHours)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isSending, setSending] = useState(false)
  const open = async (event: Event) => {
    event.preventDefault()
    setSending(true)
    try {
      const trimmed = name.trim()
      const { id } = await client.request('POST /workshops', {
        body: { hours, ...(trimmed === '' ? {} : { name: trimmed }) },
      })
      go('workshops', id)
    } catch (error) {
      setProblem(toProblem(error))
      setSending(false)
    }
  }
  const errorAt = (field: string) => problem?.errors.find(({ pointer }) => pointer.startsWith(field))?.message
  const isAtField = ['/name', '/hours'].some((field) => errorAt(field) !== undefined)
  return (
    <form class="card open-workshop" onSubmit={open} noValidate>
      <h2>Open a workshop</h2>
      <div class="controls">
        <TextField
          label="Name (optional)"
          value={name}
          placeholder="Neural networks, Monday"
          error={errorAt('/name')}
          onChange={setName}
        />
        <NumberField
          label="Hours until it ends"
          value={hours}
          min={1}
          max={maximumHours}
          step={1}
          error={errorAt('/hours')}
          onChange={setHours}
        />
        <button type="submit" class="primary" disabled={isSending || Number.isNaN(hours)}>
          {isSending ? 'Opening …' : 'Open workshop'}
        </button>
      </div>
      <ProblemNotice error={problem} others={[]} isAtField={isAtField} />
    </form>
  )
}

function WorkshopTable({ workshops }: { workshops: readonly Workshop[] }) {
  return (
    <TableCard heads={['Workshop', 'Code', 'End', 'Opened', 'Participants']} numbers={['Participants']}>
      {workshops.map(({ id, name, code, participantCount, expiresAt, createdAt }) => (
        <tr key={id}>
          <td class="name">
            <a href={link('workshops', id)}>{name ?? 'Untitled workshop'}</a>
          </td>
          <td>
            <code>{code}</code>
          </td>
          <td>{endText(expiresAt)}</td>
          <td>{ago(createdAt)}</td>
          <td class="number">{whole(participantCount)}</td>
        </tr>
      ))}
    </TableCard>
  )
}
