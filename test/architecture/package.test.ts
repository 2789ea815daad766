import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { release } from '../../src/contract/release.js'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

const versions = z.record(z.string(), z.string())
const manifest = z
  .object({
    version: z.string(),
    license: z.string(),
    dependencies: versions,
    devDependencies: versions,
    optionalDependencies: versions,
  })
  .parse(JSON.parse(read('package.json')))

describe('package.json', () => {
  it('has the version that the API says it has', () => {
    expect(release).toBe(manifest.version)
  })

  it('has the version of the client in sdk/', () => {
    const client = z
      .object({ version: z.string(), license: z.string() })
      .parse(JSON.parse(read('sdk/package.json')))
    expect(client).toEqual({ version: manifest.version, license: manifest.license })
  })

  it('names exact versions', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest
    const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    expect(all.length).toBeGreaterThan(20)
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })
})

describe('package-lock.json', () => {
  const lock = z
    .object({ packages: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(JSON.parse(read('package-lock.json')))

  it('names no registry', () => {
    expect(Object.keys(lock.packages).length).toBeGreaterThan(100)
    expect(Object.entries(lock.packages).filter(([, each]) => 'resolved' in each)).toEqual([])
  })

  it('is about this package', () => {
    expect(lock.packages['']?.version).toBe(manifest.version)
    expect(lock.packages['']?.dependencies).toEqual(manifest.dependencies)
  })
})
