/** Chooses an epoch of a run: while it moves, the stored boundary, and on release the exact model. */
import { useEffect, useState } from 'preact/hooks'
import type { Job } from '../api/types.js'
import { ErrorNotice } from '../components/notice.js'
import type { QueryResult } from '../components/use-query.js'
import { whole } from '../format.js'
import { link } from '../router.js'
import type { EpochModel } from '../use-epoch-model.js'

interface Props {
  job: Job
  /** The epoch that was chosen; null for the model of the run. */
  chosen: number | null
  found: QueryResult<EpochModel>
  onMove(epoch: number): void
  onChoose(epoch: number | null): void
}

export function EpochSlider({ job, chosen, found, onMove, onChoose }: Props) {
  const [epoch, setEpoch] = useState<number | null>(chosen)
  useEffect(() => setEpoch(chosen), [chosen])
  const shown = epoch ?? job.bestEpoch ?? job.epoch
  return (
    <div class="card epoch-slider">
      <h2>Any epoch</h2>
      <div class="playhead">
        <input
          type="range"
          min={1}
          max={job.epoch}
          value={shown}
          aria-label="Epoch of the model"
          aria-valuetext={`epoch ${shown}`}
          onInput={({ currentTarget: { value } }) => {
            setEpoch(Number(value))
            onMove(Number(value))
          }}
          onChange={({ currentTarget: { value } }) => onChoose(Number(value))}
        />
        <output>epoch {whole(shown)}</output>
        <button type="button" disabled={chosen === null} onClick={() => onChoose(null)}>
          Final model
        </button>
      </div>
      <ErrorNotice error={found.error} />
      <p class="hint" role="status">
        <Note job={job} chosen={chosen} found={found.value} isFailed={found.error !== null} />
      </p>
    </div>
  )
}

function Note(props: { job: Job; chosen: number | null; found: EpochModel | null; isFailed: boolean }) {
  const { job, chosen, found, isFailed } = props
  if (chosen === null) {
    return <>Move the slider to see boundary, evaluation and worst rows after another epoch.</>
  }
  if (found === null)
    return <>{isFailed ? 'There is no model.' : `Training up to epoch ${whole(chosen)} again …`}</>
  if (found.job.id === job.id) return <>This is the model of the run.</>
  return (
    <>
      Recomputed by <a href={link('runs', found.job.id)}>{found.job.name ?? found.job.id}</a>. Its losses
      equal the stored ones. <a href={link('models', found.model.id)}>Open the model</a>
    </>
  )
}
