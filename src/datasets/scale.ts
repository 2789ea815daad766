/** The scaling of numbers for a network: (value − offset) / scale. */
import type { Scaling } from '../contract/dataset.js'
import { Deviation, Moments } from './moments.js'

interface Scale {
  offset: number
  scale: number
}

/**
 * `standardize`: mean and population deviation. `minMax`: minimum and range. The scale is 1 for constant
 * numbers, and if the range exceeds float64.
 */
export function scaleBy(scaling: Scaling, moments: Moments, deviation: Deviation): Scale {
  const { minimum, maximum, mean } = moments
  const range = scaling === 'standardize' ? deviation.value : maximum - minimum
  return {
    offset: scaling === 'none' || moments.count === 0 ? 0 : scaling === 'standardize' ? mean : minimum,
    scale: scaling === 'none' || !(range > 0 && Number.isFinite(range)) ? 1 : range,
  }
}

/** The scale of numbers in memory. */
export function computeScale(scaling: Scaling, values: Float64Array): Scale {
  const moments = new Moments()
  moments.take(values)
  const deviation = new Deviation(moments)
  deviation.take(
    values,
    Int32Array.from(values, (_, index) => index),
  )
  return scaleBy(scaling, moments, deviation)
}
