/** Unpacks gzip into a file beside it, not further than is allowed. */
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { beyond, invalid, type ReadingLimits } from './limits.js'

/** Data of real measurements pack to a twentieth at best; only so much may a file grow that is larger than `harmlessBytes`. */
const mostGrowth = 250
const harmlessBytes = 16 * 1024 * 1024

/**
 * What a packed file of so many bytes may unpack to.
 * @throws DatasetError as soon as more comes
 */
export function unpackedCounter(
  name: string,
  packedBytes: number,
  limits: ReadingLimits,
): (bytes: number) => void {
  let unpacked = 0
  return (bytes) => {
    unpacked += bytes
    if (unpacked > limits.unpackedBytes) {
      throw beyond(limits, 'unpackedBytes', `${name} unpacks to more than ${limits.unpackedBytes} bytes`)
    }
    if (unpacked > harmlessBytes && unpacked > mostGrowth * packedBytes) {
      throw invalid(
        `${name} has ${packedBytes} bytes and unpacks to more than ${mostGrowth} times as many, which no data set of this size does`,
      )
    }
  }
}

/** @throws DatasetError when the file is no whole gzip, or unpacks to too much */
export async function gunzip(from: string, to: string, name: string, limits: ReadingLimits): Promise<void> {
  const { size } = await stat(from)
  const count = unpackedCounter(name, size, limits)
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        count(chunk.length)
        done(null, chunk)
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)))
      }
    },
  })
  try {
    await pipeline(createReadStream(from), createGunzip(), counter, createWriteStream(to))
  } catch (error) {
    throw isZlibError(error) ? invalid(`${name} cannot be unpacked: ${error.message}`) : error
  }
}

export function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^Z_|^ERR_ZLIB/.test(String(error.code))
}
