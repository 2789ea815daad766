/** `npm run example -- NAME`: runs a demonstration of the lecture against a running service, or starts one. */
import { catalogue, type DemonstrationId } from './lecture/catalogue.js'
import { demonstrate } from './service.js'

interface Program {
  show(url: string, args: readonly string[]): Promise<void>
}

const programs: Readonly<Record<DemonstrationId, () => Promise<Program>>> = {
  perceptron: () => import('./perceptron.js'),
  xor: () => import('./xor.js'),
  'boolean-function': () => import('./boolean-function.js'),
  approximation: () => import('./approximation.js'),
  depth: () => import('./depth.js'),
  descent: () => import('./descent.js'),
  momentum: () => import('./momentum.js'),
  shift: () => import('./shift.js'),
  'shared-weights': () => import('./shared-weights.js'),
  digits: () => import('./digits.js'),
}

const isDemonstration = (name: string): name is DemonstrationId => Object.hasOwn(catalogue, name)

const [name, ...args] = process.argv.slice(2)
if (name !== undefined && isDemonstration(name)) {
  console.log(`${catalogue[name].claim}\n`)
  const { show } = await programs[name]()
  await demonstrate((url) => show(url, args))
} else {
  if (name !== undefined) console.error(`There is no demonstration "${name}".\n`)
  console.log('npm run example -- NAME\n')
  for (const [id, { claim, argument }] of Object.entries(catalogue)) {
    const note = argument === undefined ? '' : ` Argument: ${argument}.`
    console.log(`  ${id.padEnd(18)}${claim}${note}`)
  }
  process.exitCode = name === undefined ? 0 : 1
}
