/** What a figure was drawn from, in the files that are exported. */
import { catalogue, type DemonstrationId } from '../../../examples/lecture/catalogue.js'
import type { Settings } from '../../../examples/lecture/demonstration.js'
import type { LectureJob } from '../../../examples/lecture/job.js'

/** Rows in the request are left out: the demonstration and its settings determine them. */
function withoutRows({ dataset, ...job }: LectureJob): object {
  const isInline = typeof dataset === 'object' && 'x' in dataset
  return { ...job, dataset: isInline ? `${dataset.x.length} rows of the demonstration` : dataset }
}

/** The command that repeats the demonstration, and its trainings. Equal trainings are listed once with their seeds. */
export function specOf(id: DemonstrationId, settings: Settings, jobs: readonly LectureJob[]): object {
  const seedsOf = new Map<string, number[]>()
  for (const { seed = 1, ...job } of jobs) {
    const key = JSON.stringify(withoutRows(job))
    seedsOf.set(key, [...(seedsOf.get(key) ?? []), seed])
  }
  const changes = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return {
    demonstration: id,
    claim: catalogue[id].claim,
    command: ['npm run example --', id, ...changes].join(' '),
    settings,
    trainings: [...seedsOf].map(([job, seeds]) => ({ ...JSON.parse(job), seeds })),
  }
}
