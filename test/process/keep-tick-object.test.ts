import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('tick-duration.process.ts', import.meta.url))

it('keeps process.nextTick fast after garbage collections', async () => {
  const kept = await nanoseconds('kept')
  const forgotten = await nanoseconds('forgotten')

  // Where both are equal, V8 no longer needs the kept object.
  expect(forgotten / kept).toBeGreaterThan(3)
})

async function nanoseconds(mode: 'kept' | 'forgotten'): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--import',
    'tsx',
    script,
    mode,
  ])
  return Number(stdout)
}
