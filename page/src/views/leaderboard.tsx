/** The best run of each participant on hidden rows. */

import type { Membership } from '../api/types.js'
import { Nickname } from '../components/nickname.js'
import { TableHead } from '../components/table-head.js'
import { short, whole } from '../format.js'

type Metric = NonNullable<Membership['metric']>
type Standing = Membership['standings'][number]

export const metricNames: Readonly<Record<Metric, string>> = {
  accuracy: 'Accuracy',
  f1: 'F1, mean of the classes',
  rocAuc: 'Area under the ROC curve',
  rmse: 'Root mean squared error',
  mae: 'Mean absolute error',
  r2: 'R²',
}

const problems: Readonly<Record<NonNullable<Standing['problem']>, string>> = {
  'other-target': 'predicts another column',
  'does-not-fit': 'its columns do not fit the hidden rows',
  'other-task': 'has no such metric',
  'no-value': 'a prediction is not finite',
  failed: 'could not be evaluated',
}

interface Props {
  metric: Metric
  standings: readonly (Standing & { detail?: string | null })[]
  /** The nickname of the reader, if the reader is a participant. */
  own?: string
}

export function LeaderboardTable({ metric, standings, own }: Props) {
  return (
    <div class="card scroll">
      <table class="plain rows leaderboard">
        <caption class="hint">
          {metricNames[metric]} on rows that participants do not see. {bestText(metric)}
        </caption>
        <TableHead heads={['Rank', 'Nickname', 'Score', 'Best run', 'Scored runs']} numbers={['Score']} />
        <tbody>
          {standings.map((standing) => (
            <Row key={standing.nickname} standing={standing} isOwn={standing.nickname === own} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

const bestText = (metric: Metric) =>
  metric === 'rmse' || metric === 'mae' ? 'The lowest is best.' : 'The highest is best.'

function Row({ standing, isOwn }: { standing: Props['standings'][number]; isOwn: boolean }) {
  const { rank, nickname, score, run, scored, problem, detail } = standing
  return (
    <tr class={isOwn ? 'own' : ''}>
      <td class="rank">{rank ?? '–'}</td>
      <Nickname name={nickname} isOwn={isOwn} />
      <td class="number">{short(score)}</td>
      <td class="name">
        {run === null ? null : (run.name ?? 'Untitled')}
        {problem === null ? null : <small title={detail ?? undefined}>Newest run: {problems[problem]}</small>}
      </td>
      <td>{whole(scored)}</td>
    </tr>
  )
}
