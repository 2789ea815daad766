/** The classes that a reader records, and the archive and job made of them. */
import { zipSync } from 'fflate'
import type { JobRequest } from '../api/types.js'

export interface RecordedClass {
  name: string
  frames: readonly File[]
}

/** Pixels of a side of the stored pictures. */
export const side = 32
const fewestFrames = 5
export const mostFrames = 400

/** Why the classes cannot be trained, or null if they can. */
export function whyNotReady(classes: readonly RecordedClass[]): string | null {
  const names = classes.map(({ name }) => folderOf(name))
  if (names.includes('')) return 'Each class needs a name.'
  if (new Set(names).size < names.length) return 'The names of the classes must differ.'
  const small = classes.find(({ frames }) => frames.length < fewestFrames)
  return small === undefined ? null : `Record at least ${fewestFrames} pictures of ${small.name}.`
}

/** The name of a folder is the class of its pictures. */
const folderOf = (name: string) => name.replace(/[/\\]/g, ' ').trim()

/** A ZIP archive with a folder for each class. JPEG is compressed already. */
export async function toArchive(classes: readonly RecordedClass[]): Promise<File> {
  const entries = await Promise.all(
    classes.flatMap(({ name, frames }) =>
      frames.map(async (frame, index): Promise<[string, Uint8Array]> => {
        const bytes = new Uint8Array(await frame.arrayBuffer())
        return [`${folderOf(name)}/${String(index + 1).padStart(3, '0')}.jpg`, bytes]
      }),
    ),
  )
  return new File([zipSync(Object.fromEntries(entries), { level: 0 })], 'camera.zip', {
    type: 'application/zip',
  })
}

/** Few pictures: a fifth of each class validates, and the model has the weights of the best epoch. */
export const cameraJob = (dataset: string, classes: readonly RecordedClass[]): JobRequest =>
  ({
    name: classes
      .map(({ name }) => folderOf(name))
      .join(' or ')
      .slice(0, 200),
    dataset,
    network: 'auto',
    epochs: 60,
    validationSplit: 0.2,
    watch: 'diagnose',
  }) as JobRequest
