/** The table of sweeps. */
import { useRef, useState } from 'preact/hooks'
import type { Descent } from '../../../sdk/src/index.js'
import type { SweepSummary } from '../api/types.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { StatusPill } from '../components/status.js'
import { TableCard } from '../components/table-card.js'
import { readPages, useQuery } from '../components/use-query.js'
import { useVisible } from '../components/use-visible.js'
import { ago, plural, whole } from '../format.js'
import { link } from '../router.js'
import { metricTitle, scoreWithDeviation, sweepTitle } from '../sweeps/names.js'
import { endedTrials } from '../sweeps/progress.js'
import { useListedSweep } from '../use-sweep.js'

const pageSize = 100
const firstRows = 50
const newSweepsMilliseconds = 5_000

export function SweepsView() {
  const [limit, setLimit] = useState(firstRows)
  const read = (client: Descent) =>
    readPages(
      (after) => client.request('GET /sweeps', { query: { limit: Math.min(pageSize, limit), after } }),
      limit,
    )
  const list = useQuery(`sweeps ${limit}`, read, newSweepsMilliseconds)
  const sweeps = list.latest?.data
  return (
    <section>
      <div class="heading">
        <Heading>Sweeps</Heading>
        <a class="button" href={link('new-sweep')}>
          <Icon name="plus" /> New sweep
        </a>
      </div>
      <ErrorNotice error={list.error} />
      {sweeps === undefined ? (
        list.error === null ? (
          <p class="waiting">Loading sweeps …</p>
        ) : null
      ) : sweeps.length === 0 ? (
        <Empty title="No sweeps yet">
          A sweep trains one spec with many values in some places, and ranks the results. Start a{' '}
          <a href={link('new-sweep')}>new sweep</a>.
        </Empty>
      ) : (
        <TableCard
          heads={['Sweep', 'Best score', 'Trials', 'Status', 'Age']}
          numbers={['Best score', 'Trials', 'Age']}
        >
          {sweeps.map((sweep) => (
            <Row key={sweep.id} summary={sweep} />
          ))}
        </TableCard>
      )}
      <ShowMore hasMore={list.latest?.hasMore === true} onClick={() => setLimit(2 * limit)} />
    </section>
  )
}

/** Watches the progress of the sweep only while the row is visible. */
function Row({ summary }: { summary: SweepSummary }) {
  const element = useRef<HTMLTableRowElement>(null)
  const isVisible = useVisible(element)
  const sweep = useListedSweep(summary, isVisible)
  const [best] = sweep?.best ?? []
  const { status } = sweep ?? summary
  return (
    <tr ref={element}>
      <td class="name">
        <a href={link('sweeps', summary.id)}>{sweepTitle(summary)}</a>
        <small class="below">{plural(summary.parameters.length, 'parameter')}</small>
      </td>
      <td class="number">
        {best === undefined ? '–' : scoreWithDeviation(summary.metric, best)}
        <small class="below">{metricTitle(summary.metric)}</small>
      </td>
      <td class="number">
        {sweep === null
          ? whole(summary.trials)
          : status === 'running' || status === 'paused'
            ? `${whole(endedTrials(sweep))} / ${whole(sweep.trials)}`
            : whole(sweep.trials)}
      </td>
      <td>
        <StatusPill status={status} />
      </td>
      <td class="number">{ago(summary.createdAt)}</td>
    </tr>
  )
}
