/** Unpacks gzip files within limits. */
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { invalid, limitExceeded, type ReadingLimits } from './limits.js'

/** The largest ratio of unpacked to packed bytes above `harmlessBytes`. Real data compress far less. */
const maximumRatio = 250
const harmlessBytes = 16 * 1024 * 1024

/**
 * Creates a counter of the unpacked bytes of a file.
 * @throws DatasetError when the unpacked bytes exceed a limit
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
      throw limitExceeded(
        limits,
        'unpackedBytes',
        `${name} unpacks to more than ${limits.unpackedBytes} bytes`,
      )
    }
    if (unpacked > harmlessBytes && unpacked > maximumRatio * packedBytes) {
      throw invalid(
        `${name} has ${packedBytes} bytes and unpacks to more than ${maximumRatio} times as many, the limit`,
      )
    }
  }
}

/** @throws DatasetError when the file is not a complete gzip, or unpacks to too many bytes */
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

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^Z_|^ERR_ZLIB/.test(String(error.code))
}
