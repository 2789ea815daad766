// Names of the native addon's files. The name holds a digest of the sources, so that an addon of other sources is never loaded.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** @returns the digest of what an addon is compiled from; src/engine/kernels/native/addon-files.ts computes the same. */
export function digestOfSources(folder) {
  const names = readdirSync(join(folder, 'source')).sort()
  const hash = createHash('sha256')
  for (const name of ['binding.gyp', ...names.map((name) => `source/${name}`)])
    hash.update(`${name}\0`).update(readFileSync(join(folder, name)))
  return hash.digest('hex').slice(0, 16)
}

/** @returns the path of an addon, or with `.failed` of the reason why there is none. */
export function addonFile(folder, kernels, digest, ending = '.node') {
  return join(folder, 'build', `${process.platform}-${kernels}-${digest}${ending}`)
}

/** @returns the kernels for an architecture, the widest first. */
export function kernelsFor(architecture) {
  if (architecture === 'x64') return ['avx512', 'avx2']
  return architecture === 'arm64' ? ['neon'] : []
}

/** @returns the widest kernels that this processor runs, as a built addon says; undefined where none is built, null for none. */
export function widestByAddon(folder, digest) {
  for (const kernels of kernelsFor(process.arch)) {
    const file = addonFile(folder, kernels, digest)
    if (existsSync(file)) return createRequire(import.meta.url)(file).widest()
  }
  return undefined
}
