/** Imports a model: asks for what its file does not have, sends it, and shows why the service refuses it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { UploadProgress as Sent } from '../../../sdk/src/index.js'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import { Icon } from '../components/icon.js'
import { ProblemNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { bytes, percent } from '../format.js'
import { ImportFields } from './import-fields.js'
import { emptyImport, type ImportForm, isAtField, readImport, sortErrors } from './import-form.js'
import { readModelFile } from './model-file.js'

interface Props {
  file: File
  onImported(model: { id: string }): void
  onCancel(): void
}

export function ImportCard({ file, onImported, onCancel }: Props) {
  const [form, setForm] = useState<ImportForm>(emptyImport)
  const [wasTried, setTried] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const content = useQuery(`${file.name} ${file.size} ${file.lastModified}`, () => readModelFile(file)).value
  const { fields, errors } = readImport(form, content ?? { type: 'other' })
  const upload = useUpload(file, onImported)
  const { fields: refused, others } = sortErrors(upload.problem?.errors ?? [])

  const start = (event: SubmitEvent) => {
    event.preventDefault()
    setTried(true)
    if (Object.keys(errors).length === 0) void upload.start(fields)
  }
  return (
    <form class="card import" aria-labelledby="import-title" noValidate onSubmit={start}>
      <h2 id="import-title" ref={heading} tabIndex={-1}>
        Import {file.name}
      </h2>
      {content === null ? null : (
        <ImportFields
          content={content}
          form={form}
          errors={wasTried ? { ...refused, ...errors } : refused}
          change={(part) => setForm((before) => ({ ...before, ...part }))}
        />
      )}
      <ProblemNotice
        error={upload.problem}
        others={others}
        isAtField={upload.problem !== null && isAtField(upload.problem)}
      />
      {upload.share === null ? null : <UploadProgress share={upload.share} size={file.size} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={content === null || upload.share !== null}>
          <Icon name="upload" /> Import
        </button>
        <button
          type="button"
          onClick={() => {
            upload.cancel()
            onCancel()
          }}
        >
          Cancel
        </button>
      </div>
    </form>
  )
}

function UploadProgress({ share, size }: { share: number; size: number }) {
  const isSent = share === 1
  return (
    <div>
      <p class="hint" role="status">
        {isSent ? 'The service reads the model …' : `Sending ${bytes(size)} …`}
      </p>
      <progress
        max={1}
        value={isSent ? undefined : share}
        aria-label={isSent ? 'Reading' : `${percent(share)} sent`}
      />
    </div>
  )
}

/** One upload at a time. It ends when the card is removed. */
function useUpload(file: File, onImported: Props['onImported']) {
  const [problem, setProblem] = useState<Problem | null>(null)
  /** Sent bytes; null while nothing is sent. */
  const [share, setShare] = useState<number | null>(null)
  const controller = useRef(new AbortController())
  useEffect(() => () => controller.current.abort(), [])
  return {
    problem,
    share,
    cancel: () => controller.current.abort(),
    async start(fields: Readonly<Record<string, string>>) {
      setProblem(null)
      setShare(0)
      const { signal } = controller.current
      try {
        const onProgress = ({ sentBytes, totalBytes = file.size }: Sent) => setShare(sentBytes / totalBytes)
        onImported(await client.models.import(file, fields, { signal, onProgress }))
      } catch (error) {
        if (signal.aborted) return
        setProblem(toProblem(error))
        setShare(null)
      }
    },
  }
}
