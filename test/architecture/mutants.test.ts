/** The faults of `npm run mutants`: each text occurs once in its file, and each test exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { z } from 'zod'

const area = z.array(
  z.object({
    file: z.string(),
    tests: z.array(z.string()).min(1),
    faults: z.array(z.tuple([z.string(), z.string()])).min(1),
  }),
)
const names = readdirSync('scripts/mutants')
  .map((file) => file.replace('.mjs', ''))
  .filter((name) => name !== 'run-tests')

it.each(names)('of %s', async (name) => {
  const module: Record<string, unknown> = await import(`../../scripts/mutants/${name}.mjs`)
  const wrong = area.parse(module[name]).flatMap(({ file, tests, faults }) => {
    const text = readFileSync(file, 'utf8')
    const misplaced = faults.filter(([before]) => text.split(before).length !== 2).map(([before]) => before)
    return [...misplaced, ...tests.filter((test) => !existsSync(test))].map((each) => `${file}: ${each}`)
  })
  expect(wrong).toEqual([])
})
