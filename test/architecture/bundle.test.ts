/** What `npm run build` makes of the programs. */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const dist = path.resolve(import.meta.dirname, '../../dist')

const programs = [
  'src/main.js',
  'src/workshop.js',
  'src/server.js',
  'src/commands/keys.js',
  'src/datasets/reading/picture.process.js',
  'src/datasets/reading/reading.process.js',
  'src/threads/export.process.js',
  'workers/main.js',
  'workers/trainer.thread.js',
  'src/threads/predictor.thread.js',
]

/** Packages that are loaded when they are needed, if they are installed. */
const { peerDependencies: optional } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)

/** Specifiers of static and dynamic imports, as the bundler writes them. */
function importsOf(file: string): string[] {
  // Comments name types by imports, too.
  const code = readFileSync(path.join(dist, file), 'utf8').replaceAll(/^\s*\/\*\*[\s\S]*?\*\/$/gm, '')
  const found = code.matchAll(/^(?:import|export)\b[^'"\n]*?["']([^"'\n]+)["'];?$|\bimport\("([^"\n]+)"\)/gm)
  return [...found].flatMap(([, fixed, dynamic]) =>
    fixed === undefined && Object.hasOwn(optional, dynamic) ? [] : [fixed ?? dynamic],
  )
}

/** Of a program and of all files that it imports. */
function packagesOf(program: string): string[] {
  const files = new Set([program])
  const packages = new Set<string>()
  for (const file of files) {
    for (const each of importsOf(file)) {
      if (each.startsWith('.')) files.add(path.posix.join(path.posix.dirname(file), each))
      else packages.add(each)
    }
  }
  return [...packages].filter((name) => !name.startsWith('node:') && !builtinModules.includes(name))
}

/** The file and all files that it imports at its start. */
function loadedAtStart(program: string): string[] {
  const files = new Set([program])
  for (const file of files) {
    const code = readFileSync(path.join(dist, file), 'utf8')
    for (const [, specifier] of code.matchAll(/^(?:import|export)\b[^'"\n]*?["'](\.[^"'\n]+)["'];?$/gm))
      files.add(path.posix.join(path.posix.dirname(file), specifier))
  }
  return [...files]
}

describe('a built program', () => {
  it.each(programs)('%s loads only packages that contain binaries', (program) => {
    expect(importsOf(program).length).toBeGreaterThan(0)
    expect(packagesOf(program).filter((name) => name !== 'sharp')).toEqual([])
  })

  it.each(programs)('%s loads the SDK of OpenTelemetry only if it needs it', (program) => {
    const loaded = loadedAtStart(program)
    expect(
      loaded.filter((file) =>
        readFileSync(path.join(dist, file), 'utf8').includes('class BatchSpanProcessor'),
      ),
    ).toEqual([])
  })

  it('has no thread or process that is left as it was', () => {
    const parts = ['src', 'workers'].flatMap((folder) =>
      readdirSync(path.join(dist, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(thread|process)\.js$/.test(name))
        .map((name) => `${folder}/${name}`),
    )
    expect(parts.length).toBeGreaterThanOrEqual(5)
    expect(parts.filter((part) => packagesOf(part).some((name) => name !== 'sharp'))).toEqual([])
  })

  it('addresses packages by the node_modules folder beside dist, so that copies of both run', () => {
    const code = readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js') && !name.startsWith('page'))
      .map((name) => readFileSync(path.join(dist, name), 'utf8'))
      .join('\n')
    const addresses = [...code.matchAll(/\bbundled\.(?:path|url)\("([^"]+)"\)/g)].map(
      ([, address]) => address,
    )
    const outside = addresses.filter((address) => address.startsWith('..'))
    expect(outside.length).toBeGreaterThan(0)
    expect(outside.filter((address) => !address.startsWith('../node_modules/'))).toEqual([])
  })
})
