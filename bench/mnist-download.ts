/**
 * Downloads MNIST once: `npm run bench -- mnist [--from URL]`, into MNIST_DIR or the cache folder. The four files come
 * from a mirror or from the folder that --from names. A file is kept only when the SHA-256 of its content is right.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { type MnistName, mnistFolder, mnistNames, mnistPath } from './mnist.js'

const mirror = 'https://storage.googleapis.com/cvdf-datasets/mnist/'
/** SHA-256 of each file's content before it was gzipped. */
const digests: Readonly<Record<MnistName, string>> = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { from: { type: 'string', default: mirror } } })
  const folder = values.from.endsWith('/') ? values.from : `${values.from}/`
  mkdirSync(mnistFolder, { recursive: true })
  for (const name of mnistNames) {
    const file = mnistPath(name)
    if (existsSync(file)) verify(name, readFileSync(file), file)
    else await download(name, new URL(`${name}.gz`, folder), file)
    console.log(file)
  }
}

async function download(name: MnistName, url: URL, file: string): Promise<void> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  const packed = Buffer.from(await response.arrayBuffer())
  verify(name, packed, url.href)
  writeFileSync(`${file}.part`, packed)
  renameSync(`${file}.part`, file)
}

/** Mirrors gzip the same content differently, so the digest is that of the content. */
function verify(name: MnistName, packed: Buffer, source: string): void {
  const digest = createHash('sha256').update(gunzipSync(packed)).digest('hex')
  if (digest === digests[name]) return
  throw new Error(`${source}: the SHA-256 of its content is ${digest}, not ${digests[name]}`)
}
