/** The columns of a frame of epochs. */
import { expect, it } from 'vitest'
import { epochFrame } from '../../src/http/epoch-frame.js'

it('has the columns that contain a number, also if the last value is missing', () => {
  const frame = epochFrame('job_a', {
    after: 0,
    numbers: null,
    // Loss, accuracy, and both over the validation rows, of two epochs.
    metrics: Float64Array.of(0.5, 0.9, Number.NaN, Number.NaN, 0.4, Number.NaN, Number.NaN, Number.NaN),
    seconds: Float64Array.of(0.1, 0.2),
  })
  const [, columns = ''] = /"columns":(\[[^\]]*\])/.exec(frame.toString('latin1')) ?? []
  expect(JSON.parse(columns)).toEqual(['loss', 'accuracy', 'seconds'])
})
