/** A service without the addon: WASM trains, the build is begun and may fail, and an addon that appears is taken. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { request, submit } from '../../examples/client.js'
import { jobSchema } from '../../src/contract/job.js'
import { addonFile } from '../../src/engine/kernels/native/addon-files.js'
import { runnableVariants } from '../support/kernel-variants.js'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService, temporaryFolder } from '../support/service.js'

const root = path.resolve(import.meta.dirname, '../..')
const copy = temporaryFolder()
afterAll(() => copy.remove())

/** The program as a clone has it, but with sources of the addon that do not compile. */
function copyProgram(): string {
  for (const name of ['package.json', 'dist', 'scripts', 'native/binding.gyp', 'native/source'])
    cpSync(path.join(root, name), path.join(copy.path, name), { recursive: true })
  const sources = path.join(copy.path, 'native', 'source')
  for (const name of readdirSync(sources).filter((each) => each.endsWith('.cpp') && each !== 'probe.cpp'))
    writeFileSync(path.join(sources, name), '#error broken\n')
  symlinkSync(path.join(root, 'node_modules'), path.join(copy.path, 'node_modules'))
  return path.join(copy.path, 'dist', 'src', 'main.js')
}

async function train(url: string): Promise<string | null> {
  const { id } = await submit(url, {
    dataset: 'xor',
    network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
    loss: 'binaryCrossentropy',
    epochs: 3,
  })
  const job = await eventually(async () => {
    const found = await request(`${url}/jobs/${id}`, jobSchema)
    return found.status === 'succeeded' ? found : undefined
  })
  return job.backend
}

const [variant] = runnableVariants

test('a service trains in WASM until there is an addon', { timeout: 60_000 }, async () => {
  const service = await startService({ DATABASE_URL: await freshDatabaseOfTest() }, copyProgram())
  try {
    expect(await train(service.url)).toBe('wasm')
    const complaints = () => service.output().match(/descent: no native backend[^"]*/g)
    expect(await eventually(() => complaints() ?? undefined)).toEqual([
      expect.stringMatching(/^descent: no native backend, WASM takes over \(.+\)$/),
    ])
    if (variant === undefined) return
    const build = path.join(copy.path, 'native', 'build')
    mkdirSync(build, { recursive: true })
    copyFileSync(addonFile(variant), path.join(build, path.basename(addonFile(variant))))
    expect(await train(service.url)).toBe('native')
    const health = z.object({ backend: z.object({ name: z.string() }) })
    expect(await request(`${service.url}/health/ready`, health)).toEqual({ backend: { name: 'native' } })
  } finally {
    await service.stop()
  }
})
