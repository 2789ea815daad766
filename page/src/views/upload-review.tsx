/** What a file would be as a dataset, before it is stored: its columns, and how they are read. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { preview, type ApiError, upload } from '../api/client.js'
import type { Dataset, Preview } from '../api/types.js'
import { bytes, plural } from '../format.js'
import { toApiError, useQuery, useDebounced } from '../components/use-query.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { ColumnTable } from './column-table.js'
import { isDelimited, noChoices, uploadQuery, type ReadingChoices, targetsIn } from './reading-choices.js'
import { ReadingOptions } from './reading-options.js'

/** Without a change, until the file is read again. */
const debounceMilliseconds = 350
/** A warning of more columns stands above the table. */
const fewColumns = 3

interface Props {
  files: readonly File[]
  onStored(dataset: Dataset): void
  onCancel(): void
}

export function UploadReview({ files, onStored, onCancel }: Props) {
  const [choices, setChoices] = useState<ReadingChoices>(noChoices)
  const [problem, setProblem] = useState<ApiError | null>(null)
  const [sending, setSending] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])

  const query = uploadQuery(choices)
  const debounced = useDebounced(JSON.stringify(query), debounceMilliseconds)
  const seen = useQuery(debounced, (signal) => preview(files, JSON.parse(debounced), signal))
  const isNew = debounced !== JSON.stringify(query) || seen.value === null
  const change = (part: Partial<ReadingChoices>) => {
    setChoices((before) => ({ ...before, ...part }))
    setProblem(null)
  }

  const store = async () => {
    setSending(true)
    try {
      onStored(await upload(files, { name: datasetName(files), ...query }))
    } catch (error) {
      setProblem(toApiError(error))
      setSending(false)
    }
  }
  const found = seen.latest
  return (
    <section class="card" aria-labelledby="review-title">
      <h2 id="review-title" ref={heading} tabIndex={-1}>
        {files.map(({ name }) => name).join(', ')}
      </h2>
      <p class="hint" role="status">
        {seen.error !== null
          ? 'This is how it cannot be read.'
          : found === null
            ? `Reading ${bytes(files.reduce((sum, { size }) => sum + size, 0))} …`
            : `${summaryOf(found)}${isNew ? ' Reading it again …' : ''}`}
      </p>
      <ErrorNotice error={seen.error} />
      <ReadingOptions choices={choices} preview={found} delimited={isDelimited(files)} onChange={change} />
      {found === null ? null : <Found preview={found} choices={choices} onChange={change} />}
      <ErrorNotice error={problem} />
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={sending || isNew || seen.error !== null}
          onClick={() => void store()}
        >
          <Icon name="upload" /> {sending ? 'Uploading …' : 'Upload'}
        </button>
        <button type="button" disabled={sending} onClick={onCancel}>
          Cancel
        </button>
        <span class="hint">Nothing is stored before “Upload”.</span>
      </div>
    </section>
  )
}

const datasetName = ([first]: readonly File[]) => first?.name.replace(/(\.\w+)+$/, '').slice(0, 200)

function summaryOf(found: Preview): string {
  const { rows, columns, image, droppedRows, classes } = found
  const targets = targetsIn(found)
  const target = targets.length === 0 ? 'no target' : `target ${targets.join(', ')}`
  const kind = classes === null ? '' : ` (${plural(classes.length, 'class', 'classes')})`
  const dropped = droppedRows === 0 ? '' : ` ${plural(droppedRows, 'row')} with missing values left out.`
  const what =
    image === null
      ? plural(columns.filter(({ role }) => role === 'feature').length, 'feature')
      : `${image.channels === 1 ? 'grey' : 'colour'} pictures of ${image.width} × ${image.height}`
  return `${plural(rows, 'row')}, ${what}, ${target}${kind}.${dropped}`
}

function Found(props: {
  preview: Preview
  choices: ReadingChoices
  onChange(part: Partial<ReadingChoices>): void
}) {
  const { preview, choices, onChange } = props
  const general = preview.warnings.filter(
    ({ columns }) => columns.length === 0 || columns.length > fewColumns || preview.image !== null,
  )
  return (
    <>
      {general.map(({ code, message }) => (
        <p key={`${code} ${message}`} class="notice warn">
          {message}
        </p>
      ))}
      {preview.image === null ? (
        <ColumnTable
          preview={preview}
          choices={choices}
          warnings={preview.warnings.filter((warning) => !general.includes(warning))}
          onChange={onChange}
        />
      ) : (
        <PictureClasses preview={preview} />
      )}
    </>
  )
}

/** Columns of pixels say nothing; the classes do. */
function PictureClasses({ preview }: { preview: Preview }) {
  const target = preview.columns.find(({ role }) => role === 'target')
  const { categories = [], counts = [] } = target ?? {}
  if (categories.length === 0) return null
  return (
    <table class="plain small">
      <thead>
        <tr>
          <th scope="col">Class</th>
          <th scope="col" class="number">
            Pictures
          </th>
        </tr>
      </thead>
      <tbody>
        {categories.map((name, place) => (
          <tr key={name}>
            <td>{name}</td>
            <td class="number">{counts[place] ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
