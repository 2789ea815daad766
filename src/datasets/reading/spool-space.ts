/**
 * The space of the disk that files take while they are received or sent. A client may send or read slowly, so without a limit
 * the files of one tenant could fill the disk for all.
 */
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { Problem } from '../../contract/problems.js'

/** Free space is read each time the files of a tenant have grown by this many bytes. */
const checkedBytes = 4 * 1024 * 1024

/** The part of one upload or download. */
export interface SpoolShare {
  /** Counts bytes that are to be written. @throws Problem `overloaded` */
  add(bytes: number): Promise<void>
  /** After the files are removed. */
  close(): void
}

interface Held {
  transfers: number
  bytes: number
  checkedAt: number
}

export class SpoolSpace {
  readonly #tenants = new Map<string, Held>()

  /** @param folder on the disk of the uploads */
  constructor(
    private readonly folder = tmpdir(),
    private readonly readFree = freeBytes,
  ) {}

  open(tenantId: string): SpoolShare {
    const held = this.#tenants.get(tenantId) ?? { transfers: 0, bytes: 0, checkedAt: 0 }
    this.#tenants.set(tenantId, held)
    held.transfers += 1
    let own = 0
    return {
      add: async (bytes) => {
        own += bytes
        held.bytes += bytes
        if (held.bytes - held.checkedAt < checkedBytes) return
        held.checkedAt = held.bytes
        await this.#check(held)
      },
      close: () => {
        held.transfers -= 1
        held.bytes -= own
        held.checkedAt = Math.min(held.checkedAt, held.bytes)
        if (held.transfers === 0) this.#tenants.delete(tenantId)
      },
    }
  }

  /** A single file may fill the disk. Several of a tenant must leave as much space as they take. */
  async #check({ transfers, bytes }: Held): Promise<void> {
    if (transfers === 1) return
    const free = await this.readFree(this.folder)
    if (bytes <= free) return
    throw new Problem(
      'overloaded',
      `The ${transfers} unfinished uploads and downloads of this tenant have ${bytes} bytes, and the disk has ${free} ` +
        'left, which must be as much. Retry later, with fewer at a time.',
    )
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
