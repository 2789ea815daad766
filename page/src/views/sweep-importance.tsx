/** The importance of the parameters of a sweep. */
import { useMemo } from 'preact/hooks'
import type { Sweep } from '../api/types.js'
import { Meter } from '../components/meter.js'
import { percent, plural } from '../format.js'
import { bins, importances } from '../sweeps/importance.js'
import { parameterNames } from '../sweeps/names.js'
import type { ScoredPoint } from '../sweeps/points.js'

interface Props {
  sweep: Pick<Sweep, 'parameters'>
  /** The best first. */
  ranked: readonly ScoredPoint[]
}

export function ImportanceCard({ sweep, ranked }: Props) {
  const paths = sweep.parameters.map(({ path }) => path)
  const names = parameterNames(paths)
  const shares = useMemo(() => importances(paths, ranked), [paths.join(), ranked])
  return (
    <div class="card">
      <h2>Importance of the parameters</h2>
      <table class="plain wrapping importance">
        <thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col" class="number">
              Explained variance
            </th>
            <th scope="col" class="number">
              By chance
            </th>
          </tr>
        </thead>
        <tbody>
          {shares.map(({ path, share, byChance }) => (
            <tr key={path}>
              <th scope="row">{names.get(path)}</th>
              <td class="number">
                {percent(share)}
                <Meter share={share} />
              </td>
              <td class="number">{percent(byChance)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        The share of the variance of the scores of {plural(ranked.length, 'point')} that the means by value of
        one parameter explain (main effect, the first-order part of fANOVA, Hutter et al. 2014), with numbers
        of more than {bins} values in {bins} quantiles. A parameter without effect has about the share by
        chance.
      </p>
    </div>
  )
}
