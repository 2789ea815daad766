/** The participants of a workshop, each with the newest run. */

import type { Participant } from '../api/types.js'
import { Nickname } from '../components/nickname.js'
import { StatusPill } from '../components/status.js'
import { TableHead } from '../components/table-head.js'
import { headline } from '../figures.js'
import { whole } from '../format.js'
import { link } from '../router.js'

const heads = ['Nickname', 'Newest run', 'Status', 'Epochs', 'Loss', 'Accuracy', 'Runs']

interface Props {
  participants: readonly Participant[]
  /** The nickname of the reader, if the reader is a participant. */
  own?: string
}

export function ParticipantTable({ participants, own }: Props) {
  return (
    <div class="card scroll">
      <table class="plain rows participants">
        <TableHead heads={heads} numbers={['Loss', 'Accuracy', 'Runs']} />
        <tbody>
          {participants.map((person) => (
            <Row key={person.nickname} person={person} isOwn={person.nickname === own} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ person: { nickname, jobs, latest }, isOwn }: { person: Participant; isOwn: boolean }) {
  return (
    <tr class={isOwn ? 'own' : ''}>
      <Nickname name={nickname} isOwn={isOwn} />
      {latest === null ? (
        <td class="name hint" colSpan={5}>
          no run yet
        </td>
      ) : (
        <LatestRun run={latest} isOwn={isOwn} />
      )}
      <td class="number jobs">
        {whole(jobs)} <span class="unit">{jobs === 1 ? 'run' : 'runs'}</span>
      </td>
    </tr>
  )
}

/** Only the tenant of a run may open it. */
function LatestRun({ run, isOwn }: { run: NonNullable<Participant['latest']>; isOwn: boolean }) {
  const { id, name, status, epoch, epochs, metrics } = run
  const { rows, loss, accuracy } = headline(metrics)
  const title = name ?? 'Untitled'
  return (
    <>
      <td class="name">{isOwn ? <a href={link('runs', id)}>{title}</a> : title}</td>
      <td class="state">
        <StatusPill status={status} />
      </td>
      <td class="epochs">
        <progress
          max={status === 'succeeded' ? epoch : epochs}
          value={epoch}
          aria-label={`${epoch} of ${epochs} epochs`}
        />
        <small>
          {whole(epoch)} / {whole(epochs)}
        </small>
      </td>
      <td class="number loss">
        {loss}
        {loss === '–' ? null : <small>{rows} loss</small>}
      </td>
      <td class="number accuracy">
        {accuracy ?? '–'}
        {accuracy === null ? null : <small>{rows} accuracy</small>}
      </td>
    </>
  )
}
