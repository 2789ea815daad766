/** One sweep: its progress, its points, and the effects of the parameters. */
import { useMemo, useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Sweep, Trial } from '../api/types.js'
import { DeleteButton } from '../components/delete-button.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { StatusPill } from '../components/status.js'
import { go } from '../router.js'
import { sweepTitle } from '../sweeps/names.js'
import { toPoints, trialsPerPoint } from '../sweeps/points.js'
import { endedTrials, isUnfinished } from '../sweeps/progress.js'
import { useSweep } from '../use-sweep.js'
import { SweepPlots } from './sweep-plots.js'
import { PointTable } from './sweep-points.js'
import { SweepProgress } from './sweep-progress.js'
import { SweepTest } from './sweep-test.js'

export function SweepView({ id }: { id: string }) {
  const { sweep, trials, error, replace } = useSweep(id)
  if (sweep === null) {
    return (
      <section>
        <Heading>Sweep</Heading>
        <ErrorNotice error={error} />
        {error === null ? <p class="waiting">Loading sweep …</p> : null}
      </section>
    )
  }
  return <OneSweep sweep={sweep} trials={trials} error={error} replace={replace} />
}

interface Props {
  sweep: Sweep
  trials: readonly Trial[]
  error: Problem | null
  replace(sweep: Sweep): void
}

function OneSweep({ sweep, trials, error, replace }: Props) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const perPoint = trialsPerPoint(sweep)
  const points = useMemo(() => toPoints(trials, perPoint), [trials, perPoint])
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>{sweepTitle(sweep)}</Heading>
          <p class="under">
            <StatusPill status={sweep.status} />
            <code>{sweep.id}</code>
          </p>
        </div>
        <Controls sweep={sweep} onChange={replace} onProblem={setProblem} />
      </div>
      <ErrorNotice error={problem ?? error} />
      <SweepProgress sweep={sweep} />
      <SweepTest sweep={sweep} />
      {points.length === 0 ? (
        <p class="waiting">
          {endedTrials(sweep) === 0 || isUnfinished(sweep)
            ? 'Waiting for the first trial …'
            : 'No trial is left.'}
        </p>
      ) : (
        <>
          <SweepPlots sweep={sweep} points={points} />
          <PointTable sweep={sweep} points={points} />
        </>
      )}
    </section>
  )
}

interface ControlProps {
  sweep: Sweep
  onChange(sweep: Sweep): void
  onProblem(problem: Problem | null): void
}

function Controls({ sweep: { id, status }, onChange, onProblem }: ControlProps) {
  const fail = (error: unknown) => onProblem(toProblem(error))
  const control = (verb: 'pause' | 'resume' | 'cancel') =>
    client.request(`POST /sweeps/{id}/${verb}`, { path: { id } }).then((sweep) => {
      onProblem(null)
      onChange(sweep)
    }, fail)
  const deleteSweep = () => client.sweeps.delete(id).then(() => go('sweeps'), fail)
  return (
    <div class="actions">
      {status === 'running' ? (
        <button type="button" onClick={() => control('pause')}>
          <Icon name="pause" /> Pause
        </button>
      ) : null}
      {status === 'paused' ? (
        <button type="button" onClick={() => control('resume')}>
          <Icon name="play" /> Resume
        </button>
      ) : null}
      {isUnfinished({ status }) ? (
        <button type="button" onClick={() => control('cancel')}>
          <Icon name="stop" /> Cancel
        </button>
      ) : (
        <DeleteButton onConfirm={deleteSweep} />
      )}
    </div>
  )
}
