/** Says why a change of an alias or a version was refused. */
import { ErrorNotice } from '../components/notice.js'
import { type Change, isConflict } from '../use-change.js'

export function ChangeNotice({ problem }: Pick<Change, 'problem'>) {
  if (problem === null || !isConflict(problem)) return <ErrorNotice error={problem} />
  return (
    <p class="notice warn" role="alert">
      <b>Changed meanwhile.</b> Another client moved or deleted this alias after the page was loaded, so
      nothing was changed here. The page now shows the current state: check it, then repeat the change if you
      still want it.
    </p>
  )
}
