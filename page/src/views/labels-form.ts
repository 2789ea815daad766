/** The form of name, notes, tags and metadata, and the change that it means. */

export interface Labels {
  name: string | null
  notes: string | null
  tags: readonly string[]
  metadata: Readonly<Record<string, string>>
}

interface LabelForm {
  name: string
  notes: string
  /** Separated by commas. */
  tags: string
  /** One `key=value` per line. */
  metadata: string
}

export interface LabelChange {
  name?: string | null
  notes?: string | null
  tags?: string[]
  /** Null removes a key. */
  metadata?: Record<string, string | null>
}

export function toLabelForm({ name, notes, tags, metadata }: Labels): LabelForm {
  return {
    name: name ?? '',
    notes: notes ?? '',
    tags: tags.join(', '),
    metadata: Object.entries(metadata)
      .map(([key, value]) => `${key}=${value}`)
      .join('\n'),
  }
}

/** The tags of a text, without repetitions. */
export const readTags = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  ),
]

/** The pairs of a text by key; null if a line has no key. A value may contain `=`. */
export function readPairs(text: string): Record<string, string> | null {
  const pairs: [string, string][] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const [key = '', ...rest] = line.split('=')
    if (key.trim() === '' || rest.length === 0) return null
    pairs.push([key.trim(), rest.join('=').trim()])
  }
  return Object.fromEntries(pairs)
}

/** What differs from the labels before, so that other clients' changes of other fields stay. Null if a line has no key. */
export function labelChange(before: Labels, form: LabelForm): LabelChange | null {
  const initial = toLabelForm(before)
  const pairs = readPairs(form.metadata)
  if (pairs === null) return null
  const removed = Object.keys(before.metadata).filter((key) => !Object.hasOwn(pairs, key))
  const metadata = Object.fromEntries([
    ...removed.map((key) => [key, null]),
    ...Object.entries(pairs).filter(([key, value]) => before.metadata[key] !== value),
  ])
  return {
    ...(form.name === initial.name ? {} : { name: form.name.trim() || null }),
    ...(form.notes === initial.notes ? {} : { notes: form.notes.trim() || null }),
    ...(form.tags === initial.tags ? {} : { tags: readTags(form.tags) }),
    ...(form.metadata === initial.metadata ? {} : { metadata }),
  }
}
