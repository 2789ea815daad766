/** Points as numbers: what was chosen for each parameter. */
import { parameterDomain, type Range, type SweepParameter } from '../../contract/sweep.js'
import { seededRandom } from '../../datasets/random.js'

/** Of each parameter: the index of its value in the list, or its number in the range; null while its condition fails. */
export type Choices = readonly (number | null)[]

/** The value at each path; without parameters whose condition does not hold. */
export type PointValues = ReadonlyMap<string, unknown>

/** Significant digits of drawn and spaced values, so that they stay readable. */
const digits = 6

/** Compares JSON texts, so objects must have the same order of fields. */
export const isAmong = (value: unknown, values: readonly unknown[]) =>
  values.some((each) => JSON.stringify(each) === JSON.stringify(value))

/** Chooses the parameters in their order; `choose` is called for those whose condition holds. */
export function chooseActive(
  parameters: readonly SweepParameter[],
  choose: (parameter: SweepParameter, index: number) => number,
): Choices {
  const values = new Map<string, unknown>()
  return parameters.map((parameter, index) => {
    if (!isActive(parameter, values)) return null
    const choice = choose(parameter, index)
    values.set(parameter.path, chosenValue(parameter, choice))
    return choice
  })
}

function isActive({ when }: SweepParameter, values: PointValues): boolean {
  if (when === undefined) return true
  return values.has(when.path) && isAmong(values.get(when.path), when.in)
}

function chosenValue(parameter: SweepParameter, choice: number): unknown {
  const domain = parameterDomain(parameter)
  return 'values' in domain ? domain.values[choice] : choice
}

export function toValues(parameters: readonly SweepParameter[], choices: Choices): PointValues {
  return new Map(
    parameters.flatMap((parameter, index): [string, unknown][] => {
      const choice = choices[index] ?? null
      return choice === null ? [] : [[parameter.path, chosenValue(parameter, choice)]]
    }),
  )
}

/** The random numbers of a point. The seed has at most 21 bits, so seed and number fit in 53. */
export const pointRandom = (seed: number, point: number) => seededRandom(seed * 2 ** 32 + point)

/** An independent uniform draw. */
export function drawChoices(parameters: readonly SweepParameter[], seed: number, point: number): Choices {
  const random = pointRandom(seed, point)
  const shares = parameters.map(() => random.uniform())
  return chooseActive(parameters, (parameter, index) => drawChoice(parameter, shares[index]))
}

/** @param share uniform in [0, 1) */
function drawChoice(parameter: SweepParameter, share: number): number {
  const domain = parameterDomain(parameter)
  if ('values' in domain) return Math.floor(share * domain.values.length)
  const { range } = domain
  if (!range.integer || range.scale === 'log') return round(range, interpolate(range, share))
  return range.min + Math.floor(share * (range.max - range.min + 1))
}

export function interpolate({ scale, min, max }: Range, share: number): number {
  return scale === 'log' ? min * (max / min) ** share : min + share * (max - min)
}

/** The nearest value of the range that is written with few digits. */
export function round({ integer, min, max }: Range, value: number): number {
  const rounded = integer ? Math.round(value) : Number(value.toPrecision(digits))
  return Math.min(max, Math.max(min, rounded))
}
