/** Writes the network as a C99 function over static arrays. */
import type { Weights } from '../../engine/index.js'
import { stepTensors } from '../code-tensors.js'
import { type NetworkStep, type NetworkSteps, outputSize } from '../network-steps.js'
import { floatLiteral } from './literals.js'
import { activationFunctions, stepFunctions } from './network-functions.js'

/** Source of `<name>_compute`, and of what it needs. */
export function networkCode(name: string, network: NetworkSteps, weights: Weights): string {
  const { steps, inputs, outputs } = network
  const arrays: string[] = []
  const lines: string[] = []
  const sizes: [number, number] = [1, 1]
  let current = 'inputs'
  let next = 0
  for (const step of steps) {
    const tensors = stepTensors(step, weights).map((values) => {
      if (values === null) return 'NULL'
      arrays.push(arrayCode(`w${arrays.length}`, values))
      return `w${arrays.length - 1}`
    })
    if (step.type === 'activation' && current !== 'inputs') {
      lines.push(`  ${activationCall(step, current)}`)
      continue
    }
    const buffer = `buffer${next}`
    sizes[next] = Math.max(sizes[next], outputSize(step))
    lines.push(
      ...(step.type === 'activation' ? copied(step, buffer) : [stepCall(step, current, buffer, tensors)]),
    )
    current = buffer
    next = 1 - next
  }
  const buffers = sizes
    .map((size, index) => `static float buffer${index}[${size}];`)
    .filter((_, index) => lines.some((line) => line.includes(`buffer${index}`)))
  return `${[...arrays, ...usedFunctions(steps), ...buffers].join('\n')}

int ${name}_compute(const float *inputs, float *outputs) {
  int i;
${lines.join('\n')}
  for (i = 0; i < ${outputs}; i++) outputs[i] = ${current}[i];
  for (i = 0; i < ${outputs}; i++)
    if (!isfinite(outputs[i])) return -1;
  return 0;
}
/* Network inputs: ${inputs}. */
`
}

/** The inputs of the caller stay as they are. */
function copied(step: NetworkStep & { type: 'activation' }, buffer: string): string[] {
  return [
    `  for (i = 0; i < ${step.sizes.size}; i++) ${buffer}[i] = inputs[i];`,
    `  ${activationCall(step, buffer)}`,
  ]
}

const functionName = (code: string) => /static void (\w+)\(/.exec(code)?.[1] ?? ''

function activationCall({ activation, sizes }: NetworkStep & { type: 'activation' }, buffer: string): string {
  return `${functionName(activationFunctions[activation])}(${buffer}, ${sizes.size});`
}

function stepCall(
  step: Exclude<NetworkStep, { type: 'activation' }>,
  from: string,
  to: string,
  tensors: string[],
): string {
  const { sizes, code } = stepFunctions[step.type]
  const given: Readonly<Record<string, number>> = step.sizes
  const all = [from, to, ...tensors, ...sizes.map((size) => given[size])]
  return `  ${functionName(code)}(${all.join(', ')});`
}

function usedFunctions(steps: readonly NetworkStep[]): string[] {
  const used = steps.map((step) =>
    step.type === 'activation' ? activationFunctions[step.activation] : stepFunctions[step.type].code,
  )
  return [...new Set(used)]
}

const numbersPerLine = 8

function arrayCode(name: string, values: Float32Array): string {
  const lines: string[] = []
  for (let begin = 0; begin < values.length; begin += numbersPerLine) {
    lines.push(`  ${Array.from(values.subarray(begin, begin + numbersPerLine), floatLiteral).join(', ')},`)
  }
  return `static const float ${name}[${values.length}] = {\n${lines.join('\n')}\n};`
}
