/** A menu of the files as which a model can be downloaded. */

import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { toProblem } from '../api/problem.js'
import type { Model } from '../api/types.js'
import { Icon } from '../components/icon.js'
import { saveFile } from '../components/save-file.js'
import { whole } from '../format.js'
import { type ExportChoice, exportChoices, limitReason } from './export-formats.js'

export function ExportMenu({ model }: { model: Pick<Model, 'id' | 'parameters'> }) {
  return (
    <details class="exports">
      <summary>Export for other programs</summary>
      <ul>
        {exportChoices.map((choice) => (
          <ExportItem key={choice.title} choice={choice} model={model} />
        ))}
      </ul>
    </details>
  )
}

function ExportItem({ choice, model }: { choice: ExportChoice; model: Pick<Model, 'id' | 'parameters'> }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const [isWaiting, setWaiting] = useState(false)
  const { title, description, query, ending, maximumParameters } = choice
  const limit = limitReason(choice, model.parameters)
  const download = async () => {
    setWaiting(true)
    setRefusal(null)
    try {
      const file = await (await client.models.export(model.id, query)).blob()
      saveFile(`${model.id}${ending}`, file.type, file)
    } catch (error) {
      setRefusal(toProblem(error).message)
    }
    setWaiting(false)
  }
  return (
    <li>
      <button type="button" disabled={limit !== null || isWaiting} onClick={() => void download()}>
        <Icon name="download" /> {title}
      </button>
      <span>
        {description}
        {maximumParameters === undefined ? null : ` · up to ${whole(maximumParameters)} parameters`}
      </span>
      {limit === null ? null : (
        <small class="reason" role="note">
          {limit}
        </small>
      )}
      {refusal === null ? null : (
        <small class="reason" role="alert">
          {refusal}
        </small>
      )}
    </li>
  )
}
