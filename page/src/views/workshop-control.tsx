/** A workshop of the teacher: its code for the room, everybody's newest run, and control over all of them. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Workshop } from '../api/types.js'
import { ConfirmButton } from '../components/confirm-button.js'
import { DeleteButton } from '../components/delete-button.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { saveFile } from '../components/save-file.js'
import { useQuery } from '../components/use-query.js'
import { QrCode } from '../draw/qr-code.js'
import { plural } from '../format.js'
import { go, link } from '../router.js'
import { LeaderboardTable } from './leaderboard.js'
import { LeaderboardCard } from './leaderboard-card.js'
import { ParticipantTable } from './participant-table.js'
import { StartingSpecCard } from './starting-spec.js'
import { endText, hasEnded, pollMilliseconds } from './workshop-times.js'

export function WorkshopControlView({ id }: { id: string }) {
  const query = useQuery(
    id,
    (client) => client.request('GET /workshops/{id}', { path: { id } }),
    pollMilliseconds,
  )
  const workshop = query.value
  if (workshop === null) {
    return (
      <section>
        <Heading>Workshop</Heading>
        <ErrorNotice error={query.error} />
        {query.error === null ? <p class="waiting">Loading the workshop …</p> : null}
      </section>
    )
  }
  const { name, expiresAt, participants, leaderboard, standings } = workshop
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>{name ?? 'Workshop'}</Heading>
          <p class="under">
            <span>{plural(participants.length, 'participant')}</span>
            <span>{endText(expiresAt)}</span>
            <a href={link('workshops')}>All workshops</a>
          </p>
        </div>
      </div>
      <ErrorNotice error={query.error} />
      <Invitation workshop={workshop} />
      <Controls id={id} onChanged={query.refetch} />
      {participants.length === 0 ? (
        <Empty title="Nobody has joined yet">Each participant and the newest run of each appear here.</Empty>
      ) : (
        <ParticipantTable participants={participants} />
      )}
      {leaderboard === null || participants.length === 0 ? null : (
        <>
          <h2>Leaderboard</h2>
          <LeaderboardTable metric={leaderboard.metric} standings={standings} />
        </>
      )}
      <LeaderboardCard id={id} leaderboard={leaderboard} onChanged={query.refetch} />
      <StartingSpecCard id={id} spec={workshop.spec} />
    </section>
  )
}

/** Addresses that only this machine can open. */
const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)

function Invitation({ workshop: { code, links, expiresAt } }: { workshop: Workshop }) {
  if (hasEnded(expiresAt)) {
    return (
      <p class="notice warn">This workshop has ended. Its code and the keys of its participants expired.</p>
    )
  }
  const address = `${location.origin}${links.join}`
  return (
    <div class="card invitation">
      <div>
        <p>
          Open <a href={links.join.slice(1)}>{address}</a> or scan the code.
        </p>
        <p class="workshop-code">{code}</p>
        {isLocal ? (
          <p class="notice warn">
            This address works on this machine only. Students need the address that{' '}
            <code>npm run workshop</code> prints.
          </p>
        ) : null}
      </div>
      <QrCode text={address} label={`QR code of ${address}`} />
    </div>
  )
}

const controls = [
  ['pause', 'Pause all', 'paused'],
  ['resume', 'Resume all', 'resumed'],
] as const

function Controls({ id, onChanged }: { id: string; onChanged(): void }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [result, setResult] = useState('')
  const [isSending, setSending] = useState(false)
  /** @param act returns what it did */
  const run = async (act: () => Promise<string>) => {
    setSending(true)
    try {
      setResult(await act())
      setProblem(null)
      onChanged()
    } catch (error) {
      setResult('')
      setProblem(toProblem(error))
    }
    setSending(false)
  }
  const control = (verb: 'pause' | 'resume' | 'reset', done: string) =>
    run(async () => {
      const { jobs } = await client.request(`POST /workshops/{id}/${verb}`, { path: { id } })
      return `${plural(jobs, 'run')} ${done}.`
    })
  const download = () =>
    run(async () => {
      const response = await client.response('GET /workshops/{id}/runs.csv', { path: { id } })
      saveFile(`${id}.csv`, 'text/csv', await response.blob())
      return ''
    })
  const deleteAll = () =>
    run(async () => {
      await client.request('DELETE /workshops/{id}', { path: { id } })
      go('workshops')
      return ''
    })
  return (
    <>
      <div class="actions">
        {controls.map(([verb, label, done]) => (
          <button key={verb} type="button" disabled={isSending} onClick={() => void control(verb, done)}>
            <Icon name={verb === 'pause' ? 'pause' : 'play'} /> {label}
          </button>
        ))}
        <button type="button" disabled={isSending} onClick={() => void download()}>
          <Icon name="download" /> Download CSV
        </button>
        <ConfirmButton
          icon="reset"
          label="Reset"
          question="Delete everybody’s runs?"
          onConfirm={() => void control('reset', 'deleted')}
        />
        <DeleteButton what="workshop" onConfirm={() => void deleteAll()} />
        <span class="hint" role="status">
          {result}
        </span>
      </div>
      <ErrorNotice error={problem} />
    </>
  )
}
