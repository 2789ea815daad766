/** Gives all properties of fast-check the seed of this run. Their failures name it, with the path to the example. */
import fc from 'fast-check'
import { beforeAll } from 'vitest'
import { testSeeds } from './test-seeds.js'

const [seed] = testSeeds(1)
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })

beforeAll(() => {
  if (process.env.RANDOM_SEEDS !== undefined) console.info(`RANDOM_SEEDS=${seed}`)
})
