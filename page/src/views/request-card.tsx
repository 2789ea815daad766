/** Code that starts the same job again. */
import { useState } from 'preact/hooks'
import { currentKey } from '../api/key.js'
import type { Job, JobRequest } from '../api/types.js'
import { Code } from '../components/code.js'
import { Choice } from '../components/field.js'
import { requestFor } from '../job-request.js'

export function RequestCard({ job }: { job: Job }) {
  const [language, setLanguage] = useState<'curl' | 'typescript'>('curl')
  const text = language === 'curl' ? curlCommand(requestFor(job)) : typescriptCode(requestFor(job))
  return (
    <div class="card">
      <div class="controls">
        <h2>Run again</h2>
        <Choice
          label="Language"
          value={language}
          onChange={setLanguage}
          options={[
            ['curl', 'curl'],
            ['typescript', 'TypeScript'],
          ]}
        />
      </div>
      <Code text={text} label="Request that starts the same job" />
    </div>
  )
}

/** Copied code reads the key from the environment instead of containing it. */
const needsKey = () => currentKey() !== undefined

export function curlCommand(request: JobRequest): string {
  const body = JSON.stringify(request, null, 2).replaceAll("'", "'\\''")
  const key = needsKey() ? '-H "authorization: Bearer $DESCENT_KEY" ' : ''
  return `curl ${location.origin}/jobs ${key}-H 'content-type: application/json' -d '${body}'`
}

function typescriptCode(request: JobRequest): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: part of the generated code
  const key = needsKey() ? ', authorization: `Bearer ${process.env.DESCENT_KEY}`' : ''
  return `// Save as start.mts, then: npx tsx start.mts
const response = await fetch('${location.origin}/jobs', {
  method: 'POST',
  headers: { 'content-type': 'application/json'${key} },
  body: JSON.stringify(${JSON.stringify(request, null, 2).replaceAll('\n', '\n  ')}),
})
const job = await response.json()
`
}
