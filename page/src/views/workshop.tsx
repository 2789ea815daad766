/** The workshop that the key joined: everybody's newest run, and where to train. */

import type { Problem } from '../api/problem.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { plural } from '../format.js'
import { link } from '../router.js'
import { LeaderboardTable } from './leaderboard.js'
import { ParticipantTable } from './participant-table.js'
import { PolledQueueNote } from './queue-note.js'
import { startingSpec } from './take-spec.js'
import { endText, pollMilliseconds } from './workshop-times.js'

export function WorkshopView() {
  const { latest: workshop, error } = useQuery(
    'workshop',
    (client) => client.request('GET /workshop'),
    pollMilliseconds,
  )
  if (workshop === null || (error !== null && isOver(error))) {
    return (
      <section>
        <Heading>Workshop</Heading>
        {error === null ? <p class="waiting">Loading the workshop …</p> : <NoWorkshop error={error} />}
      </section>
    )
  }
  const { name, nickname, expiresAt, spec, participants, metric, standings } = workshop
  const own = participants.find((person) => person.nickname === nickname)?.latest ?? null
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>{name ?? 'Workshop'}</Heading>
          <p class="under">
            <span>
              You are <b>{nickname}</b>
            </span>
            <span>{endText(expiresAt)}</span>
            {own?.status === 'queued' ? (
              <span>
                Your newest run waits: <PolledQueueNote key={own.id} id={own.id} />
              </span>
            ) : null}
          </p>
        </div>
        <div class="actions">
          {spec === null ? null : (
            <a class="button primary" href={link('new', startingSpec)}>
              <Icon name="play" /> Start from the teacher’s spec
            </a>
          )}
          <a class={spec === null ? 'button primary' : 'button'} href={link('playground')}>
            Open the playground
          </a>
          <a class="button" href={link('lecture')}>
            Open the lecture
          </a>
          <a class="button" href={link('runs')}>
            My runs
          </a>
        </div>
      </div>
      <ErrorNotice error={error} />
      {metric === null ? null : (
        <>
          <h2>Leaderboard</h2>
          <LeaderboardTable metric={metric} standings={standings} own={nickname} />
        </>
      )}
      <h2>
        Everybody <small>{plural(participants.length, 'participant')}</small>
      </h2>
      <ParticipantTable participants={participants} own={nickname} />
    </section>
  )
}

/** The key did not join a workshop, or it ended. */
const isOver = ({ status }: Problem) => status === 404 || status === 401

function NoWorkshop({ error }: { error: Problem }) {
  if (!isOver(error)) return <ErrorNotice error={error} />
  return (
    <div class="empty">
      <h2>No workshop</h2>
      <p>
        This tab has not joined a workshop, or the workshop has ended.{' '}
        <a href={link('join')}>Join a workshop</a>
      </p>
    </div>
  )
}
