/** Every training of the lecture's demonstrations. */
import {
  approximationJob,
  approximationSeeds,
  approximationWidths,
  kink,
  sine,
} from '../../../examples/lecture/approximation.js'
import { depthJob, depthSeeds, parity, spirals } from '../../../examples/lecture/depth.js'
import { batchSizes, descentJob } from '../../../examples/lecture/descent.js'
import { digitJob } from '../../../examples/lecture/digits.js'
import { drawDigits, drawnPictures, drawnSide } from '../../../examples/lecture/drawn-digits.js'
import type { LectureJob } from '../../../examples/lecture/job.js'
import { learningRates, momentumJob, optimizers } from '../../../examples/lecture/momentum.js'
import { perceptronEpochs, perceptronJob } from '../../../examples/lecture/perceptron.js'
import { connections, sharedWeightsJob, trainingRows } from '../../../examples/lecture/shared-weights.js'
import { shiftJobs } from '../../../examples/lecture/shift.js'
import { xorJob } from '../../../examples/lecture/xor.js'
import type { FindingCode } from '../../../src/contract/diagnosis.js'
import { prepared, reading, type Stored } from '../../support/prepared.js'

export const lectureJobs: readonly LectureJob[] = [
  ...(['and', 'or', 'xor'] as const).map((name) => perceptronJob(name, perceptronEpochs)),
  xorJob,
  ...[sine, kink].flatMap((target) =>
    approximationWidths.flatMap((width) =>
      approximationSeeds.map((seed) => approximationJob(target, width, seed)),
    ),
  ),
  ...[spirals, parity].flatMap((task) =>
    task.hidden.flatMap((hidden) => depthSeeds.map((seed) => depthJob(task, hidden, seed))),
  ),
  ...batchSizes.map(descentJob),
  ...optimizers.flatMap((optimizer) => learningRates.map((rate) => momentumJob(optimizer, rate))),
  shiftJobs.convolution,
  shiftJobs.dense,
  ...connections.flatMap((each) => trainingRows.map((rows) => sharedWeightsJob(each, rows))),
  digitJob('convolutional', 'ds_drawn', drawnSide),
  digitJob('dense', 'ds_drawn', drawnSide),
]

/** The trainings that a demonstration shows as failures, and their fault. All others are to be free of warnings. */
export const failuresOfTheLecture: Readonly<Record<string, FindingCode>> = {
  'Lecture: spirals, depth 1': 'underfitting',
  'Lecture: parity of 6 inputs, depth 1': 'underfitting',
  'Lecture: all to all (dense), 16 rows': 'overfitting',
  'Lecture: digits, dense': 'overfitting',
}

export async function drawnUpload(): Promise<Stored> {
  const pictures = drawDigits(drawnPictures, 1)
  const pixels = Array.from({ length: drawnSide ** 2 }, (_, index) => [
    `p${index}`,
    [pictures.map((picture) => picture.pixels[index] ?? 0)],
  ])
  const digit = [pictures.map((picture) => `d${picture.digit}`)]
  return prepared(reading({ ...Object.fromEntries(pixels), digit }))
}
