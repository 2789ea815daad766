/** `npm run example -- --check`: tries to overturn each sentence of the lecture in the engine, and prints what it tried. */
import { engineLaboratory } from './engine-laboratory.js'
import { type AnyDemonstration, catalogue, demonstrationIds } from './lecture/catalogue.js'
import { type Attempt, initialSettings } from './lecture/demonstration.js'

/** Seeds that neither the page nor the tests use. */
const seeds = [31, 32, 33, 34, 35]

/** Changes one control at a time to each of its values, with other seeds. */
async function* changeControls({ controls, measure, holds }: AnyDemonstration): AsyncGenerator<Attempt> {
  for (const [name, { label, values }] of Object.entries(controls)) {
    // The attack of a demonstration covers controls with many values.
    for (const value of values.slice(0, 8)) {
      const figures = await measure(engineLaboratory, { ...initialSettings(controls), [name]: value }, seeds)
      const stands = holds(figures)
      yield {
        change: `${label}: ${value}, seeds ${seeds[0]} to ${seeds[seeds.length - 1]}`,
        figure: stands ? 'the assertion holds' : 'the assertion fails',
        isOverturned: !stands,
      }
    }
  }
}

/** The attempts on a demonstration: each value of its controls, then its own grid of rates, widths and seeds. */
export async function* attempts(demonstration: AnyDemonstration): AsyncGenerator<Attempt> {
  yield* changeControls(demonstration)
  yield* demonstration.attack(engineLaboratory)
}

/** @param names the demonstrations; all by default. @returns whether no sentence was overturned */
export async function checkClaims(names: readonly string[]): Promise<boolean> {
  let overturned = 0
  let tried = 0
  for (const id of demonstrationIds) {
    if (names.length > 0 && !names.includes(id)) continue
    console.log(`\n${id}: ${catalogue[id].claim}`)
    for await (const { change, figure, isOverturned } of attempts(catalogue[id] as AnyDemonstration)) {
      tried += 1
      if (isOverturned) overturned += 1
      console.log(`  ${isOverturned ? 'OVERTURNED' : 'stands'}  ${change}: ${figure}`)
    }
  }
  console.log(`\n${tried} attempts, ${overturned} overturned.`)
  return overturned === 0
}
