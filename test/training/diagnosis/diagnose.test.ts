/** Trainings that are broken on purpose are diagnosed early and cured by the patches; healthy ones are left alone. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type FindingCode, findings } from '../../../src/contract/diagnosis.js'
import { diagnose } from '../../../src/training/diagnosis/diagnose.js'
import {
  type EngineTraining,
  type RequestInput,
  trainRequest,
  type Uploads,
  upTo,
} from '../../support/engine-training.js'
import { mergePatch } from '../../support/merge-patch.js'
import { type Broken, broken } from './broken.js'
import { healthy } from './healthy.js'
import { uploads } from './ingredients.js'
import { drawnUpload, failuresOfTheLecture, lectureJobs } from './lecture-jobs.js'

let stored: Uploads

beforeAll(async () => {
  stored = { ...(await uploads()), ds_drawn: await drawnUpload() }
})

/** Every tenth of a training, as a reader of the page sees it, and its end. */
const tenths = Array.from({ length: 10 }, (_, index) => (index + 1) / 10)

/** The codes of warnings and errors at every tenth. */
function warningsOf(training: EngineTraining): Set<FindingCode> {
  const all = tenths.flatMap((share) => diagnose(upTo(training, Math.ceil(share * training.epochs.length))))
  return new Set(all.filter(({ severity }) => severity !== 'note').map(({ code }) => code))
}

const findingAt = (training: EngineTraining, epoch: number, code: FindingCode) =>
  diagnose(upTo(training, epoch)).find((finding) => finding.code === code)

function firstEpochWith(training: EngineTraining, code: FindingCode): number {
  const at = training.epochs.findIndex((_, index) => findingAt(training, index + 1, code) !== undefined)
  return at < 0 ? Number.POSITIVE_INFINITY : at + 1
}

async function trainPatched({ request }: Broken, { spec }: EngineTraining, patch: Record<string, unknown>) {
  const { dataset, validationDataset } = request
  const sources = { dataset, ...(validationDataset === undefined ? {} : { validationDataset }) }
  return trainRequest({ ...mergePatch(spec, patch), ...sources } as RequestInput, stored)
}

/** Lower is better. */
function badness({ metrics, evaluation, hasDiverged }: EngineTraining, better: Broken['better']): number {
  if (hasDiverged) return Number.POSITIVE_INFINITY
  const worst = Number.NaN
  switch (better) {
    case 'rmse':
      return evaluation?.type === 'regression' ? (evaluation.targets[0]?.rmse ?? worst) : worst
    case 'recall':
      return evaluation?.type === 'classification' ? 1 - (evaluation.macro?.recall ?? worst) : worst
    case undefined:
      return metrics.valLoss ?? metrics.loss ?? worst
    default:
      return better satisfies never
  }
}

describe('a training that is broken on purpose', () => {
  it('exists at least twice for every finding', () => {
    const codes = Object.values(broken).map(({ code }) => code)
    for (const code of Object.keys(findings)) {
      expect(codes.filter((each) => each === code).length, code).toBeGreaterThanOrEqual(2)
    }
    expect(codes.length).toBeGreaterThanOrEqual(24)
  })

  // The fault shows from an epoch that is computed from the raw history, or from epoch 1 if spec or data have it. A
  // fifth of the planned epochs later, the diagnosis of the epochs until then has the code.
  it.each(Object.entries(broken))('%s', async (_, each) => {
    const training = await trainRequest(each.request, stored)
    const { code } = each
    const deadline = each.showsFrom(training) + Math.ceil(0.2 * training.plannedEpochs)
    expect(firstEpochWith(training, code)).toBeLessThanOrEqual(deadline)
    const finding = findingAt(training, training.epochs.length, code)
    expect(finding).toMatchObject({ code, ...findings[code] })
    if (finding?.patch == null) return
    const patched = await trainPatched(each, training, finding.patch)
    expect(badness(patched, each.better)).toBeLessThan(badness(training, each.better))
    expect([...warningsOf(patched)]).not.toContain(code)
  })
})

describe('a healthy training', () => {
  it.each(Object.entries(healthy))('%s', async (_, request) => {
    expect([...warningsOf(await trainRequest({ ...request, watch: 'diagnose' }, stored))]).toEqual([])
  })
})

it('only the trainings that the lecture shows as failures have warnings', async () => {
  for (const job of lectureJobs) {
    const shown = failuresOfTheLecture[job.name]
    const found = [...warningsOf(await trainRequest({ ...job, watch: 'diagnose' }, stored))]
    expect(found, job.name).toEqual(shown === undefined ? [] : [shown])
  }
}, 60_000)
