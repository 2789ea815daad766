/** What the model of a run gets wrong, and which columns it uses. */
import { useState } from 'preact/hooks'
import type { Job, Model } from '../api/types.js'
import type { Cell } from '../draw/confusion-matrix.js'
import { EvaluationCard } from './evaluation.js'
import { ImportanceCard } from './importance.js'
import { WorstRowsCard } from './worst-rows.js'

export function JobModelCards({ job, model }: { job: Job; model: Model }) {
  const [cell, setCell] = useState<Cell | null>(null)
  const [isListed, setListed] = useState(false)
  const { evaluation } = model
  const selectCell = (selected: Cell) => {
    setCell(selected)
    setListed(true)
  }
  return (
    <>
      {evaluation === null ? null : (
        <EvaluationCard evaluation={evaluation} model={model} selection={{ cell, onSelect: selectCell }} />
      )}
      <WorstRowsCard
        job={job}
        coding={model.coding}
        cell={cell}
        isListed={isListed}
        onList={() => setListed(true)}
        onAllRows={() => setCell(null)}
      />
      <ImportanceCard job={job} />
    </>
  )
}
