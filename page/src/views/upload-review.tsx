/** Previews an upload as a dataset and lets the reader change how it is read before it is stored. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Dataset, Preview } from '../api/types.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { useDebounced, useQuery } from '../components/use-query.js'
import { bytes, plural } from '../format.js'
import { canSearch, searchedPoints } from '../sweeps/best-of-many.js'
import { ColumnTable } from './column-table.js'
import { isDelimited, noChoices, type ReadingChoices, targetsIn, uploadQuery } from './reading-choices.js'
import { ReadingOptions } from './reading-options.js'
import { PreviewThumbnails } from './thumbnails.js'

const debounceMilliseconds = 350
/** Warnings about more columns are shown above the table. */
const maxRowWarningColumns = 3

/** What follows the upload: a form for one job, or a search for the best spec. */
type AfterUpload = 'form' | 'search'

interface Props {
  files: readonly File[]
  onStored(dataset: Dataset, next: AfterUpload): void
  onCancel(): void
}

export function UploadReview({ files, onStored, onCancel }: Props) {
  const [choices, setChoices] = useState<ReadingChoices>(noChoices)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [sending, setSending] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])

  const parameters = uploadQuery(choices)
  const debounced = useDebounced(JSON.stringify(parameters), debounceMilliseconds)
  const query = useQuery(debounced, (client) => client.datasets.preview(files, JSON.parse(debounced)))
  const isOutdated = debounced !== JSON.stringify(parameters) || query.value === null
  const change = (part: Partial<ReadingChoices>) => {
    setChoices((before) => ({ ...before, ...part }))
    setProblem(null)
  }

  const store = async (next: AfterUpload) => {
    setSending(true)
    try {
      onStored(await client.datasets.upload(files, { name: datasetName(files), ...parameters }), next)
    } catch (error) {
      setProblem(toProblem(error))
      setSending(false)
    }
  }
  const found = query.latest
  const isDisabled = sending || isOutdated || query.error !== null
  return (
    <section class="card" aria-labelledby="review-title">
      <h2 id="review-title" ref={heading} tabIndex={-1}>
        {files.map(({ name }) => name).join(', ')}
      </h2>
      <p class="hint" role="status">
        {query.error !== null
          ? 'The file cannot be read with these options.'
          : found === null
            ? `Uploading ${bytes(files.reduce((sum, { size }) => sum + size, 0))} …`
            : `${summarize(found)}${isOutdated ? ' Updating …' : ''}`}
      </p>
      <ErrorNotice error={query.error} />
      <ReadingOptions choices={choices} preview={found} delimited={isDelimited(files)} onChange={change} />
      {found === null ? null : <PreviewDetails preview={found} choices={choices} onChange={change} />}
      <ErrorNotice error={problem} />
      <div class="actions">
        <button type="button" class="primary" disabled={isDisabled} onClick={() => void store('form')}>
          <Icon name="upload" /> {sending ? 'Uploading …' : 'Upload'}
        </button>
        {found === null || !canSearch(found) ? null : (
          <button type="button" disabled={isDisabled} onClick={() => void store('search')}>
            <Icon name="play" /> Find the best of {searchedPoints}
          </button>
        )}
        <button type="button" disabled={sending} onClick={onCancel}>
          Cancel
        </button>
        <span class="hint">Cancel stores nothing.</span>
      </div>
      {found === null || !canSearch(found) ? null : (
        <p class="hint">
          “Find the best of {searchedPoints}” uploads the file and trains {searchedPoints} networks on it.
          They differ in learning rate, units, layers and batch size.
        </p>
      )}
    </section>
  )
}

const datasetName = ([first]: readonly File[]) => first?.name.replace(/(\.\w+)+$/, '').slice(0, 200)

function summarize(found: Preview): string {
  const { rows, columns, image, droppedRows, classes } = found
  const targets = targetsIn(found)
  const target = targets.length === 0 ? 'no target' : `target ${targets.join(', ')}`
  const kind = classes === null ? '' : ` (${plural(classes.length, 'class', 'classes')})`
  const dropped = droppedRows === 0 ? '' : ` ${plural(droppedRows, 'row')} with missing values dropped.`
  const what =
    image === null
      ? plural(columns.filter(({ role }) => role === 'feature').length, 'feature')
      : `${image.channels === 1 ? 'greyscale' : 'colour'} images of ${image.width} × ${image.height}`
  return `${plural(rows, 'row')}, ${what}, ${target}${kind}.${dropped}`
}

function PreviewDetails(props: {
  preview: Preview
  choices: ReadingChoices
  onChange(part: Partial<ReadingChoices>): void
}) {
  const { preview, choices, onChange } = props
  const general = preview.warnings.filter(
    ({ columns }) => columns.length === 0 || columns.length > maxRowWarningColumns || preview.image !== null,
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
        <>
          <PreviewThumbnails preview={preview} />
          <ImageClasses preview={preview} />
        </>
      )}
    </>
  )
}

/** The classes of an image dataset, in place of its pixel columns. */
function ImageClasses({ preview }: { preview: Preview }) {
  const target = preview.columns.find(({ role }) => role === 'target')
  const { categories = [], counts = [] } = target ?? {}
  if (categories.length === 0) return null
  return (
    <table class="plain small">
      <thead>
        <tr>
          <th scope="col">Class</th>
          <th scope="col" class="number">
            Images
          </th>
        </tr>
      </thead>
      <tbody>
        {categories.map((name, index) => (
          <tr key={name}>
            <td>{name}</td>
            <td class="number">{counts[index] ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
