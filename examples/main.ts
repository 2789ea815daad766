/** `npm run example -- NAME`: runs a demonstration of the lecture against a running service, or starts one. */
import { checkClaims } from './check.js'
import { showDigitFile } from './digits.js'
import { booleanFigures, booleanFunction } from './lecture/boolean-function.js'
import { type AnyDemonstration, catalogue, demonstrationIds, isDemonstrationId } from './lecture/catalogue.js'
import { type Controls, initialSettings, type Settings, type Shown } from './lecture/demonstration.js'
import { demonstrate } from './service.js'
import { serviceLaboratory } from './service-laboratory.js'
import { plotLines } from './terminal-plots.js'

const seeds = [1, 2, 3, 4, 5]

function print({ summary, plots }: Shown): void {
  for (const plot of plots) console.log(`${plotLines(plot)}\n`)
  console.log(summary)
}

/** Reads arguments such as `rate=0.1`. @throws Error with the controls if there is no such one */
function readSettings(controls: Controls, args: readonly string[]): Settings {
  const changed = args.map((arg): [string, number] => {
    const [name, value] = arg.split('=')
    if (!controls[name]?.values.includes(Number(value))) {
      const known = Object.entries(controls).map(([each, { values }]) => `${each}=${values.join('|')}`)
      throw new Error(`"${arg}" is none of: ${known.join(', ') || 'no arguments'}`)
    }
    return [name, Number(value)]
  })
  return { ...initialSettings(controls), ...Object.fromEntries(changed) }
}

async function run(url: string, demonstration: AnyDemonstration, args: readonly string[]): Promise<void> {
  const settings = readSettings(demonstration.controls, args)
  const figures = await demonstration.measure(serviceLaboratory(url), settings, seeds)
  print(demonstration.show(figures))
  console.log(`\n${demonstration.holds(figures) ? 'Confirmed' : 'Not confirmed'}: ${demonstration.assertion}`)
}

function list(): void {
  console.log('npm run example -- NAME [CONTROL=VALUE …]\nnpm run example -- --check [NAME …]\n')
  for (const id of demonstrationIds) {
    const controls = Object.keys(catalogue[id].controls)
    const note = controls.length === 0 ? '' : ` Controls: ${controls.join(', ')}.`
    console.log(`  ${id.padEnd(18)}${catalogue[id].claim}${note}`)
  }
}

const [name, ...args] = process.argv.slice(2)
if (name === '--check') {
  process.exitCode = (await checkClaims(args)) ? 0 : 1
} else if (name !== undefined && isDemonstrationId(name)) {
  console.log(`${catalogue[name].claim}\n`)
  const [argument] = args
  const hasControl = argument?.includes('=') ?? true
  await demonstrate(async (url) => {
    if (name === 'digits' && !hasControl) return showDigitFile(url, argument)
    if (name !== 'boolean-function' || hasControl) return run(url, catalogue[name] as AnyDemonstration, args)
    print(booleanFunction.show(await booleanFigures(serviceLaboratory(url), argument)))
  })
} else {
  if (name !== undefined) console.error(`There is no demonstration "${name}".\n`)
  list()
  process.exitCode = name === undefined ? 0 : 1
}
