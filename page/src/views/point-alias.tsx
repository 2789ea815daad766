/** Points an alias at a version: creates the alias, or moves it from the state that the page shows. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import type { RegisteredModel } from '../api/types.js'
import { SelectField, TextField } from '../components/field.js'
import { useChange } from '../use-change.js'
import { ChangeNotice } from './change-notice.js'

interface Props {
  registered: Pick<RegisteredModel, 'name' | 'aliases'>
  /** The versions that an alias may have, newest first. One version leaves no choice. */
  versions: readonly number[]
  onChanged(): void
}

const usualAliases = ['current', 'candidate']

export function PointAlias({ registered: { name, aliases }, versions, onChanged }: Props) {
  const [text, setText] = useState('current')
  const [chosen, setChosen] = useState<number | null>(null)
  const change = useChange(onChanged)
  const [newest] = versions
  if (newest === undefined) return null
  const alias = text.trim()
  const version = chosen ?? newest
  const existing = aliases.find((each) => each.alias === alias)
  const point = () => {
    const headers: Record<string, string> =
      existing === undefined ? { 'if-none-match': '*' } : { 'if-match': existing.etag }
    return client.request('PUT /registry/{name}/aliases/{alias}', {
      path: { name, alias },
      headers,
      body: { version },
    })
  }
  return (
    <form
      class="point-alias"
      aria-label={`Point an alias of ${name}`}
      onSubmit={(event) => {
        event.preventDefault()
        void change.run(point)
      }}
    >
      <div class="controls">
        <TextField
          label="Alias"
          value={text}
          onChange={setText}
          suggestions={[...new Set([...aliases.map((each) => each.alias), ...usualAliases])]}
        />
        {versions.length > 1 ? (
          <SelectField
            label="Version"
            value={String(version)}
            onChange={(value) => setChosen(Number(value))}
            options={versions.map((each) => [String(each), String(each)])}
          />
        ) : null}
        <button type="submit" disabled={alias === '' || change.isSending || existing?.version === version}>
          {existing === undefined ? `Create alias at version ${version}` : `Move to version ${version}`}
        </button>
      </div>
      <p class="hint">
        {existing === undefined
          ? `${name} has no alias of this name.`
          : `${name}@${existing.alias} is version ${existing.version} now.`}
      </p>
      <ChangeNotice problem={change.problem} />
    </form>
  )
}
