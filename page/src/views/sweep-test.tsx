/** The honest estimate of the best point of a sweep: its model on the test rows that no trial has seen. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Sweep, TestEvaluation } from '../api/types.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { percent, plural, whole } from '../format.js'
import { isUnfinished } from '../sweeps/progress.js'
import { TestFigures } from './evaluation.js'

type Tested = Pick<Sweep, 'spec' | 'status' | 'best'>

/** Nothing for a sweep that keeps no test rows apart, or is not over: its best point may still change. */
export function SweepTest({ sweep }: { sweep: Tested }) {
  const { spec, best } = sweep
  const { testSplit } = spec
  const [jobId] = best[0]?.jobIds ?? []
  if (typeof testSplit !== 'number' || testSplit === 0 || jobId === undefined) return null
  if (isUnfinished(sweep)) return null
  return <TestCard key={jobId} jobId={jobId} point={best[0]?.point ?? 1} share={testSplit} />
}

function TestCard({ jobId, point, share }: { jobId: string; point: number; share: number }) {
  const job = useQuery(jobId, (client) => client.request('GET /jobs/{id}', { path: { id: jobId } }))
  const [tested, setTested] = useState<TestEvaluation | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isSending, setSending] = useState(false)
  const test = async () => {
    setSending(true)
    try {
      setTested(await client.request('POST /jobs/{id}/test', { path: { id: jobId } }))
      setProblem(null)
    } catch (error) {
      setProblem(toProblem(error))
    }
    setSending(false)
  }
  const earlier = job.value?.test?.count ?? 0
  return (
    <section class="card" aria-label="Test rows">
      <h2>Test rows</h2>
      <p class="hint">
        The validation rows chose point {whole(point)} among many, so its score on them is too good. No trial
        has seen the test rows, which are {percent(share)} of the dataset. Their result is honest if it
        chooses nothing afterwards.
      </p>
      <ErrorNotice error={problem ?? job.error} />
      {tested === null ? (
        <div class="actions">
          <button type="button" class="primary" disabled={isSending} onClick={() => void test()}>
            <Icon name="play" /> {isSending ? 'Evaluating …' : 'Evaluate on the test rows'}
          </button>
          {earlier === 0 ? null : (
            <span class="hint">This model was evaluated on them {plural(earlier, 'time')} before.</span>
          )}
        </div>
      ) : (
        <div aria-live="polite">
          <p>
            Point {whole(point)} on {plural(tested.evaluation.count, 'test row')}. {tested.text}
          </p>
          <TestFigures evaluation={tested.evaluation} />
        </div>
      )}
    </section>
  )
}
