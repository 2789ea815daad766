/** Writes the network as a JavaScript function over its weights in base64. */
import type { Weights } from '../../engine/index.js'
import { stepTensors } from '../code-tensors.js'
import type { NetworkStep, NetworkSteps } from '../network-steps.js'
import { littleEndian } from '../safetensors/file.js'
import { activationFunctions, poolingFunction, stepFunctions } from './network-functions.js'

/** Source of `compute(inputs)`, a Float32Array to a Float32Array, and of what it needs. */
export function networkCode({ steps, inputs }: NetworkSteps, weights: Weights): string {
  const constants = new Constants()
  const calls = steps.map((step) => `  x = ${callCode(step, constants.add(stepTensors(step, weights)))}`)
  return [
    constants.code,
    ...usedFunctions(steps),
    `
/**
 * The network alone.
 * @param {ArrayLike<number>} inputs ${inputs} numbers, as the network reads them
 * @returns {Float32Array}
 */
function compute(inputs) {
  if (inputs.length !== ${inputs}) throw new RangeError(\`has \${inputs.length} numbers, but the network takes ${inputs}\`)
  let x = Float32Array.from(inputs)
${calls.join('\n')}
  return x
}`,
  ].join('\n')
}

function callCode(step: NetworkStep, tensors: string[]): string {
  if (step.type === 'activation') return `${step.activation}(x)`
  return `${step.type}(${['x', ...tensors, sizesCode(step.sizes)].join(', ')})`
}

const sizesCode = (sizes: Readonly<Record<string, number>>) =>
  `{ ${Object.entries(sizes)
    .map(([name, size]) => `${name}: ${size}`)
    .join(', ')} }`

function usedFunctions(steps: readonly NetworkStep[]): string[] {
  const pools = steps.some(({ type }) => type === 'maxPooling' || type === 'averagePooling')
  const used = steps.map((step) =>
    step.type === 'activation' ? activationFunctions[step.activation] : stepFunctions[step.type],
  )
  return [...new Set(pools ? [poolingFunction, ...used] : used)]
}

/** Collects arrays and writes each as a constant `w0`, `w1`, … */
class Constants {
  readonly #lines: string[] = []

  /** The names of the arrays in code. */
  add(arrays: readonly (Float32Array | null)[]): string[] {
    return arrays.map((array) => {
      if (array === null) return 'null'
      const name = `w${this.#lines.length}`
      this.#lines.push(`const ${name} = floats('${littleEndian(array).toString('base64')}')`)
      return name
    })
  }

  get code(): string {
    return this.#lines.length === 0 ? '' : [floatsFunction, ...this.#lines].join('\n')
  }
}

const floatsFunction = `
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const digitValues = new Map(Array.from(digits, (digit, value) => [digit, value]))

/** Little-endian float32 in base64. */
function floats(/** @type {string} */ text) {
  const count = Math.floor((text.replace(/=+$/, '').length * 3) / 4)
  const view = new DataView(new ArrayBuffer(count))
  for (let place = 0, byte = 0; byte < count; place += 4) {
    let bits = 0
    for (let digit = 0; digit < 4; digit++) bits = bits * 64 + (digitValues.get(text[place + digit]) ?? 0)
    for (let shift = 16; shift >= 0 && byte < count; shift -= 8) view.setUint8(byte++, (bits >> shift) & 255)
  }
  return Float32Array.from({ length: count / 4 }, (_, place) => view.getFloat32(4 * place, true))
}
`
