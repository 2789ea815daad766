/** Trainings of the lecture's demonstrations at the rates that these find. */
import { approximationJobs } from '../../../examples/lecture/approximation.js'
import { depthJob, parity, spirals } from '../../../examples/lecture/depth-tasks.js'
import { digitJob } from '../../../examples/lecture/digits.js'
import { drawDigits, drawnSide } from '../../../examples/lecture/drawn-digits.js'
import type { LectureJob } from '../../../examples/lecture/job.js'
import { perceptronEpochs, perceptronJob } from '../../../examples/lecture/perceptron.js'
import { sharedWeightsJobs } from '../../../examples/lecture/shared-weights.js'
import { shiftJob } from '../../../examples/lecture/shift.js'
import { xorJob } from '../../../examples/lecture/xor.js'
import type { FindingCode } from '../../../src/contract/diagnosis.js'
import { prepared, reading, type Stored } from '../../support/prepared.js'

const learner = { rate: 0.03, seed: 1 }

export const lectureJobs: readonly LectureJob[] = [
  ...(['and', 'or', 'xor'] as const).map((name) =>
    perceptronJob(name, { rate: 1, epochs: perceptronEpochs }),
  ),
  xorJob(8, 0.3, 1),
  ...approximationJobs,
  // The wide networks need rates that saturate units, which is another warning.
  depthJob(spirals, [13, 13, 13], 0.01, 1),
  depthJob(parity, [13, 13, 13], 0.01, 1),
  shiftJob('convolution', 3, 0.3, 1),
  shiftJob('dense', 3, 0.3, 1),
  ...sharedWeightsJobs,
  digitJob('convolutional', 'ds_drawn', drawnSide, learner),
  digitJob('dense', 'ds_drawn', drawnSide, learner),
]

/** The trainings that a demonstration shows as failures, and their fault. All others are to be free of warnings. */
export const failuresOfTheLecture: Readonly<Record<string, FindingCode>> = {
  'Lecture: digits, dense, rate 0.03': 'overfitting',
}

/** Pictures of an upload. */
const drawnPictures = 800

export async function drawnUpload(): Promise<Stored> {
  const pictures = drawDigits(drawnPictures, 1)
  const pixels = Array.from({ length: drawnSide ** 2 }, (_, index) => [
    `p${index}`,
    [pictures.map((picture) => picture.pixels[index] ?? 0)],
  ])
  const digit = [pictures.map((picture) => `d${picture.digit}`)]
  return prepared(reading({ ...Object.fromEntries(pixels), digit }))
}
