/** Trains networks to read drawn digits, and shows new ones with their predictions. */
import { digitEpochs, digitJob, digits } from '../../../examples/lecture/digits.js'
import { drawDigits, drawnPictures, drawnSide, toCsv } from '../../../examples/lecture/drawn-digits.js'
import { upload } from '../api/client.js'
import { percent, whole } from '../format.js'
import type { Result } from './plot.js'
import { predictOutputs, train } from './training.js'

export async function runDigits(): Promise<Result> {
  const file = new File([toCsv(drawDigits(drawnPictures, 1))], 'digits.csv', { type: 'text/csv' })
  const dataset = await upload([file], { name: 'Lecture: digits', target: 'digit' })
  const read = async (name: 'convolutional' | 'dense') => {
    const { job, epochs, modelId } = await train(digitJob(name, dataset.id, drawnSide))
    return { name, modelId, parameters: job.parameters, accuracy: epochs.at(-1)?.valAccuracy ?? 0 }
  }
  const [convolutional, dense] = await Promise.all([read('convolutional'), read('dense')])
  const unseen = drawDigits(10, 2)
  const outputs = await predictOutputs(
    convolutional.modelId,
    unseen.map(({ pixels }) => pixels),
  )
  return {
    plots: [
      {
        type: 'pictures',
        side: drawnSide,
        pictures: unseen.map(({ digit, pixels }, index) => {
          const predicted = outputs[index].indexOf(Math.max(...outputs[index]))
          return { pixels, caption: predicted === digit ? String(predicted) : `${predicted}, not ${digit}` }
        }),
      },
      {
        type: 'table',
        heads: ['network', 'parameters', 'validation accuracy'],
        rows: [convolutional, dense].map(({ name, parameters, accuracy }) => [
          name,
          whole(parameters),
          percent(accuracy),
        ]),
      },
    ],
    summary: `The images above are new, with the predictions of the convolutional network. Both networks trained for ${digitEpochs} epochs on four fifths of ${drawnPictures} images of ${drawnSide} × ${drawnSide} pixels.`,
    holds: digits.holds({ convolutional, dense }),
  }
}
