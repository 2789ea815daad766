/** The progress of a sweep: a bar, figures, and the reasons of refused trials. */
import type { Sweep } from '../api/types.js'
import { FigureList } from '../components/figure-list.js'
import { duration, plural, whole } from '../format.js'
import { metricTitle, scoreWithDeviation } from '../sweeps/names.js'
import { trialsPerPoint } from '../sweeps/points.js'
import { endedTrials, groupRefusals } from '../sweeps/progress.js'

export function SweepProgress({ sweep }: { sweep: Sweep }) {
  const { best, counts, metric, seeds, folds, trials, refusals } = sweep
  const [first] = best
  const each = [
    ...(seeds === 1 ? [] : [plural(seeds, 'seed')]),
    ...(folds === null ? [] : [plural(folds, 'fold')]),
  ]
  const figures: [string, string | null][] = [
    ['Trials', `${whole(endedTrials(sweep))} / ${whole(trials)}`],
    [`Best ${metricTitle(metric)}`, first === undefined ? '–' : scoreWithDeviation(metric, first)],
    ['Points', [whole(trials / trialsPerPoint(sweep)), ...each].join(' × ')],
    ['Epochs trained', whole(sweep.epochs)],
    ['Training time', duration(1_000 * sweep.trainingSeconds)],
    ['Time', timeText(sweep)],
  ]
  const statuses = Object.entries(counts).flatMap(([status, count]) =>
    count === 0 ? [] : [`${whole(count)} ${status}`],
  )
  return (
    <>
      <ProgressBar sweep={sweep} />
      <FigureList figures={figures} />
      <p class="hint">{statuses.join(', ')}</p>
      {sweep.isOverBudget ? (
        <p class="notice warn">
          The budget of {whole(sweep.budgetSeconds ?? 0)} s is used up, so no more trials start.
        </p>
      ) : null}
      {counts.refused === 0 ? null : <Refusals refusals={refusals} count={counts.refused} />}
    </>
  )
}

function ProgressBar({ sweep }: { sweep: Sweep }) {
  const { created, trials } = sweep
  const ended = endedTrials(sweep)
  return (
    <div
      class="sweep-progress"
      role="progressbar"
      aria-valuemin={0}
      aria-valuemax={trials}
      aria-valuenow={ended}
      aria-label={`${whole(ended)} of ${whole(trials)} trials ended, ${whole(created)} created`}
      style={{ '--created': created / trials, '--ended': ended / trials }}
    />
  )
}

/** The remaining time while the sweep runs, and its duration afterwards. */
function timeText({ status, createdAt, finishedAt, estimatedFinishAt }: Sweep): string {
  if (finishedAt !== null) return duration(Date.parse(finishedAt) - Date.parse(createdAt))
  if (status === 'paused' || estimatedFinishAt === null) return '–'
  return `${duration(Math.max(0, Date.parse(estimatedFinishAt) - Date.now()))} left`
}

function Refusals({ refusals, count }: { refusals: Sweep['refusals']; count: number }) {
  return (
    <details class="notice warn">
      <summary>
        {plural(count, 'trial was', 'trials were')} refused, because the values are not valid together.
      </summary>
      <ul>
        {groupRefusals(refusals).map(({ message, trials }) => (
          <li key={message}>
            {message}{' '}
            <small>
              {trials.length === 1 ? 'Trial' : 'Trials'} {trials.map(whole).join(', ')}
            </small>
          </li>
        ))}
      </ul>
      {refusals.length < count ? <p>These are the first {whole(refusals.length)}.</p> : null}
    </details>
  )
}
