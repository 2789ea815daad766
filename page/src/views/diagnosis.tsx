/** The findings about a run, each with a button that starts a run with its patch. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Diagnosis, Finding, Job } from '../api/types.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { whole } from '../format.js'
import { patchedRequest } from '../job-request.js'
import { go } from '../router.js'

/** Findings of a running job change slowly. */
const pollMilliseconds = 5_000

/** Null until the first answer. Polls while the job runs and the page is visible. */
export function useDiagnosis({ id, status, modelId }: Job): Diagnosis | null {
  const period = status === 'running' ? pollMilliseconds : undefined
  // The evaluation is part of the diagnosis, and comes with the model.
  const key = `${id} ${status} ${modelId}`
  return useQuery(key, (client) => client.request('GET /jobs/{id}/diagnosis', { path: { id } }), period)
    .latest
}

const kinds: Record<Finding['severity'], string> = { error: 'bad', warning: 'warn', note: '' }

/** The epoch to mark if the reader points at no finding. */
export function firstMark({ findings }: Diagnosis): number | undefined {
  const marked = findings.find(({ severity, sinceEpoch }) => severity !== 'note' && sinceEpoch !== null)
  return marked?.sinceEpoch ?? undefined
}

export function DiagnosisCard(props: {
  job: Job
  diagnosis: Diagnosis
  /** Called with the epoch of the finding that the reader points at. */
  onMark(epoch: number | undefined): void
}) {
  const { job, diagnosis, onMark } = props
  const [problem, setProblem] = useState<Problem | null>(null)
  const [starting, setStarting] = useState<string | null>(null)
  const start = async ({ code, patch, fork, title }: Finding) => {
    if (patch === null) return
    setStarting(code)
    try {
      const request = patchedRequest(job, { patch, title })
      const { id } =
        fork === null
          ? await client.jobs.create(request)
          : await client.request('POST /jobs/{id}/fork', {
              path: { id: job.id },
              body: { ...fork, name: request.name },
            })
      go('compare', `${job.id},${id}`)
    } catch (error) {
      setProblem(toProblem(error))
    }
    setStarting(null)
  }
  return (
    <div class="card diagnosis">
      <h2>Diagnosis</h2>
      <ErrorNotice error={problem} />
      <ul>
        {diagnosis.findings.map((finding) => (
          <li
            key={finding.code}
            class={`notice ${kinds[finding.severity]}`}
            onMouseEnter={() => onMark(finding.sinceEpoch ?? undefined)}
            onMouseLeave={() => onMark(undefined)}
            onFocusIn={() => onMark(finding.sinceEpoch ?? undefined)}
            onFocusOut={() => onMark(undefined)}
          >
            <FindingText finding={finding} />
            {finding.patch === null ? null : (
              <button type="button" disabled={starting !== null} onClick={() => start(finding)}>
                <Icon name="play" /> {starting === finding.code ? 'Starting …' : tryText(finding)}
                <span class="visually-hidden">: {finding.advice}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}

const tryText = ({ fork }: Finding) =>
  fork === null ? 'Try it' : `Try it from epoch ${whole(fork.epoch + 1)}`

function FindingText({ finding: { severity, title, seen, sinceEpoch, why, advice } }: { finding: Finding }) {
  const since = sinceEpoch === null ? '' : `, since epoch ${sinceEpoch}`
  return (
    <>
      <h3>
        {title}
        <small>
          {severity}
          {since}
        </small>
      </h3>
      <p>{seen.sentence}</p>
      <p class="hint">{why}</p>
      <p>{advice}</p>
    </>
  )
}
