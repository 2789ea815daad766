/**
 * The space of the disk that unfinished uploads take. A client may send an upload slowly, so without a limit the uploads
 * of one tenant could fill the disk for all.
 */
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { Problem } from '../../contract/problems.js'

/** Free space is read each time the uploads of a tenant have grown by this many bytes. */
const checkedBytes = 4 * 1024 * 1024

/** The part of one upload. */
export interface SpoolShare {
  /** Counts bytes that are to be written. @throws Problem `overloaded` */
  add(bytes: number): Promise<void>
  /** After the files are removed. */
  close(): void
}

interface Held {
  uploads: number
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
    const held = this.#tenants.get(tenantId) ?? { uploads: 0, bytes: 0, checkedAt: 0 }
    this.#tenants.set(tenantId, held)
    held.uploads += 1
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
        held.uploads -= 1
        held.bytes -= own
        held.checkedAt = Math.min(held.checkedAt, held.bytes)
        if (held.uploads === 0) this.#tenants.delete(tenantId)
      },
    }
  }

  /** A single upload may fill the disk. Several of a tenant must leave as much space as they take. */
  async #check({ uploads, bytes }: Held): Promise<void> {
    if (uploads === 1) return
    const free = await this.readFree(this.folder)
    if (bytes <= free) return
    throw new Problem(
      'overloaded',
      `The ${uploads} unfinished uploads of this tenant have ${bytes} bytes, and the disk has ${free} left, which must ` +
        'be as much. Retry later, with fewer at a time.',
    )
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
