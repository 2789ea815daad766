/** `npm run example -- NAME`: the lecture's demonstrations, each run against a service that is found or started. */
import { demonstrate } from './service.js'

interface Demonstration {
  claim: string
  load(): Promise<{ show(url: string, args: readonly string[]): Promise<void> }>
}

const demonstrations: Readonly<Record<string, Demonstration>> = {
  perceptron: {
    claim: 'one threshold unit learns AND and OR, and cannot learn XOR',
    load: () => import('./perceptron.js'),
  },
  xor: { claim: 'two layers learn XOR', load: () => import('./xor.js') },
  'boolean-function': {
    claim: 'any Boolean function is a network, without training (takes a truth table, such as 01101001)',
    load: () => import('./boolean-function.js'),
  },
  approximation: {
    claim: 'one hidden layer approximates continuous functions, better the wider it is',
    load: () => import('./approximation.js'),
  },
  depth: {
    claim: 'at equal parameters, deep networks learn what a wide one does not',
    load: () => import('./depth.js'),
  },
  descent: {
    claim: 'gradient descent, mini-batches and single rows: few sure steps or many rough ones',
    load: () => import('./descent.js'),
  },
  momentum: {
    claim: 'momentum and Adam run down the valley in which plain descent creeps',
    load: () => import('./momentum.js'),
  },
  shift: {
    claim: 'shift the input of a convolution, and its output shifts',
    load: () => import('./shift.js'),
  },
  'shared-weights': {
    claim: 'shared weights need fewer examples than weights of each place’s own',
    load: () => import('./shared-weights.js'),
  },
  digits: {
    claim: 'a small convolutional network reads digits wherever they stand (takes a CSV of pixels and digit)',
    load: () => import('./digits.js'),
  },
}

const [name, ...args] = process.argv.slice(2)
if (name !== undefined && Object.hasOwn(demonstrations, name)) {
  const demonstration = demonstrations[name]
  console.log(`${demonstration.claim[0].toUpperCase()}${demonstration.claim.slice(1)}.\n`)
  const { show } = await demonstration.load()
  await demonstrate((url) => show(url, args))
} else {
  if (name !== undefined) console.error(`There is no demonstration called "${name}".\n`)
  console.log('npm run example -- NAME\n')
  for (const [each, { claim }] of Object.entries(demonstrations)) console.log(`  ${each.padEnd(18)}${claim}`)
  process.exitCode = name === undefined ? 0 : 1
}
